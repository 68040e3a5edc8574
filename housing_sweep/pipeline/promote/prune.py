"""`housing-sweep prune`: decide which losers' models may go, then delete them, one by one.

Each is looked at again right before it goes, so that one which is promoted meanwhile stays. Running
it again after an interruption deletes the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from housing_sweep.pipeline.wandb_io.stored_models import PruneBackend
from housing_sweep.registry.prune_rules import Fate, fate, losers
from housing_sweep.registry.references import SweepRef


@dataclass(frozen=True, slots=True)
class Plan:
    """What pruning a sweep does.

    Attributes:
        ref: the sweep.
        kept: its best runs, whose models are not touched, best first.
        busy: runs that have not ended.
        fates: of the losers' models.
    """

    ref: SweepRef
    kept: tuple[str, ...]
    busy: tuple[str, ...]
    fates: tuple[Fate, ...]

    @property
    def going(self) -> list[Fate]:
        """Those that go."""
        return [fate for fate in self.fates if not fate.why_kept]

    @property
    def size(self) -> int:
        """Bytes that go; files that versions share are counted for each."""
        return sum(fate.model.size for fate in self.going)


def plan(backend: PruneBackend, sweep: str, keep: int, metric: str | None = None) -> Plan:
    """Return what would go; changes nothing.

    Raises:
        BadInput: `sweep` cannot be one, has several objectives, or `keep` is negative.
        NotFound: the sweep does not exist.
    """
    facts = backend.sweep(SweepRef.parse(sweep))
    name, goal = facts.ranked_by(metric)
    ranked, busy = backend.standing(facts.ref, name, goal)
    chosen = losers(ranked, busy, keep)
    fates = tuple(fate(model) for run in chosen for model in backend.models_of(facts.ref, run))
    return Plan(facts.ref, tuple(ranked[:keep]), tuple(busy), fates)


def apply(backend: PruneBackend, made: Plan) -> Iterator[Fate]:
    """Delete what the plan says, yielding each as it is done: gone, or kept after all and why."""
    for item in made.going:
        now = backend.look_again(item.model)
        if now is None:
            continue
        decided = fate(now)
        if not decided.why_kept:
            backend.delete(now)
        yield decided
