"""What a server does by the clock: crashed runs, bytes that nothing refers to.

May import: `sweeping` and below. Start: `reaper.py`.
"""
