"""Eyes: pages that a person opens at the URLs the SDK prints. Plain HTML and SVG, no JavaScript.

Pages ask through the server's own GraphQL, as the person who is logged in: they cannot show what
that person's API key could not fetch.

May import: `runtime`, `context`, `http`, `store` (keys and users, for the login), jinja2. Start
reading at `pages.py`; `charts.py` is pure.
"""
