import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.report import error_charts, markdown, page, words
from housing_sweep.report.contents import (
    Errors,
    Place,
    Report,
    Target,
)
from tests.report.charts import any_number
from tests.report.reports import ERRORS, EVIL, FEW, PRICE, PROMOTED, REPORT, TRIALS, trial
from tests.support.examples import examples


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
    for trials in ([], [trial(1, None, "failed")], TRIALS[:1], TRIALS[:2]):
        _check(replace(REPORT, trials=trials, curves=[]))
    same = [replace(trial, score=0.5, params={"a": 1}) for trial in TRIALS]
    _check(replace(REPORT, trials=same))


scores = st.none() | any_number
values = st.one_of(
    st.none(), st.booleans(), st.text(max_size=5), st.integers(), st.floats(allow_nan=False)
)


@pytest.mark.slow
@examples(20)
@given(st.lists(st.tuples(scores, values), max_size=12), st.booleans())
def test_any_scores_and_parameters_make_a_page(
    found: list[tuple[float | None, object]], maximize: bool
) -> None:
    trials = [
        replace(trial(n, score), params={"p": value}) for n, (score, value) in enumerate(found, 1)
    ]
    _check(replace(REPORT, trials=trials, maximize=maximize, curves=[]))
