"""The parts that one server is made of, and who asks: config, context, signing, suggestions.

May import: `store`, `content`, `rules`. Start: `context.py`.
"""
