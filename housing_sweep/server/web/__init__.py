"""Eyes: pages that a person opens at the URLs the SDK prints. Plain HTML and SVG.

Pages ask through the server's own GraphQL, as the person who is logged in: they cannot show what
that person's API key could not fetch. One small script of ours (`static/live.js`) fetches a page
anew when `live.py` says that it changed; without it pages are as they were when opened.

May import: `edge`, `graphql` and below, jinja2. Start reading at `pages.py`; `run_charts.py` is
pure.
"""
