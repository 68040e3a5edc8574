"""ONE PROBLEM: California housing, and what it adds of its own. Pure: no wandb, no server.

May import: errors, tabular, numpy, pandas, scikit-learn. Start at `problem.py` (its columns) and
`extras.py` (what is registered). Nobody outside imports from here: it is found through the entry
point group `housing_sweep.problems`, like any other.
"""
