"""What the report says in sentences."""

from dataclasses import replace

import numpy as np
import pytest

from housing_sweep.report import words
from housing_sweep.report.contents import Errors, ReportedPromotion
from housing_sweep.search.importance import Importances
from tests.report.reports import FEW, PRICE, PROMOTED, REPORT, TRIALS, trial


def test_a_promoted_trial_leads_even_if_another_scored_lower() -> None:
    chosen = replace(REPORT, promotion=replace(PROMOTED, winner="id1"))
    assert chosen.winner is TRIALS[0]
    assert "chosen from 21 trials" in words.headline(chosen)
    assert "lowest score" in words.lead(chosen)


@pytest.mark.parametrize(
    ("promotion", "kind", "said"),
    [
        (None, "waiting", "Not promoted"),
        (replace(PROMOTED, applied=False, version=""), "broken", "interrupted"),
        (replace(PROMOTED, holder="registry/houses:v9"), "waiting", "staging is on v9 now"),
        (PROMOTED, "done", "as v3 by ada"),
    ],
)
def test_the_status_tells_what_became_of_the_winner(
    promotion: ReportedPromotion | None, kind: str, said: str
) -> None:
    css, text = words.status(replace(REPORT, promotion=promotion))
    assert css == kind
    assert said in text


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("identical", "as v3 by ada, built again bit for bit"),
        ("rebuilt here", "as v3 by ada, as it was built again there"),
        ("unverified", "as v3 by ada, UNVERIFIED"),
        ("something else", "as v3 by ada"),
    ],
)
def test_the_status_tells_how_the_promoted_version_was_proved(how: str, said: str) -> None:
    record = {**PROMOTED.record, "proof": {"how": how}}
    report = replace(REPORT, promotion=replace(PROMOTED, record=record))
    assert words.status(report)[1].endswith(said)
    assert words.warning(report).startswith("UNVERIFIED") is (how == "unverified")


def test_figures_on_untouched_rows_come_first() -> None:
    compared = {
        "challenger": {"rmse": 0.3925, "spatial_rmse": 0.52},
        "champion": {"rmse": 0.4896},
        "low": -0.11,
        "high": -0.08,
        "first": True,
    }
    promotion = replace(PROMOTED, record={**PROMOTED.record, "comparison": compared})
    test, places, *_ = words.tiles(replace(REPORT, promotion=promotion))
    assert test == ("Test RMSE", "0.3925", "baseline 0.4896; 95 % -0.1100 to -0.0800")
    assert places[:2] == ("Places never seen", "0.5200")
    odd = replace(PROMOTED, record={"comparison": {"challenger": "?"}})
    assert words.tiles(replace(REPORT, promotion=odd))[0][0] == "Trials"


def test_a_figure_for_places_never_seen_has_its_interval_and_worse_slices_are_named() -> None:
    compared = {
        "challenger": {"rmse": 0.3925, "spatial_rmse": 0.5256},
        "champion": {"rmse": 0.4},
        "metric": "rmse",
        "hard": {"champion": 0.5091, "low": -0.025, "high": 0.0623},
        "worse_slices": ["region fresno", "decile 1", "decile 2", "decile 3"],
    }
    promotion = replace(PROMOTED, record={"comparison": compared})
    _, places, worse, *_ = words.tiles(replace(REPORT, promotion=promotion))
    note = "whole 0.5° cells held out; champion 0.5091; 95 % -0.0250 to +0.0623"
    assert places == ("Places never seen", "0.5256", f"test RMSE, {note}")
    assert worse == ("Clearly worse in", "4 slices", "region fresno, decile 1, decile 2, ...")
    odd = {**compared, "hard": {"champion": "0.5", "low": None}, "worse_slices": "?"}
    strange = replace(PROMOTED, record={"comparison": odd})
    _, places, after, *_ = words.tiles(replace(REPORT, promotion=strange))
    assert places[2] == "test RMSE, whole 0.5° cells held out"
    assert after[0] == "Trials"


def test_without_any_score_the_reader_is_told_to_come_again() -> None:
    empty = replace(REPORT, trials=[trial(1, None, "running")], state="RUNNING")
    assert words.headline(empty) == "No trial of A sweep has a score yet"
    assert "is running; open this again" in words.lead(empty)
    assert words.status(empty) == ("waiting", "Nothing to promote yet")
    assert words.tiles(empty) == [("Trials", "1", "0 with a score, none failed")]


def test_a_score_that_is_no_error_is_told_without_a_unit() -> None:
    report = replace(FEW, metric="val_r2", maximize=True, target=PRICE)
    assert "scored 0.49" in words.lead(report)
    assert "dollars" not in words.lead(report)


def test_a_stand_in_is_warned_of_and_real_data_is_not() -> None:
    made_up = replace(FEW, source="synthetic")
    assert words.warning(made_up).endswith("says anything about real data.")
    assert words.warning(replace(made_up, target=PRICE)).endswith("anything about California.")
    assert words.warning(FEW) == ""


@pytest.mark.parametrize(
    ("r2", "trust"), [(0.6, "a fair picture"), (0.3, "a rough picture"), (-2, "mostly noise")]
)
def test_importances_say_how_far_to_trust_them(r2: float, trust: str) -> None:
    said = words.about_importance(Importances((), r2, 20))
    assert trust in said
    assert "-" not in said.partition("explains")[2].partition("%")[0]


def test_late_trials_that_bring_nothing_are_told() -> None:
    scores = [0.5, 0.4, *[0.6] * 10]
    late = replace(REPORT, trials=[trial(n, score) for n, score in enumerate(scores, 1)])
    assert "trial 2; 10 later ones did not" in words.about_best(late)
    early = replace(late, trials=late.trials[:4])
    assert words.about_best(early).endswith("trial 2 of 4; more trials may help.")
    assert words.about_best(replace(late, trials=TRIALS[:1])) == ""


def test_the_spread_is_told_by_its_half_its_nine_tenths_and_its_mean() -> None:
    errors = Errors(np.zeros(11), np.arange(11) / 10, PRICE)
    assert words.about_spread(errors) == (
        "11 rows: half are within 50,000 USD, nine tenths within 90,000;"
        " the mean error is +50,000 USD."
    )


def test_facts_are_spelt_as_people_read_them() -> None:
    assert words.spell_fact("model_bytes", 2e6) == "2.0 MB"
    assert words.spell_fact("fit_seconds", 1.25) == "1.2"
    assert words.spell_fact("val_mae", "NaN") == "NaN"
