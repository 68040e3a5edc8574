import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.report import error_charts, markdown, page, sweep_charts, words
from housing_sweep.report.contents import (
    Curve,
    Errors,
    Land,
    Place,
    Report,
    ReportedPromotion,
    ReportedTrial,
    Target,
)
from tests.support.examples import examples

RNG = np.random.default_rng(0)
EVIL = "<script>alert('x')</script>|`\"&"


def _trial(
    number: int, score: float | None, state: str = "finished", **more: object
) -> ReportedTrial:
    params: Mapping[str, object] = {
        "learning_rate": 0.01 * number,
        "features": ("raw", "geo")[number % 2],
        "depth": number % 5,
        "model": "forest",
        **more,
    }
    facts = {"val_mae": 0.2, "val_r2": 0.8, "fit_seconds": 1.5, "model_bytes": 2e6}
    return ReportedTrial(
        number, f"id{number}", f"trial-{number}", state, "2026-01-01", params, score, facts
    )


TRIALS = [_trial(n, 0.5 - 0.01 * (n % 7)) for n in range(1, 21)]
REPORT = Report(
    sweep="ada/houses/abc",
    title="A sweep",
    method="bayes",
    state="FINISHED",
    metric="val_rmse",
    maximize=False,
    trials=[*TRIALS, _trial(21, None, "failed")],
    curves=[Curve("id6", [(10, 0.9), (50, 0.5), (100, 0.44)]), Curve("id2", [(10, 1.0)])],
    made_at="2026-01-02",
    dataset="ada/houses/california-housing:v0",
    source="csv",
)
PRICE = Target(
    "price", "USD", 100_000.0, "dollars of 1990", "They are capped.", 1.0, stand_in="California"
)
LAND = Land("California", [(32, -124), (32, -114), (42, -114)], [("Fresno", 36.7, -119.8)])
FEW = replace(REPORT, trials=TRIALS[:2], curves=())
"""Too few trials to learn importances from, which takes most of a page's time."""

ERRORS = Errors(
    actual=RNG.uniform(0.2, 5, 300),
    predicted=RNG.uniform(0.2, 5, 300),
    target=PRICE,
    place=Place(RNG.uniform(33, 41, 300), RNG.uniform(-124, -115, 300), LAND),
)
PROMOTED = ReportedPromotion(
    run="p1",
    applied=True,
    winner="id13",
    target="registry/houses:staging",
    version="registry/houses:v3",
    holder="registry/houses:v3",
    who="ada",
    when="2026-01-02",
    record={
        "decision": "promote",
        "displaced": "registry/houses:v2",
        "checks": [{"name": "better", "passed": True, "reason": "0.01 less"}],
    },
)


class _Parsed(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)


def _check(report: Report) -> str:
    text = page.html(report)
    parsed = _Parsed(text)
    assert parsed.open == []
    loading = {"src", "srcset", "data", "xlink:href", "background", "poster"}
    for tag, attributes in parsed.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "use"}
        assert not loading & attributes.keys()
        assert tag == "a" or "href" not in attributes
    assert [tag for tag, _ in parsed.tags].count("script") == 1
    rows = {a["data-trial"] for tag, a in parsed.tags if tag == "tr" and "data-trial" in a}
    assert rows == {trial.id for trial in report.trials}
    assert "nan" not in re.findall(r' (?:d|x|y|cx|cy|x1|y1)="([^"]*)"', text)
    told = markdown.markdown(report)
    assert told.count("\n| ") >= len(report.trials)
    return text


def test_the_page_is_whole_and_loads_nothing() -> None:
    text = _check(replace(REPORT, errors=ERRORS, promotion=PROMOTED))
    for part in ("Every trial, from", "Best so far", "Validation curves", "Importance"):
        assert part in text
    assert "Validation rows in California" in text
    assert "Promoted to registry/houses:staging as v3 by ada" in text
    assert text.count('aria-label="') >= 10


def test_figures_are_told_in_the_targets_unit() -> None:
    report = replace(FEW, errors=ERRORS, target=PRICE)
    assert "is off by about 48,000 dollars of 1990" in words.lead(report)
    text = page.html(report)
    for part in ("predicted, 100,000 USD", "+100k USD", " k USD<", "By price", "They are capped."):
        assert part in text


