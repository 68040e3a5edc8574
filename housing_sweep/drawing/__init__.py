"""Series as SVG text, pure: axes, marks, spelled numbers. May import: errors. Start: `svg.py`."""
