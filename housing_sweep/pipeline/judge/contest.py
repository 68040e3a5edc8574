"""What a model is worth: verified, tied, refitted, and set against the champion."""

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from housing_sweep.errors import HousingSweepError
from housing_sweep.pipeline.judge import fresh_process
from housing_sweep.pipeline.judge.examine import Examiner, VerifiedModel
from housing_sweep.pipeline.ports import Backend
from housing_sweep.pipeline.values import FetchedModel, Refit, Say
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.policy import (
    Comparison,
    Figures,
    HardComparison,
    HardSplit,
    NoComparison,
    SliceDifference,
)
from housing_sweep.registry.promotion import Version
from housing_sweep.registry.references import MODEL_FILE, PREDICTIONS_FILE
from housing_sweep.registry.selection import Candidate, Model, Ranked, Winner
from housing_sweep.tabular.problem import Problem

if TYPE_CHECKING:
    from housing_sweep.tabular.refit import HardTest

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

    def expect_dataset(self, dataset_digest: str) -> None:
        """Reject models of runs that used another dataset from now on; "" accepts any."""
        self._examiner.sweep_data = dataset_digest

    def examine(self, candidate: Candidate) -> Model | str:
        """Return a run's model, verified, or why it is rejected."""
        return self._examiner.candidate(candidate)

    def rejection_of(self, model: Model) -> str:
        """Return why a model that stands for itself is rejected, or ""."""
        verdict = self._examiner.verify(model)
        return "" if isinstance(verdict, VerifiedModel) else f"rejected: {verdict}"

    def ties(self, leader: Winner, row: Ranked) -> bool:
        """Return whether a score is within noise of the best: one SE of their difference.

        Paired, on the validation predictions that each trial saved. The standard error of the best
        score alone is three times as large: measured on three splits of the real data, 67 of 81
        trials tied by it, and the lightest of them lost 0.007 of test RMSE; by the paired one 14 of
        81 tied, and it lost 0.003 at half the size.
        """
        import numpy as np

        from housing_sweep.tabular import evaluation

        if leader.score is None or row.score is None:
            return False
        best = self._examiner.get_verified(leader.model)
        mine = row.candidate.summary.get("split_fingerprint")
        if mine != best.files.facts.split_fingerprint or best.files.predictions is None:
            return False
        model = self._backend.runs.model_of(row.candidate)
        other = self._examiner.predictions(model) if model else None
        if other is None:
            return False
        if self._truth is None:
            self._truth = _validation_truth(best)
        one = np.load(best.files.predictions, allow_pickle=False)
        two = np.load(other, allow_pickle=False)
        if not one.shape == two.shape == self._truth.shape:
            return False
        noise = evaluation.difference_error("rmse", self._truth, two, one)
        return math.isfinite(noise) and row.score - leader.score <= noise

    def refit(self, model: Model) -> Refit:
        """Fit a verified model's config again, on training and validation rows."""
        self._say(f"fitting {model.name} again on training and validation rows")
        verified = self._examiner.get_verified(model)
        folder = self._examiner.folder(f"{model.name}-refit")
        request = {
            **verified.request(),
            "iterations": verified.files.facts.best_iteration,
            "folder": str(folder),
            "data": verified.data(),
            "refit_of": model.name,
            "interval90": verified.files.facts.interval90,
        }
        answer = fresh_process.run_in_fresh_process("retrain", request)
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
            champion: None: our default forest stands in, fitted now.
            spatial: also fit both configs where what is really new is held out.
        """
        if isinstance(challenger, Refit):
            refit = Model("", f"{challenger.of.name}-refit", "", challenger.files.facts)
            mine = VerifiedModel(refit, challenger.files, challenger.dataset)
            name = f"the refit of {challenger.of.name}"
        else:
            mine, name = self._examiner.get_verified(challenger), challenger.name
        if champion is None:
            return self._compare(mine, name, None, BASELINE, spatial=spatial)
        try:
            other = self._examiner.verify(self._backend.artifacts.model(champion.source))
        except HousingSweepError as error:
            other = error.what
        if not isinstance(other, VerifiedModel):
            return NoComparison(f"the champion {champion.name} cannot be verified: {other}")
        return self._compare(mine, name, other, champion.name, spatial=spatial)

    def _compare(
        self,
        challenger: VerifiedModel,
        name: str,
        champion: VerifiedModel | None,
        champion_name: str,
        *,
        spatial: bool,
    ) -> Comparison | NoComparison:
        import numpy as np

        from housing_sweep.tabular import evaluation, refit
        from housing_sweep.tabular.split import units

        self._say(f"comparing {name} with {champion_name} on the test rows")
        problem = challenger.dataset.problem
        if champion is not None and not problem.same_table(champion.dataset.problem):
            return NoComparison(f"the champion {champion_name} was trained on another table")
        folder = self._examiner.folder(challenger.model.name)
        frame, split = _table(challenger)
        rows = split.test
        if champion is not None:
            rows = evaluation.untouched(frame, split, *_table(champion))
        if len(rows) < 2:
            return NoComparison(f"no test rows of {name} are new to {champion_name}")
        np.save(folder / "rows.npy", rows)
        request = {
            **challenger.request(),
            "rows": str(folder / "rows.npy"),
            "hard_seed": _config(challenger).split_seed,
        }
        hard = refit.hard_test(problem, frame, request["hard_seed"]) if spatial else None
        hards = [folder / "challenger-hard.npy", folder / "champion-hard.npy"]
        hard_outs = [{"hard_out": str(path) if hard else ""} for path in hards]
        outs = [folder / "challenger.npy", folder / "champion.npy"]
        theirs = {} if champion is None else _model_of(champion)
        jobs = [
            ("evaluate", {**request, **hard_outs[0], "out": str(outs[0])}),
            (
                "evaluate" if champion else "baseline",
                {**request, **theirs, **hard_outs[1], "out": str(outs[1])},
            ),
        ]
        try:
            with ThreadPoolExecutor(len(jobs)) as pool:
                run = fresh_process.run_in_fresh_process
                answers = list(pool.map(lambda job: run(*job), jobs))
        except fresh_process.ChildFailed as error:
            return NoComparison(error.what)
        truth = frame[problem.target.name].to_numpy(dtype=float)[rows]
        one, two = (np.load(path, allow_pickle=False) for path in outs)
        unit = units(problem, frame, split.kind)[rows]
        interval = evaluation.difference(problem.metric, truth, one, two, units=unit)
        sizes = [challenger.files.path, champion.files.path if champion else None]
        figures = [
            _figures(which, answer, path, problem.hard_split)
            for which, answer, path in zip((name, champion_name), answers, sizes, strict=True)
        ]
        return Comparison(
            challenger=figures[0],
            champion=figures[1],
            rows=len(rows),
            low=interval.low,
            difference=interval.estimate,
            high=interval.high,
            mean_rmse=refit.mean_rmse(problem, frame, split, rows),
            first=champion is None,
            metric=problem.metric,
            unit=problem.target.unit,
            margin=problem.margin,
            hard=_hard_comparison(problem, hard, hards) if hard else None,
            slices=_slices(problem, frame.iloc[rows], one, two, unit),
        )


def _hard_comparison(problem: Problem, hard: "HardTest", paths: list[Path]) -> HardComparison:
    """Return both configs on the hard split, by the predictions that they left in files."""
    import numpy as np

    from housing_sweep.tabular import evaluation, metrics

    one, two = (np.load(path, allow_pickle=False) for path in paths)
    interval = evaluation.difference(problem.metric, hard.truth, one, two, units=hard.units)
    return HardComparison(
        kind=hard.kind,
        challenger=metrics.value(problem.metric, hard.truth, one),
        champion=metrics.value(problem.metric, hard.truth, two),
        rows=len(hard.truth),
        units=len(np.unique(hard.units)),
        low=interval.low,
        difference=interval.estimate,
        high=interval.high,
        margin=problem.guard_margin,
    )


def _slices(
    problem: Problem, tested: Any, one: Any, two: Any, unit: Any
) -> tuple[SliceDifference, ...]:
    """Return both models on parts of the test rows."""
    from housing_sweep.tabular.slices import differences

    parts = differences(problem, tested, one, two, unit)
    return tuple(SliceDifference(**asdict(part)) for part in parts)


def _validation_truth(verified: VerifiedModel) -> Any:
    """Return the true targets of a model's validation rows, shaped (n,), in their unit."""
    frame, split = _table(verified)
    return frame[verified.dataset.problem.target.name].to_numpy(dtype=float)[split.validation]


