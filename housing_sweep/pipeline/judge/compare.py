"""Two models on the same rows, by what this machine's own builds of them predict."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from housing_sweep.pipeline.judge.builder import HARD_FILE, ROWS_FILE, Build, Builder, Kind, Request
from housing_sweep.pipeline.values import FetchedDataset
from housing_sweep.registry.policy import (
    Comparison,
    Figures,
    HardComparison,
    HardSplit,
    NoComparison,
    SliceDifference,
    WithoutCopies,
)
from housing_sweep.registry.references import SAFE_MODEL_FILE

if TYPE_CHECKING:
    import pandas as pd

    from housing_sweep.tabular.arrays import Floats, Rows
    from housing_sweep.tabular.split import Split

BASELINE = "the baseline (default forest, raw columns)"


@dataclass(frozen=True, slots=True)
class Entrant:
    """A model in a comparison: its name, and what builds it."""

    name: str
    request: Request


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A dataset in memory, split as a trial splits it.

    Attributes:
        frame: all rows.
        split: which rows are what.
        truth: (n,) targets, in their unit.
    """

    frame: "pd.DataFrame"
    split: "Split"
    truth: "Floats"


def compare(
    builder: Builder,
    challenger: Entrant,
    champion: Entrant | None,
    note: str = "",
    *,
    hard: bool,
) -> Comparison | NoComparison:
    """Return how a challenger does against a champion, on test rows that neither has seen.

    Args:
        builder: builds what was not built yet.
        challenger: proved.
        champion: proved; None: our default forest stands in.
        note: why it does, where something holds the alias, or "".
        hard: also fit both configs where what is really new is held out.

    Raises:
        ChildFailed: one of them cannot be built.
    """
    from housing_sweep.tabular import evaluation, refit, slices
    from housing_sweep.tabular.split import units

    dataset = challenger.request.dataset
    problem, table = dataset.problem, table_of(dataset, challenger.request.config)
    rows = table.split.test
    if champion is None:
        opponent = Entrant(BASELINE, baseline(challenger.request))
    else:
        opponent = champion
        other = champion.request.dataset
        if not problem.same_table(other.problem):
            return NoComparison(f"the champion {champion.name} was trained on another table")
        seen = table_of(other, champion.request.config)
        rows = evaluation.untouched(problem, table.frame, table.split, seen.frame, seen.split)
    if len(rows) < 2:
        return NoComparison(f"no test rows of {challenger.name} are new to {opponent.name}")
    entrants = (challenger, opponent)
    tested = _hard_requests(entrants) if hard else []
    for request in (*(entrant.request for entrant in entrants), *tested):
        builder.begin(request)
    builds = [builder.build(entrant.request) for entrant in entrants]
    one, two = (
        _predictions(builder, entrant, build, dataset)[rows]
        for entrant, build in zip(entrants, builds, strict=True)
    )
    frame, unit = table.frame.iloc[rows], units(problem, table.frame, table.split.kind)[rows]
    interval = evaluation.difference(problem.metric, table.truth[rows], one, two, units=unit)
    hards = [_load(builder.build(request).arrays / HARD_FILE) for request in tested]
    figures = [
        _figures(entrant, build, evaluation.figures(problem, frame, predicted))
        for entrant, build, predicted in zip(entrants, builds, (one, two), strict=True)
    ]
    parts = slices.differences(problem, frame, one, two, unit)
    comparison = Comparison(
        challenger=figures[0],
        champion=figures[1],
        rows=len(rows),
        low=interval.low,
        difference=interval.estimate,
        high=interval.high,
        mean_rmse=refit.mean_rmse(problem, table.frame, table.split, rows),
        first=champion is None,
        metric=problem.metric,
        unit=problem.target.unit,
        margin=problem.margin,
        slices=tuple(SliceDifference(**asdict(part)) for part in parts),
        note=note,
        without_copies=_without_copies(dataset, table, rows, (one, two)),
    )
    return _with_hard(comparison, challenger.request, table, hards) if hards else comparison


def _without_copies(
    dataset: FetchedDataset, table: Table, rows: "Rows", predicted: "tuple[Floats, Floats]"
) -> WithoutCopies | None:
    """Return the scores on rows that have no copy in what the challenger was fitted on."""
    import numpy as np

    from housing_sweep.tabular import copies, metrics

    fitted = np.concatenate([table.split.train, table.split.validation])
    clean = copies.without_copies(dataset.problem, table.frame, rows, fitted)
    if len(clean) in (0, len(rows)):
        return None
    left, truth = np.isin(rows, clean), table.truth[clean]
    one, two = (metrics.value(dataset.problem.metric, truth, values[left]) for values in predicted)
    return WithoutCopies(len(rows) - len(clean), one, two)


def _hard_requests(entrants: tuple[Entrant, Entrant]) -> list[Request]:
    challenger = entrants[0].request
    requests = [hard_request(entrant.request, challenger) for entrant in entrants]
    return [request for request in requests if request is not None]