def test_any_other_target_has_its_own_name_and_unit_everywhere() -> None:
    target = Target("EUR per m2", "EUR")
    flats = Errors(30_000 + 1000 * ERRORS.actual, 30_000 + 1000 * ERRORS.predicted, target)
    report = replace(FEW, errors=flats, target=target, source="synthetic")
    text = _check(report)
    told = markdown.markdown(report)
    for part in ("California", "USD", "dollars", "price", "Validation rows"):
        assert part not in text
        assert part not in told
    assert "predicted, EUR" in text
    assert "By EUR per m2" in text
    assert "actual EUR per m2, fifths" in told
    assert error_charts.error_map(flats) == ""


def test_places_without_an_outline_have_a_map_too() -> None:
    place = replace(ERRORS.place, land=None) if ERRORS.place else None
    bare = replace(ERRORS, place=place)
    text = _check(replace(FEW, errors=bare))
    assert "Validation rows at their places" in text
    assert 'class="land"' not in text
    one = replace(bare, place=Place(np.zeros(300), np.zeros(300)))
    _check(replace(FEW, errors=one))


def test_without_a_strong_error_colours_go_by_the_errors_there_are() -> None:
    loose = replace(ERRORS, target=replace(PRICE, strong_error=None))
    far = float(np.quantile(np.abs(ERRORS.predicted - ERRORS.actual), 0.95))
    assert f"+{far * 100:.4g}k USD" in error_charts.error_map(loose)
    exact = replace(loose, predicted=loose.actual)
    _check(replace(FEW, errors=exact))


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
    found, text = words.status(replace(REPORT, promotion=promotion))
    assert found == kind
    assert said in text


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


def test_what_a_run_says_is_text_not_markup() -> None:
    evil = replace(TRIALS[0], name=EVIL, error=EVIL, params={EVIL: EVIL}, url="javascript:x")
    record = {"decision": EVIL, "checks": [{"name": EVIL, "passed": False, "reason": EVIL}]}
    promotion = replace(PROMOTED, who=EVIL, record=record, winner="id1")
    text = _check(replace(REPORT, title=EVIL, trials=[evil, *TRIALS[1:]], promotion=promotion))
    assert "<script>alert" not in text
    assert "javascript:" not in text
    told = markdown.markdown(replace(REPORT, trials=[evil]))
    assert "<script>" not in told


def test_sweeps_with_little_in_them_have_a_report_too() -> None:
    for trials in ([], [_trial(1, None, "failed")], TRIALS[:1], TRIALS[:2]):
        _check(replace(REPORT, trials=trials, curves=[]))
    same = [replace(trial, score=0.5, params={"a": 1}) for trial in TRIALS]
    _check(replace(REPORT, trials=same))


scores = st.none() | st.floats(-1e100, 1e100)
values = st.one_of(
    st.none(), st.booleans(), st.text(max_size=5), st.integers(), st.floats(allow_nan=False)
)


@examples(20)
@given(st.lists(st.tuples(scores, values), max_size=12), st.booleans())
def test_any_scores_and_parameters_make_a_page(
    found: list[tuple[float | None, object]], maximize: bool
) -> None:
    trials = [
        replace(_trial(n, score), params={"p": value}) for n, (score, value) in enumerate(found, 1)
    ]
    _check(replace(REPORT, trials=trials, maximize=maximize, curves=[]))


def test_every_error_is_drawn_once_and_counted_in_one_price_band() -> None:
    drawn = error_charts.error_map(ERRORS)
    assert sum(part.count("h0") for part in re.findall(r'd="(M[^"]*)"', drawn)) == 300
    assert sum(count for _, count, _, _ in error_charts.by_target(ERRORS)) == 300
    whole = float(np.sqrt(np.mean((ERRORS.predicted - ERRORS.actual) ** 2)))
    bands = error_charts.by_target(ERRORS)
    mixed = float(np.sqrt(sum(n * r * r for _, n, r, _ in bands) / 300))
    assert mixed == pytest.approx(whole)


def test_the_best_so_far_never_gets_worse() -> None:
    (way,) = re.findall(r'class="best" d="([^"]*)"', sweep_charts.best_so_far(REPORT))
    heights = [float(v) for v in re.findall(r"V([\d.]+)", way)]
    assert heights == sorted(heights)  # SVG counts downwards, and low is good
