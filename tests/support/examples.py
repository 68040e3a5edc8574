"""How many examples a property gets, and which: the same every time, or others each time.

`scripts/test` and `scripts/check` draw the same examples each time, so that an answer can be had
again. `scripts/explore` draws others, many more, and prints what reproduces a failure; that is then
pinned with `@example`.
"""

import os

from hypothesis import HealthCheck, settings

EXPLORE = "HOUSING_SWEEP_EXPLORE"
"""Environment variable: how many times as many examples, random ones."""
USUAL = 60
"""Examples of a property that says nothing else. More find more, in `scripts/explore`."""


def load_profile() -> None:
    """Make the settings of this process those that `@given` takes."""
    explores = _factor() is not None
    settings.register_profile(
        "explore" if explores else "same",
        max_examples=_times(USUAL),
        derandomize=not explores,
        print_blob=True,
        database=None,
        deadline=None,  # no property is about time: a busy machine may take as long as it likes
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("explore" if explores else "same")


def examples(count: int) -> settings:
    """Decorate a property whose examples are slow, or of which it needs many.

    Args:
        count: examples where each run draws the same ones.
    """
    return settings(max_examples=_times(count))


def _times(count: int) -> int:
    return count * (_factor() or 1)


def _factor() -> int | None:
    given = os.environ.get(EXPLORE)
    return int(given) if given else None
