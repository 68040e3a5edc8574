"""The parts that one server is made of, who asks, and who may what: config, context, rights.

May import: `store`, `content`, `rules`. Start: `context.py`.
"""
