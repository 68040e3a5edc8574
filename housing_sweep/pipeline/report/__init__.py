"""Writing the report of a sweep. May import: `ports`, `values`. Start: `write_report.py`."""
