"""Hyperband's rule on histories alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import SpecError
from housing_sweep.search.hyperband import Bands, best, to_stop

LOSSES = st.lists(st.floats(0, 10) | st.just(float("nan")), max_size=12)
HISTORIES = st.dictionaries(st.sampled_from("abcdefgh"), LOSSES, max_size=8)


@pytest.mark.parametrize(
    ("given_", "iterations", "bands"),
    [
        ({"min_iter": 3}, 30, (3, 9, 27)),
        ({"min_iter": 3}, 2, ()),
        ({"min_iter": 2, "eta": 2}, 17, (2, 4, 8, 16)),
        ({"max_iter": 27, "s": 2}, 99, (3, 9)),
        ({"max_iter": 27, "s": 9, "eta": 3}, 99, (1, 3, 9)),
        ({"max_iter": 27, "s": 2}, 5, (3,)),
        ({"min_iter": 1, "eta": 1.2}, 4, (1, 2, 3)),
    ],
)
def test_bands_follow_the_reference(
    given_: dict[str, object], iterations: int, bands: tuple[int, ...]
) -> None:
    rule = Bands.of({"type": "hyperband", **given_})
    assert rule is not None
    assert rule.reached(iterations) == bands


def test_no_early_terminate_means_no_bands() -> None:
    assert Bands.of(None) is None
    assert Bands.of({"type": "custom"}) is None


def test_every_problem_is_named() -> None:
    with pytest.raises(SpecError, match=r"type.*eta.*max_iter.*\.s:"):
        Bands.of({"type": "median", "eta": 1, "max_iter": -1, "s": "two"})
    with pytest.raises(SpecError, match="min_iter"):
        Bands.of({"type": "hyperband"})


def test_the_best_third_goes_on() -> None:
    rule = Bands(first=2, eta=3.0)
    histories = {name: [9.0, loss] for name, loss in zip("abcdef", range(6), strict=True)}
    assert to_stop(rule, histories) == {"c", "d", "e", "f"}


@given(HISTORIES, st.integers(1, 4), st.sampled_from([2.0, 3.0, 4.0]), st.booleans())
def test_the_best_trial_of_all_is_never_stopped(
    histories: dict[str, list[float]], first: int, eta: float, strict: bool
) -> None:
    rule = Bands(first=first, eta=eta, strict=strict)
    stopped = to_stop(rule, histories)
    at_first = {n: best(h[:first]) for n, h in histories.items() if len(h) >= first}
    for name, losses in histories.items():
        passed = rule.reached(len(losses))
        if not passed:
            assert name not in stopped
        elif not strict:
            rivals = [best(h[: passed[-1]]) for h in histories.values() if len(h) >= passed[-1]]
            assert best(losses) > min(rivals) or name not in stopped
    assert not at_first or set(at_first) - stopped


@given(HISTORIES, st.randoms(use_true_random=False))
def test_the_order_of_trials_does_not_matter(
    histories: dict[str, list[float]], random: object
) -> None:
    items = list(histories.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert to_stop(Bands(first=1), dict(items)) == to_stop(Bands(first=1), histories)
