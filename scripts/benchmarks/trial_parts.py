"""One trial, timed part by part: `trial.py` starts it in a process of its own, imports and all.

    python trial_parts.py MAX_ITER

Prints seconds by part as JSON. The parts are those of `housing_sweep.pipeline.trial`.
"""

import itertools
import json
import sys
import time


def main(max_iter: int) -> None:
    """Run the trial and print what each part took."""
    marks = [("start", time.perf_counter())]

    def mark(name: str) -> None:
        marks.append((name, time.perf_counter()))

    import wandb  # noqa: F401

    mark("import wandb")
    import pandas as pd  # noqa: F401
    import sklearn.ensemble  # noqa: F401

    mark("import scikit-learn, pandas")
    from housing_sweep.pipeline import trial
    from housing_sweep.pipeline.train import model_files, trial_charts  # noqa: F401
    from housing_sweep.pipeline.wandb_io.tracking import open_run
    from housing_sweep.tabular import fit, split, tables
    from housing_sweep.tabular.families import FitProgress
    from housing_sweep.tabular.trial_config import TrialConfig

    mark("import ours")
    with open_run("bench", {"max_iter": max_iter}) as run:
        mark("init")
        data = run.use_dataset("california-housing:latest")
        mark("use dataset")
        config = TrialConfig.from_sweep(run.config, data.problem)
        frame = tables.read_csv(data.problem, data.csv)
        rows = split.make_split(data.problem, frame, "random", 0)
        mark("read, split")

        def report(progress: FitProgress) -> bool:
            run.log({"val_rmse": progress.val_rmse})
            return False

        result = fit.fit(data.problem, config, frame, rows, report)
        mark("FIT")
        trial._save(run, config, data, frame, rows, result)
        mark("charts, scores, model")
    mark("finish")
    pairs = itertools.pairwise(marks)
    print(json.dumps({end[0]: end[1] - start[1] for start, end in pairs}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
