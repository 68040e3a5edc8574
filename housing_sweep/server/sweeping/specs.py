"""A sweep's spec as the server reads it: how many trials there may be, who makes their points."""

from functools import lru_cache

from housing_sweep.search import grid
from housing_sweep.search.spec import SweepSpec, parse_yaml
from housing_sweep.search.spec_yaml import read_yaml
from housing_sweep.server.store.sweeps.sweeps import Sweep

spec_of = lru_cache(maxsize=256)(parse_yaml)
"""A sweep's spec by its YAML text: parsed once, not on every heartbeat."""


def local_controller(spec_text: str) -> bool:
    """Return whether a `wandb.controller` in some process chooses this sweep's points."""
    return _controller(spec_text) == "local"


@lru_cache(maxsize=256)
def _controller(spec_text: str) -> str | None:
    controller = read_yaml(spec_text).get("controller")
    return controller.get("type") if isinstance(controller, dict) else None


def trial_cap(sweep: Sweep) -> int | None:
    """Return how many trials a sweep is expected to have; None is no end."""
    spec = spec_of(sweep.config)
    caps = [spec.run_cap, grid.size(spec) if spec.method == "grid" else None]
    return min((cap for cap in caps if cap is not None), default=None)


def points_left(sweep: Sweep, spec: SweepSpec) -> bool:
    """Return whether a sweep has a point that is not known to be tried."""
    if sweep.closed:
        return False
    if spec.method != "grid" or not makes_points(sweep, spec):
        return True
    return sweep.position < grid.size(spec)


def makes_points(sweep: Sweep, spec: SweepSpec) -> bool:
    """Return whether this server chooses the points itself."""
    return spec.method != "custom" and not spec.scheduler and not local_controller(sweep.config)
