"""Handing a model over to MLflow or DVC. May import: `use`, `train` and below.

Start: `checked_export.py`.
"""
