"""Eyes: pages that a person opens at the URLs the SDK prints.

May import: `store`, jinja2. Start reading at `pages.py`.
"""
