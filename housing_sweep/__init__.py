"""Hyperparameter sweeps with Weights & Biases, from a sweep YAML to a promoted model.

Three packages decide (pure): `housing` (the problem), `search` (the sweep), `registry` (the
promise). Two act: `pipeline` (uses W&B, cannot tell which backend) and `server` (is W&B, locally).
`cli` opens the door. Start reading at `pipeline/trial.py`.
"""
