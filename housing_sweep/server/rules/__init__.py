"""Rules without a database: names, filters, JSON text. Pure. Start: `filters.py`."""
