"""Grid points by arithmetic: the n-th of ten million costs what the first does."""

from housing_sweep.search.distributions import Categorical, Distribution, Numeric
from housing_sweep.search.space import Space
from housing_sweep.search.spec import SweepSpec
from housing_sweep.search.trial import Params


def size(spec: SweepSpec) -> int:
    """Return how many points a grid has."""
    total = Space.of(spec).size
    assert total is not None, "spec.py refuses a grid with a continuum"
    return total


def point(spec: SweepSpec, n: int) -> Params:
    """Return the n-th point, 0 <= n < size: the last parameter of the YAML turns fastest.

    Raises:
        IndexError: there is no such point.
    """
    space = Space.of(spec)
    if not 0 <= n < size(spec):
        raise IndexError(f"the grid has {size(spec)} points, there is no number {n}")
    values: list[object] = []
    for kind in reversed(space.kinds):
        assert kind.size is not None
        n, position = divmod(n, kind.size)
        values.append(_value(kind, position))
    return space.point(values[::-1])


def _value(kind: Distribution, position: int) -> object:
    if isinstance(kind, Categorical):
        return kind.values[position]
    assert isinstance(kind, Numeric)
    return kind.step_value(position)
