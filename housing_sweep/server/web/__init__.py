"""Eyes: pages that a person opens at the URLs the SDK prints. Plain HTML and SVG.

One script of ours lets open pages follow what changes. Pages ask through the server's own
GraphQL, as the person who is logged in: they cannot show what that person's API key could not
fetch.

Start reading at `pages.py`; `queries.py` is what they ask, `run_charts.py` is pure and draws with
`drawing/`. May import: what GraphQL may, `edge` (who asks), `store` (keys and users, for the
login), jinja2.
"""