def _model_of(champion: VerifiedModel) -> dict[str, object]:
    """Return the champion's own part of a request; rows are numbers in the challenger's table."""
    theirs = champion.request()
    return {key: theirs[key] for key in ("config", "model", "sha256")}


def _table(verified: VerifiedModel) -> tuple[Any, Any]:
    """Return the table that a model was trained on, and its split."""
    from housing_sweep.tabular.split import make_split
    from housing_sweep.tabular.tables import read_csv

    problem, config = verified.dataset.problem, _config(verified)
    frame = read_csv(problem, verified.dataset.csv)
    return frame, make_split(problem, frame, config.split, config.split_seed)


def _config(verified: VerifiedModel) -> Any:
    """Return the parsed config of a model."""
    from housing_sweep.tabular.trial_config import TrialConfig

    return TrialConfig.from_sweep(verified.config, verified.dataset.problem)


def _figures(
    name: str, answer: Mapping[str, Any], model: Path | None, hard_split: str | None
) -> Figures:
    hard = answer["hard"]
    return Figures(
        name=name,
        rmse=answer["rmse"],
        mae=answer["mae"],
        r2=answer["r2"],
        slices={kind: tuple(parts) for kind, parts in answer["slices"].items()},
        latency_ms=answer["latency_ms"],
        rows_per_second=answer["rows_per_second"],
        bytes=model.stat().st_size if model else None,
        hard=HardSplit(hard_split, hard) if hard_split and hard is not None else None,
    )
