"""The clock that leases go by."""

import math

from housing_sweep.server.store.steady import Steady


class Ticks:
    """Monotonic seconds by hand."""

    def __init__(self) -> None:
        self.seconds = 77.0

    def __call__(self) -> float:
        return self.seconds


def test_it_goes_on_as_the_ticks_do_from_where_it_began() -> None:
    ticks = Ticks()
    steady = Steady(1000.0, ticks)
    assert steady.now() == 1000.0
    ticks.seconds += 2.5
    assert steady.now() == 1002.5


def test_what_an_earlier_process_noted_counts_from_the_beginning_of_this_one() -> None:
    ticks = Ticks()
    steady = Steady(1000.0, ticks)
    ticks.seconds += 10
    assert steady.age(1.0) == steady.age(1000.0) == 10.0
    assert steady.age(1004.0) == 6.0


def test_nothing_expires_before_this_process_is_as_old_as_a_lease() -> None:
    ticks = Ticks()
    steady = Steady(1000.0, ticks)
    ticks.seconds += 60
    assert steady.before(60) == -math.inf
    ticks.seconds += 1
    assert steady.before(60) == 1001.0
