"""ANY REGRESSION TABLE: from a CSV to a fitted model. Pure: no wandb, no server, no one table.

May import: errors, numpy, pandas, scikit-learn, skops. Start at `problem.py` (what a table is
about), then `fit.py`. To add a model family touch `families.py`, a score `metrics.py`. What one
problem adds of its own (feature sets, sources, slices) is found through `extras.py`; `housing` is
one such. A fitted model leaves and comes back through `model_file.py`.
"""
