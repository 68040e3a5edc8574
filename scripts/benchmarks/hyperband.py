"""What stopping losers early saves, and costs: recorded curves of real fits, replayed.

    scripts/bench fits --space hyperband   # once
    scripts/bench hyperband

Each draw is one sweep of `--trials` trials in an order of its own, on two agents. The curves are
real fits of the spec's own space; what stops is decided by `search.hyperband`, told `--delay`
seconds of training later. Prints a Markdown table.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from search_fits import load  # noqa: E402

from housing_sweep.search.distributions import Numeric  # noqa: E402
from housing_sweep.search.hyperband import Bands  # noqa: E402
from housing_sweep.search.parameters import Leaf, Tree  # noqa: E402
from housing_sweep.search.spec import parse_yaml  # noqa: E402

SPEC = ROOT / "sweeps" / "hist_gradient_boosting_hyperband.yaml"
OTHERS = (
    *(Bands(first=first, eta=eta) for first in (1, 2) for eta in (2.0, 3.0, 4.0)),
    *(Bands(fixed=(1, 3), eta=eta) for eta in (2.0, 2.5)),
    *(Bands(fixed=(1, 4), eta=eta) for eta in (2.5, 3.0)),
    Bands(first=4, eta=3.0),
)


@dataclass(slots=True)
class Outcome:
    """What one sweep came to.

    Attributes:
        seconds: CPU time of all its trials.
        best: the lowest score of a trial that ran to its end.
        stopped: trials that did not.
    """

    seconds: float = 0.0
    best: float = float("inf")
    stopped: int = 0


@dataclass(slots=True)
class _Agent:
    free_at: float = 0.0
    row: Any = None
    began: float = 0.0
    logged: int = 0
    stop_at: float = field(default=float("inf"))


def replay(rows: list[Any], bands: Bands | None, *, agents: int = 2, delay: float = 0.0) -> Outcome:
    """Return what a sweep over `rows`, in order, comes to under a rule."""
    outcome, histories = Outcome(), dict[str, list[float]]()
    crew, waiting = [_Agent() for _ in range(agents)], list(rows)
    while True:
        for agent in crew:
            if agent.row is None and waiting:
                agent.row, agent.began = waiting.pop(0), agent.free_at
                agent.logged, agent.stop_at = 0, float("inf")
        busy = [agent for agent in crew if agent.row is not None]
        if not busy:
            return outcome
        agent = min(busy, key=_next_event)
        now, row = _next_event(agent), agent.row
        curve = row["curve"]
        over = agent.logged == len(curve)
        if now == agent.stop_at or over:
            outcome.seconds += now - agent.began
            if now == agent.stop_at and not over:
                outcome.stopped += 1
            else:
                outcome.best = min(outcome.best, row["value"])
            agent.row, agent.free_at = None, now
            continue
        histories.setdefault(str(row["n"]), []).append(curve[agent.logged][1])
        agent.logged += 1
        if bands is not None and str(row["n"]) in to_stop(bands, histories):
            agent.stop_at = min(agent.stop_at, now + delay)


def to_stop(bands: Bands, histories: Mapping[str, Sequence[float]]) -> frozenset[str]:
    """Return which trials are to stop.

    Args:
        bands: the rule.
        histories: trial -> its losses (lower is better) in the order logged; NaN counts as bad.
    """
    stopped = set()
    for name, losses in histories.items():
        passed = bands.reached(len(losses))
        if not passed:
            continue
        at_band = [best(h[: passed[-1]]) for h in histories.values() if len(h) >= passed[-1]]
        mine = best(losses[: passed[-1]] if bands.strict else losses)
        if not bands.goes_on(sum(loss < mine for loss in at_band), len(at_band)):
            stopped.add(name)
    return frozenset(stopped)


def best(losses: Sequence[float]) -> float:
    """Return the lowest loss; infinity when none is finite."""
    return min((loss for loss in losses if isfinite(loss)), default=inf)


def _next_event(agent: _Agent) -> float:
    curve = agent.row["curve"]
    seconds = agent.row["seconds"] if agent.logged == len(curve) else curve[agent.logged][2]
    return float(min(agent.began + seconds, agent.stop_at))


def _within(params: dict[str, Any], tree: Tree) -> bool:
    """Return whether a recorded fit lies in the space as it is now; it may have been narrowed."""
    for name, leaf in tree.items():
        if isinstance(leaf, Leaf) and isinstance(leaf.distribution, Numeric):
            low, high = leaf.distribution.bounds()
            if not low * (1 - 1e-9) <= params[name] <= high * (1 + 1e-9):
                return False
    return True


def main() -> int:
    """Replay the sweeps and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--agents", type=int, default=2)
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args()
    spec = parse_yaml(SPEC.read_text())
    held: list[dict[str, Any]] = load("hyperband")
    rows = [row for row in held if _within(row["params"], spec.parameters)]
    own = Bands.of(spec.early_terminate)
    assert own is not None
    if len(rows) < options.trials:
        print(f"only {len(rows)} curves: run scripts/bench fits first", file=sys.stderr)
        return 1
    print(f"{len(rows)} curves, {options.draws} draws of {options.trials}, {options.agents} agents")
    print("\n| bands | eta | time saved | regret mean ± sd | p90 | same winner | stopped |")
    print("|---|---|---|---|---|---|---|")
    longest = max(len(row["curve"]) for row in rows)
    orders = [np.random.default_rng(seed).permutation(len(rows)) for seed in range(options.draws)]
    for bands in dict.fromkeys((own, *OTHERS)):
        saved, regret, stopped = [], [], []
        for order in orders:
            drawn = [rows[i] for i in order[: options.trials]]
            full = replay(drawn, None, agents=options.agents)
            cut = replay(drawn, bands, agents=options.agents, delay=options.delay)
            saved.append(1 - cut.seconds / full.seconds)
            regret.append(cut.best - full.best)
            stopped.append(cut.stopped)
        mark = " (spec)" if bands is own else ""
        where = ", ".join(map(str, bands.reached(longest)))
        print(
            f"| {where}{mark} | {bands.eta:g} | {np.mean(saved):.0%} ± {np.std(saved):.0%}"
            f" | {np.mean(regret):.5f} ± {np.std(regret):.5f} | {np.quantile(regret, 0.9):.5f}"
            f" | {np.mean(np.array(regret) == 0):.0%} | {np.mean(stopped):.0f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
