"""A sweep on one page: figures in, one HTML file (or Markdown) out. Pure: no network, no clock.

May import: errors, housing (the coast), search (what mattered). Start reading at `data.py` (what a
report is made of), then `page.py` (HTML), `markdown.py`, and `charts.py` (inline SVG).
"""
