"""Points computed ahead: each given once, anew when asked, and never waited for long."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from housing_sweep.server.services.suggestions import Numbered, Suggestions


@pytest.fixture
def suggestions() -> Iterator[Suggestions]:
    made = Suggestions()
    yield made
    made.stop()


def test_each_point_is_given_once_from_a_number_on(suggestions: Suggestions) -> None:
    suggestions.start(lambda _sweep: [(number, {"x": number}) for number in range(3, 6)])
    assert suggestions.take(1, 4, 1, patience=30) == [(4, {"x": 4})]
    assert suggestions.take(1, 5, 9, patience=30) == [(5, {"x": 5})]


def test_a_sweep_that_needs_none_is_not_waited_for(suggestions: Suggestions) -> None:
    suggestions.start(lambda _sweep: [])
    assert suggestions.take(1, 0, 1, patience=3600) == []


def test_without_its_thread_nothing_is_ready_and_what_is_due_is_known(
    suggestions: Suggestions,
) -> None:
    for sweep in (7, 8, 7):
        suggestions.refresh(sweep)
    assert suggestions.due == (7, 8)
    assert suggestions.take(7, 0, 1, patience=3600) == []


def test_one_bad_sweep_does_not_end_the_thread(
    suggestions: Suggestions, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()

    def compute(sweep: int) -> Sequence[Numbered]:
        if sweep == 1:
            raise ArithmeticError("singular")
        done.set()
        return [(0, {})]

    suggestions.start(compute)
    suggestions.refresh(1)
    suggestions.refresh(2)
    assert done.wait(30)
    assert "sweep 1 failed" in caplog.text
