"""Handing out trials: an agent's heartbeat, points, consequences, early stopping.

May import: `services` and below. Start: `heartbeat.py`.
"""
