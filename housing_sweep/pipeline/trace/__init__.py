"""Whence a model comes: lineage, rebuilding, what differs between runs.

May import: `use` and below. Start: `trace.py`.
"""
