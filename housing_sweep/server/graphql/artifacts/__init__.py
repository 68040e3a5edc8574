"""Artifacts on the wire: versions, collections, files, links, lineage, registry search."""
