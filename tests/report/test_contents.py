"""What a report is made of: units, order, the best and the winner."""

from dataclasses import replace

import pytest

from housing_sweep.report.contents import Target
from tests.report.reports import PRICE, PROMOTED, REPORT, trial


def test_a_scaled_target_is_told_in_its_unit_and_drawn_in_the_tables() -> None:
    assert PRICE.spell(0.51234) == "51,234 USD"
    assert PRICE.spell(-0.5, "+") == "-50,000 USD"
    assert PRICE.axis == "100,000 USD"
    assert PRICE.words_or_unit() == "dollars of 1990"


def test_a_target_without_a_scale_keeps_the_digits_that_count() -> None:
    rent = Target("rent", "EUR")
    assert (rent.spell(12.3456), rent.axis) == ("12.35 EUR", "EUR")
    assert rent.spell(12_345.6) == "12,346 EUR"
    assert Target("score").spell(0.25) == "0.25"


def test_trials_are_ranked_by_score_and_equal_ones_by_creation() -> None:
    trials = [
        trial(1, 0.4),
        trial(2, 0.3),
        trial(3, 0.3),
        trial(4, 0.1, "running"),
        trial(5, None),
    ]
    report = replace(REPORT, trials=trials)
    assert [one.number for one in report.scored] == [2, 3, 1]
    assert [one.number for one in replace(report, maximize=True).scored] == [1, 2, 3]
    assert replace(report, trials=trials[3:]).best is None


def test_the_winner_is_the_promoted_trial_once_the_alias_has_moved() -> None:
    promotion = replace(PROMOTED, winner="id1")
    winner = replace(REPORT, promotion=promotion).winner
    assert winner is not None
    assert winner.id == "id1"
    unfinished = replace(REPORT, promotion=replace(promotion, applied=False))
    assert unfinished.winner is unfinished.best
    gone = replace(REPORT, promotion=replace(promotion, winner="deleted"))
    assert gone.winner is gone.best


def test_what_all_trials_share_is_not_varied_and_one_is_not_true() -> None:
    assert REPORT.varied == ["learning_rate", "features", "depth"]
    kinds = replace(REPORT, trials=[trial(1, 0.1, flag=1), trial(1, 0.1, flag=True)])
    assert kinds.varied == ["flag"]


@pytest.mark.parametrize(
    ("metric", "is_error"), [("val_rmse", True), ("test_mae", True), ("val_r2", False)]
)
def test_only_errors_are_in_the_targets_unit(metric: str, is_error: bool) -> None:
    assert replace(REPORT, metric=metric).is_error is is_error
