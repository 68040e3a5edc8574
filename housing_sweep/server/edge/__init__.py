"""HTTP in and out: who asks, bytes up and down, a run's stream, one GraphQL request.

May import: `graphql`, `sweeping` and below. Start: `request.py`.
"""
