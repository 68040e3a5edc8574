"""Moving an alias: `promote`, `rollback`; deleting what lost: `prune`.

May import: `judge` and below. Start: `promote.py`.
"""
