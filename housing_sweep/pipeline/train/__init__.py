"""What a trial leaves behind: dataset and model files, charts. May import: `ports`, `values`.

Start: `model_files.py`.
"""
