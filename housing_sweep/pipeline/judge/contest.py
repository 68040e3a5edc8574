"""What a model is worth: verified, tied, refitted, and set against the champion."""

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from housing_sweep.errors import HousingSweepError
from housing_sweep.pipeline.judge import fresh_process
from housing_sweep.pipeline.judge.examine import Examiner, Verified
from housing_sweep.pipeline.ports import Backend
from housing_sweep.pipeline.values import FetchedModel, Refit, Say
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.policy import Comparison, Figures, NoComparison
from housing_sweep.registry.promotion import Version
from housing_sweep.registry.references import MODEL_FILE, PREDICTIONS_FILE
from housing_sweep.registry.selection import Candidate, Model, Ranked, Winner

BASELINE = "the baseline (default forest, raw columns)"


class ModelJudge:
    """Judges models by their files alone; fulfils `ports.Judge`. Use it in a `with` block."""

    def __init__(self, backend: Backend, say: Say) -> None:
        self._examiner, self._say = Examiner(backend.runs, backend.artifacts, say), say
        self._backend = backend
        self._truth: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._examiner.close()

    def expect(self, dataset_digest: str) -> None:
        """Reject models of runs that used another dataset from now on; "" accepts any."""
        self._examiner.sweep_data = dataset_digest

    def examine(self, candidate: Candidate) -> Model | str:
        """Return a run's model, verified, or why it is rejected."""
        return self._examiner.candidate(candidate)

    def why_not(self, model: Model) -> str:
        """Return why a model that stands for itself is rejected, or ""."""
        found = self._examiner.verify(model)
        return "" if isinstance(found, Verified) else f"rejected: {found}"

    def ties(self, leader: Winner, row: Ranked) -> bool:
        """Return whether a score is within noise of the best: one SE of their difference.

        Paired, on the validation predictions that each trial saved. The standard error of the best
        score alone is three times as large: measured on three splits of the real data, 67 of 81
        trials tied by it, and the lightest of them lost 0.007 of test RMSE; by the paired one 14 of
        81 tied, and it lost 0.003 at half the size.
        """
        import numpy as np

        from housing_sweep.housing import evaluation

        if leader.score is None or row.score is None:
            return False
        led = self._sound(leader.model)
        mine = row.candidate.summary.get("split_fingerprint")
        if mine != led.files.facts.split_fingerprint or led.files.predictions is None:
            return False
        model = self._backend.runs.model_of(row.candidate)
        other = self._examiner.predictions(model) if model else None
        if other is None:
            return False
        if self._truth is None:
            self._truth = _validation_prices(led)
        one = np.load(led.files.predictions, allow_pickle=False)
        two = np.load(other, allow_pickle=False)
        if not one.shape == two.shape == self._truth.shape:
            return False
        noise = evaluation.difference_error(self._truth, two, one)
        return math.isfinite(noise) and row.score - leader.score <= noise

    def refit(self, model: Model) -> Refit:
        """Fit a verified model's config again, on training and validation rows."""
        self._say(f"fitting {model.name} again on training and validation rows")
        verified = self._sound(model)
        folder = self._examiner.folder(f"{model.name}-refit")
        request = {
            **verified.request(),
            "iterations": verified.files.facts.best_iteration,
            "folder": str(folder),
            "data": verified.data(),
            "refit_of": model.name,
            "interval90": verified.files.facts.interval90,
        }
        answer = fresh_process.call("retrain", request)
        facts = ModelFacts.parse(answer, "what was fitted again")
        files = FetchedModel(
            folder / MODEL_FILE, facts.model_sha256, facts, folder / PREDICTIONS_FILE
        )
        return Refit(model, files, verified.dataset)

    def contest(
        self, challenger: Model | Refit, champion: Version | None, *, spatial: bool
    ) -> Comparison | NoComparison:
        """Return how a model does against the holder of an alias; takes about two fits.

        Args:
            challenger: verified, or a refit of one that is.
            champion: None: a forest with scikit-learn's defaults stands in, fitted now.
            spatial: also fit both configs with whole regions held out.
        """
        if isinstance(challenger, Refit):
            made = Model("", f"{challenger.of.name}-refit", "", challenger.files.facts)
            mine = Verified(made, challenger.files, challenger.dataset)
            name = f"the refit of {challenger.of.name}"
        else:
            mine, name = self._sound(challenger), challenger.name
        if champion is None:
            return self._compare(mine, name, None, BASELINE, spatial=spatial)
        try:
            other = self._examiner.verify(self._backend.artifacts.model(champion.source))
        except HousingSweepError as error:
            other = error.what
        if not isinstance(other, Verified):
            return NoComparison(f"the champion {champion.name} cannot be verified: {other}")
        return self._compare(mine, name, other, champion.name, spatial=spatial)

    def _sound(self, model: Model) -> Verified:
        """Return what was verified before; files and all."""
        found = self._examiner.verified(model)
        assert found is not None, f"{model.name} was not verified"
        return found

    def _compare(
        self,
        challenger: Verified,
        name: str,
        champion: Verified | None,
        champion_name: str,
        *,
        spatial: bool,
    ) -> Comparison | NoComparison:
        import numpy as np

        from housing_sweep.housing import evaluation, refit, schema

        self._say(f"comparing {name} with {champion_name} on the test rows")
        folder = self._examiner.folder(challenger.model.name)
        frame = schema.read_csv(challenger.dataset.csv)
        split = _split(frame, challenger)
        rows = split.test
        if champion is not None:
            other = schema.read_csv(champion.dataset.csv)
            rows = evaluation.untouched(frame, split, other, _split(other, champion))
        if len(rows) < 2:
            return NoComparison(f"no test rows of {name} are new to {champion_name}")
        np.save(folder / "rows.npy", rows)
        asked = {
            **challenger.request(),
            "rows": str(folder / "rows.npy"),
            "spatial": spatial,
        }
        outs = [folder / "challenger.npy", folder / "champion.npy"]
        theirs = {} if champion is None else _model_of(champion)
        jobs = [
            ("evaluate", {**asked, "out": str(outs[0])}),
            ("evaluate" if champion else "baseline", {**asked, **theirs, "out": str(outs[1])}),
        ]
        try:
            with ThreadPoolExecutor(len(jobs)) as pool:
                answers = list(pool.map(lambda job: fresh_process.call(*job), jobs))
        except fresh_process.ChildFailed as error:
            return NoComparison(error.what)
        truth = frame[schema.TARGET].to_numpy(dtype=float)[rows]
        one, two = (np.load(path, allow_pickle=False) for path in outs)
        interval = evaluation.rmse_difference(truth, one, two)
        return Comparison(
            challenger=_figures(name, answers[0], challenger.files.path),
            champion=_figures(champion_name, answers[1], champion.files.path if champion else None),
            rows=len(rows),
            low=interval.low,
            difference=interval.estimate,
            high=interval.high,
            mean_rmse=refit.mean_rmse(frame, split, rows),
            first=champion is None,
        )


