"""What a model is worth, found out in fresh processes. May import: `train` and below.

Start: `contest.py`.
"""