def _with_hard(
    comparison: Comparison, request: Request, table: Table, predicted: "list[Floats]"
) -> Comparison:
    """Return a comparison with both configs on the hard split."""
    import numpy as np

    from housing_sweep.tabular import evaluation, metrics, refit

    problem = request.dataset.problem
    test = refit.hard_test(problem, table.frame, int(str(request.config["split_seed"])))
    assert test is not None
    one, two = predicted
    interval = evaluation.difference(problem.metric, test.truth, one, two, units=test.units)
    hard = HardComparison(
        kind=test.kind,
        challenger=metrics.value(problem.metric, test.truth, one),
        champion=metrics.value(problem.metric, test.truth, two),
        rows=len(test.truth),
        units=len(np.unique(test.units)),
        low=interval.low,
        difference=interval.estimate,
        high=interval.high,
        margin=problem.guard_margin,
    )
    rmse = [HardSplit(test.kind, metrics.rmse(test.truth, values)) for values in predicted]
    return replace(
        comparison,
        challenger=replace(comparison.challenger, hard=rmse[0]),
        champion=replace(comparison.champion, hard=rmse[1]),
        hard=hard,
    )


def _figures(entrant: Entrant, build: Build, figures: Mapping[str, Any]) -> Figures:
    speed = build.answer.get("speed")
    said: Mapping[str, Any] = speed if isinstance(speed, Mapping) else {}
    size = build.answer.get("model_bytes")
    return Figures(
        name=entrant.name,
        rmse=figures["rmse"],
        mae=figures["mae"],
        r2=figures["r2"],
        slices={kind: tuple(parts) for kind, parts in figures["slices"].items()},
        latency_ms=said.get("latency_ms"),
        rows_per_second=said.get("rows_per_second"),
        bytes=size if isinstance(size, int) else None,
    )


def overlap(challenger: Request, champion: Request) -> list[dict[str, object]]:
    """Return the findings on which of a champion's test rows a challenger was fitted on."""
    from housing_sweep.tabular import data_findings

    if challenger.dataset.sha256 == champion.dataset.sha256:
        return []
    mine, theirs = (table_of(one.dataset, one.config) for one in (challenger, champion))
    problem = challenger.dataset.problem
    if not problem.same_table(champion.dataset.problem):
        return []
    findings = data_findings.overlap(problem, theirs.frame, theirs.split, mine.frame, mine.split)
    return [finding.as_json() for finding in findings]


def within_noise(table: Table, best: "Floats", other: "Floats | None", behind: float) -> bool:
    """Return whether a score is behind the best by no more than one SE of their difference.

    Args:
        table: with the truth about the validation rows.
        best: (n_validation,) predictions of the best, in the target's unit.
        other: of the other; None if it has none.
        behind: its score less the best one.
    """
    import math

    from housing_sweep.tabular import evaluation

    truth = table.truth[table.split.validation]
    if other is None or not best.shape == other.shape == truth.shape:
        return False
    noise = evaluation.difference_error("rmse", truth, other, best)
    return math.isfinite(noise) and behind <= noise


def foreseeable(request: Request, opponent: Request | None, *, hard: bool) -> list[Request]:
    """Return what a comparison will need beside the challenger itself, the longest first.

    Args:
        request: the challenger's.
        opponent: the champion's, or the baseline's; None where nobody knows yet.
        hard: whether both are fitted on the hard split, too.
    """
    requests = [one for one in (request, opponent) if one is not None]
    tested = [hard_request(one, request) for one in requests] if hard else []
    return [one for one in [*tested, *requests[1:]] if one is not None]


def baseline(request: Request) -> Request:
    """Return the request for our default forest on a trial's own split."""
    from housing_sweep.tabular import refit

    config = refit.baseline(request.dataset.problem).as_dict()
    own = {name: request.config[name] for name in ("split", "split_seed")}
    return replace(request, kind=Kind.BASELINE, config={**config, **own}, note=BASELINE)


def hard_request(entrant: Request, challenger: Request) -> Request | None:
    """Return the fit of a config on the hard split of the challenger's table, if it has one."""
    kind = challenger.dataset.problem.hard_split
    if kind is None:
        return None
    own = {"split": kind, "split_seed": challenger.config["split_seed"]}
    return replace(
        entrant,
        kind=Kind.HARD,
        dataset=challenger.dataset,
        config={**entrant.config, **own},
        iterations=0,
        note=f"{entrant.note}, {kind} split",
    )


def table_of(dataset: FetchedDataset, config: Mapping[str, object]) -> Table:
    """Return a dataset in memory, split as a trial's config says."""
    return _table(dataset, str(config["split"]), int(str(config["split_seed"])))


@lru_cache(maxsize=8)
def _table(dataset: FetchedDataset, kind: str, seed: int) -> Table:
    from housing_sweep.tabular.split import make_split

    problem, frame = dataset.problem, _frame(dataset)
    truth = frame[problem.target.name].to_numpy(dtype=float)
    return Table(frame, make_split(problem, frame, kind, seed), truth)


@lru_cache(maxsize=4)
def _frame(dataset: FetchedDataset) -> "pd.DataFrame":
    from housing_sweep.tabular.tables import read_csv

    return read_csv(dataset.problem, dataset.csv)


def rows_of(build: Build) -> "Floats":
    """Return what a build predicts for every row of its table, shaped (n,)."""
    return _load(build.arrays / ROWS_FILE)


def _load(path: Path) -> "Floats":
    import numpy as np

    array: Floats = np.load(path, allow_pickle=False)
    return array


def _predictions(
    builder: Builder, entrant: Entrant, build: Build, dataset: FetchedDataset
) -> "Floats":
    """Return an entrant's predictions for every row of the challenger's table."""
    if entrant.request.dataset.sha256 == dataset.sha256:
        return rows_of(build)
    own = builder.build(entrant.request, files=True)
    assert own.folder is not None
    model, sha256 = own.folder / SAFE_MODEL_FILE, str(own.answer["skops_sha256"])
    return _load(builder.predict(model, sha256, dataset))
