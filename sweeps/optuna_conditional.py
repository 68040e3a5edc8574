"""The space of `optuna_conditional.yaml`: a model family, then the hyperparameters it has.

`wandb sweep-scheduler` imports this file and calls `search_space` for every new trial.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna

CONSTANTS = {"dataset": "california-housing:latest", "features": "geo_blend"}


def search_space(trial: "optuna.Trial") -> dict[str, object]:
    """Return one trial's parameters; only those of its own model are drawn."""
    families = ["hist_gradient_boosting", "random_forest", "extra_trees"]
    model = trial.suggest_categorical("model", families)
    own = _boosting(trial) if model == "hist_gradient_boosting" else _forest(trial, model)
    return {**CONSTANTS, "model": model, **own}


def _boosting(trial: "optuna.Trial") -> dict[str, object]:
    return {
        "max_iter": 3000,  # early stopping decides how many are kept
        "n_iter_no_change": 50,
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 12, 128, log=True),
        "min_samples_leaf": trial.suggest_int("boosting_min_samples_leaf", 2, 80, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 0.001, 50, log=True),
        "max_features": trial.suggest_float("boosting_max_features", 0.2, 0.8),
    }


def _forest(trial: "optuna.Trial", model: str) -> dict[str, object]:
    """Optuna keeps one range per name, so that each family names its own."""
    common = {
        "n_estimators": trial.suggest_int(f"{model}_n_estimators", 60, 300, log=True),
        "max_features": trial.suggest_float(f"{model}_max_features", 0.25, 1.0),
    }
    if model == "random_forest":
        return {**common, "min_samples_leaf": trial.suggest_int("rf_min_samples_leaf", 1, 4)}
    # Extremely randomised trees collapse with larger leaves: their knob is the split.
    return {**common, "min_samples_split": trial.suggest_int("et_min_samples_split", 2, 8)}
