"""Write a golden model: python -m tests.golden.write_model tests/golden/model-VERSION

Run it once, by the version that is released; what it wrote before stays as it is. model-0.1 is of
before there was a `model.skops`; `add_safe_file` wrote it there later, from its `model.joblib`.
"""

import sys
from pathlib import Path

import joblib
from threadpoolctl import threadpool_limits

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline.train import model_files
from housing_sweep.pipeline.values import FetchedDataset
from housing_sweep.registry.references import MODEL_FILE, SAFE_MODEL_FILE
from housing_sweep.tabular import evaluation, model_file
from housing_sweep.tabular.dataset_files import files_of
from housing_sweep.tabular.extras import LoadedTable
from housing_sweep.tabular.fit import fit
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.trial_config import TrialConfig

CONFIGS: dict[str, dict[str, object]] = {
    "geo_knn": {
        "features": "geo_knn",
        "max_iter": 8,
        "max_leaf_nodes": 6,
        "learning_rate": 0.3,
        "max_bins": 16,
    },
    "raw": {
        "model": "extra_trees",
        "features": "raw",
        "split": "spatial",
        "n_estimators": 3,
        "min_samples_leaf": 8,
    },
}


def main(folder: Path) -> None:
    """Write the table and, for each config, a model artifact's files."""
    folder.mkdir(parents=True)
    table = LoadedTable(PROBLEM, synthetic.make(300), "synthetic", "made up")
    files = files_of(table)
    csv = folder / PROBLEM.file
    csv.write_bytes(files.csv)
    (folder / "schema.json").write_bytes(files.schema)
    path = f"ada/{PROBLEM.name}/{PROBLEM.name}:v0"
    sha256 = str(files.metadata["sha256"])
    dataset = FetchedDataset(path, "digest", csv, sha256, table.source, PROBLEM)
    for name, raw in CONFIGS.items():
        config = TrialConfig.from_sweep({**raw, "plots": "none"}, PROBLEM)
        split = make_split(PROBLEM, table.frame, config.split, config.split_seed)
        with threadpool_limits(1):
            result = fit(PROBLEM, config, table.frame, split, lambda _: False)
        truth = table.frame[PROBLEM.target.name].to_numpy(dtype=float)[split.validation]
        half = evaluation.interval(truth, result.predictions)
        (folder / name).mkdir()
        model_files.write(folder / name, config, result, split, dataset, interval90=half)


def add_safe_file(folder: Path) -> None:
    """Write the `model.skops` of a golden model that was written without one."""
    content = model_file.dump(joblib.load(folder / MODEL_FILE))
    (folder / SAFE_MODEL_FILE).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
