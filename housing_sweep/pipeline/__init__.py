"""USES W&B, and cannot tell which: it knows a URL (`WANDB_BASE_URL`) and the SDK.

May import: errors, housing, registry, search. Only `wandb_io/` imports wandb. Start reading at
`trial.py` (one trial), then `finalize.py` (a sweep's end).
"""
