"""The same config gives the same bits, before and after the code is moved about.

The code of `OLD` is unpacked as `reproduce` does it, and fits beside today's code in this very run:
golden figures would hold on one machine only, two fits on one machine must agree on any.
"""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.local_server import ROOT

pytestmark = pytest.mark.slow

OLD = "5a10806"
"""The last commit before `tabular` was carved out of `housing`."""

FINGERPRINTS = {"random": "8532c0df4f321151", "spatial": "4f25ec382da2cb39"}
"""Of the splits of 2,500 synthetic rows by seed 0: they stand in every `model.json`."""

FITS = """
import json
from pathlib import Path

import housing_sweep

# Not `find_spec`: of an editable install it finds today's modules beside the old ones.
if (Path(housing_sweep.__file__).parent / "tabular").is_dir():
    from functools import partial

    from housing_sweep.housing.problem import PROBLEM
    from housing_sweep.tabular import fit as fits, metrics, refit, split
    from housing_sweep.tabular.trial_config import TrialConfig

    make_split, fit = partial(split.make_split, PROBLEM), partial(fits.fit, PROBLEM)
    again = partial(refit.refit, PROBLEM)

    def hard(config, frame):
        rows = refit.hard_test(PROBLEM, frame, config.split_seed)
        return metrics.rmse(rows.truth, refit.predict_hard(PROBLEM, config, frame, rows))

    parse = lambda raw: TrialConfig.from_sweep(raw, PROBLEM)
else:
    from housing_sweep.housing import metrics
    from housing_sweep.housing.fit import fit
    from housing_sweep.housing.refit import refit as again, spatial_rmse as hard
    from housing_sweep.housing.split import make_split
    from housing_sweep.housing.trial_config import TrialConfig

    parse = TrialConfig.from_sweep
from housing_sweep.housing import synthetic

SMALL = {
    "hist_gradient_boosting": {"max_iter": 60, "learning_rate": 0.2, "n_iter_no_change": 15},
    "random_forest": {"n_estimators": 12, "min_samples_leaf": 2},
    "extra_trees": {"n_estimators": 12, "min_samples_leaf": 2},
}
frame = synthetic.make(2500)
bits = {}
for kind in ("random", "spatial"):
    rows = make_split(frame, kind, 0)
    for model, sizes in SMALL.items():
        for features in ("raw", "geo", "geo_context", "geo_knn"):
            chosen = {"model": model, "features": features, "split": kind, "seed": 3}
            config = parse({**chosen, **sizes})
            seen = []
            report = lambda p: seen.append([p.iteration, p.train_rmse, p.val_rmse])
            result = fit(config, frame, rows, report)
            test = result.model.predict(frame.iloc[rows.test])
            bits[f"{model}, {features}, {kind}"] = [
                rows.fingerprint,
                metrics.predictions_sha256(result.predictions),
                metrics.predictions_sha256(test),
                result.best_iteration,
                result.scores,
                result.model.feature_names,
                seen,
                config.as_dict(),
            ]
    for model in SMALL:
        config = parse({"model": model, "features": "geo_knn", "split": kind, **SMALL[model]})
        result = again(config, frame, rows, 10)
        bits[f"{model} refitted, {kind}"] = metrics.predictions_sha256(result.predictions)
bits["places never seen"] = hard(parse({"features": "geo_knn", "max_iter": 30}), frame)
print(json.dumps(bits))
"""


def _fits(code: Path) -> dict[str, object]:
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(code)}
    done = subprocess.run(
        [sys.executable, "-c", FITS], env=env, cwd=code, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    bits: dict[str, object] = json.loads(done.stdout)
    return bits


@pytest.fixture(scope="module")
def now() -> dict[str, object]:
    return _fits(ROOT)


def _old_code(folder: Path) -> Path:
    """Return the unpacked code of `OLD`, or skip where the history is not at hand."""
    packed = folder / "old.tar"
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", f"--output={packed}", OLD]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip(f"commit {OLD} is not in this checkout (a shallow clone, or none)")
    root = folder / "old"
    with tarfile.open(packed) as archive:
        archive.extractall(root, filter="data")
    return root


def test_every_family_and_feature_set_gives_the_bits_of_the_old_code(
    now: dict[str, object], tmp_path: Path
) -> None:
    before = _fits(_old_code(tmp_path))
    assert len(before) == 3 * 4 * 2 + 3 * 2 + 1
    assert {name for name in before if before[name] != now.get(name)} == set()


def test_a_second_process_gives_the_same_bits(now: dict[str, object]) -> None:
    assert _fits(ROOT) == now


def test_the_fingerprints_of_the_splits_stay(now: dict[str, object]) -> None:
    for kind, fingerprint in FINGERPRINTS.items():
        bits = now[f"extra_trees, raw, {kind}"]
        assert isinstance(bits, list)
        assert bits[0] == fingerprint
