"""IS W&B, locally: the GraphQL, file-stream and file endpoints that the wandb SDK speaks to.

May import: errors, search, registry. Never wandb, never housing: it is nobody's model's server.
Start reading at `app.py` (composition), then one noun in its three rooms: `store/runs.py` (rows),
`graphql/runs.py` (wire), `web/` (eyes). Facts about the wire, each with its test: `PROTOCOL.md`.
"""
