"""A sweep on one page: figures in, one HTML file (or Markdown) out. Pure: no network, no clock.

May import: errors, drawing, search (what mattered). Start reading at `contents.py` (what a report
is made of), then `page.py` (HTML), `markdown.py`, and `sweep_charts.py` (inline SVG).
"""