def _validation_prices(verified: Verified) -> Any:
    """Return the true prices of a model's validation rows, shaped (n,), in 100,000 USD."""
    from housing_sweep.housing import schema

    frame = schema.read_csv(verified.dataset.csv)
    return frame[schema.TARGET].to_numpy(dtype=float)[_split(frame, verified).validation]


def _model_of(champion: Verified) -> dict[str, object]:
    """Return the champion's own part of a request; rows are numbers in the challenger's table."""
    theirs = champion.request()
    return {key: theirs[key] for key in ("config", "model", "sha256")}


def _split(frame: Any, verified: Verified) -> Any:
    from housing_sweep.housing.split import make_split
    from housing_sweep.housing.trial_config import TrialConfig

    config = TrialConfig.from_sweep(verified.config)
    return make_split(frame, config.split, config.split_seed)


def _figures(name: str, answer: Mapping[str, Any], model: Path | None) -> Figures:
    return Figures(
        name=name,
        rmse=answer["rmse"],
        mae=answer["mae"],
        r2=answer["r2"],
        by_region=tuple(answer["by_region"]),
        by_decile=tuple(answer["by_decile"]),
        latency_ms=answer["latency_ms"],
        rows_per_second=answer["rows_per_second"],
        bytes=model.stat().st_size if model else None,
        spatial_rmse=answer["spatial"],
    )
