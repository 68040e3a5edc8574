"""Finding a registered model and predicting with it. May import: `judge`, `train` and below.

Start: `find_model.py`.
"""
