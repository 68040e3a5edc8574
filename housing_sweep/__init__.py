"""Hyperparameter sweeps with Weights & Biases, from a sweep YAML to a promoted model.

Pure packages decide: `tabular` (any regression table), `search` (the sweep), `registry` (the
promise); `report` and `drawing` show. Two act: `pipeline` (uses W&B, cannot tell which backend) and
`server` (is W&B, locally). `cli` opens the door. `housing` is one problem, found by entry point.
Start reading at `pipeline/trial.py`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from housing_sweep.pipeline.use.find_model import load_model as load_model


def __getattr__(name: str) -> Any:
    # Lazily: `import housing_sweep` stays free of wandb and scikit-learn.
    if name == "load_model":
        from housing_sweep.pipeline.use.find_model import load_model

        return load_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
