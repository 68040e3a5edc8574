"""Projects and registries on the wire."""
