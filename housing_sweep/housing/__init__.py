"""THE PROBLEM: California housing, from a CSV to a fitted model. Pure: no wandb, no server.

May import: errors, numpy, pandas, scikit-learn. Start reading at `fit.py`. Targets and errors are
in 100,000 USD throughout.
"""
