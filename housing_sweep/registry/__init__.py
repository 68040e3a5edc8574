"""The promise: which trial earns the registry's alias, and what is written down about it.

Pure: values in, values out; no network, no clock, no wandb. May import `errors` and `search`.
Start reading at `selection.py` (who wins, and why not the others), then `promotion.py` (the
decision and its record), `model_facts.py` (what a model says of itself), `references.py` (how
things are spelled).
"""
