"""IS W&B, locally: the GraphQL, file-stream and file endpoints that the wandb SDK speaks to.

May import: errors, search, drawing. Never wandb, never a model: it is nobody's model's server.
Floors, top first: `app.py` (composition), `web`, `edge` and `chores`, `graphql`, `sweeping`,
`services`, `store`, `content` and `rules`. Start reading at `app.py`, then one noun in its three
rooms: `store/runs/` (rows), `graphql/runs/` (wire), `web/` (eyes). Facts about the wire, each with
its test: `PROTOCOL.md`.
"""
