"""USES W&B, and cannot tell which: it knows an address and the SDK.

May import: errors, tabular, registry, report, search. Only `wandb_io/` imports wandb. Start
reading at `trial.py` (one trial), then `promote/promote.py` (a sweep's end); `ports.py` is what all
of it asks of a backend.
"""
