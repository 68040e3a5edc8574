"""The only files that import wandb; its errors become ours here, with the fix.

`tracking.py`: what a run writes. `backend.py`: what a finalizer asks and links.
"""
