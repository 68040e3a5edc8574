"""Which trials' models may go: never one that somebody points at or was built upon."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from housing_sweep.errors import BadInput, Refused
from housing_sweep.registry.selection import Candidate, order_key, why_unscored
from housing_sweep.search.score import Score, metric_names, unknown_metric

ENDED = ("finished", "failed", "crashed", "killed")
"""States after which a run changes no more."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model version of a trial, and who needs it.

    Attributes:
        name: `entity/project/model-<run id>:vN`.
        id: the backend's.
        run: id of the trial's run in its project.
        size: in bytes.
        aliases: all of them.
        linked_to: names of the registry versions that link to it.
        used_by: paths of other runs that took it as input.
    """

    name: str
    id: str
    run: str
    size: int
    aliases: tuple[str, ...] = ()
    linked_to: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PruneVerdict:
    """What becomes of a model version: `why_kept` is "" for one that goes."""

    model: StoredModel
    why_kept: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The trials of a sweep, as far as pruning tells them apart.

    Attributes:
        best: finished, with a score, best first: they stay.
        losers: the others with a score, best first.
        unscored: ended without one, each with the reason.
        busy: not ended.
    """

    best: tuple[Candidate, ...]
    losers: tuple[Candidate, ...]
    unscored: tuple[tuple[Candidate, str], ...]
    busy: tuple[Candidate, ...]


def standing(trials: Iterable[Candidate], score: Score, keep: int) -> Standing:
    """Return which trials stay for their score, and which lost.

    Args:
        trials: all of the sweep.
        score: what they are ranked by.
        keep: how many of the best stay.

    Raises:
        BadInput: `keep` is negative, or no finished trial has the score; then nothing is ranked.
        Refused: no trial has finished yet.
    """
    if keep < 0:
        raise BadInput(f"--keep {keep} is negative", fix="give 0 or more")
    ended: list[Candidate] = []
    busy: list[Candidate] = []
    for trial in trials:
        (ended if trial.state in ENDED else busy).append(trial)
    whys = {trial.id: why_unscored(trial, score) for trial in ended}
    ranked = sorted((t for t in ended if not whys[t.id]), key=lambda t: order_key(t, score))
    if not ranked:
        finished = [trial.summary for trial in ended if trial.finished]
        if not finished:
            raise Refused("no trial of the sweep has finished: none can be ranked", fix="wait")
        raise unknown_metric(score.name, metric_names(finished))
    return Standing(
        best=tuple(ranked[:keep]),
        losers=tuple(ranked[keep:]),
        unscored=tuple((trial, whys[trial.id]) for trial in ended if whys[trial.id]),
        busy=tuple(busy),
    )


def verdict(model: StoredModel, unscored: str = "") -> PruneVerdict:
    """Return whether the model of a trial that is not among the best stays, and why.

    Args:
        model: as it is now.
        unscored: why its trial cannot be ranked; "" for a loser, or where that is no reason.
    """
    named = [a for a in model.aliases if a != "latest" and not re.fullmatch(r"v\d+", a)]
    if model.linked_to:
        return PruneVerdict(model, f"linked to {', '.join(model.linked_to)}")
    if model.used_by:
        return PruneVerdict(model, f"used by {', '.join(model.used_by)}")
    if named:
        return PruneVerdict(model, f"has the alias {', '.join(named)}")
    if unscored:
        return PruneVerdict(model, f"unscored: {unscored}")
    return PruneVerdict(model, "")
