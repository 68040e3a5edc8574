"""The only files that import wandb; its errors become ours here, with the fix.

`tracking.py`: what a run writes. `session.py`: a login. On it stand `backend.py`, what a finalizer
asks and links, and `records.py`, the history of an alias. `reading.py`: the SDK's objects as ours.
"""
