"""Which trials' models may go: never one that somebody points at or was built upon."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from housing_sweep.errors import BadInput


@dataclass(frozen=True, slots=True)
class Held:
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
class Fate:
    """What becomes of a model version: `why_kept` is "" for one that goes."""

    model: Held
    why_kept: str


def losers(ranked: Sequence[str], active: Iterable[str], keep: int) -> list[str]:
    """Return the runs whose models may be looked at for deletion.

    Args:
        ranked: all run ids of the sweep, best first; those without a score last.
        active: ids of runs that have not ended.
        keep: how many of the best stay.

    Raises:
        BadInput: `keep` is negative.
    """
    if keep < 0:
        raise BadInput(f"--keep {keep} is negative", fix="give 0 or more")
    busy = set(active)
    return [run for run in ranked[keep:] if run not in busy]


def fate(model: Held) -> Fate:
    """Return whether a loser's model stays, and why."""
    named = [a for a in model.aliases if a != "latest" and not re.fullmatch(r"v\d+", a)]
    if model.linked_to:
        return Fate(model, f"linked to {', '.join(model.linked_to)}")
    if model.used_by:
        return Fate(model, f"used by {', '.join(model.used_by)}")
    if named:
        return Fate(model, f"has the alias {', '.join(named)}")
    return Fate(model, "")
