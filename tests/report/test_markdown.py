"""The report as Markdown."""

import re
from dataclasses import replace

from housing_sweep.report.markdown import markdown
from tests.report.reports import ERRORS, EVIL, FEW, PRICE, PROMOTED, trial


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def _tables(text: str) -> list[list[list[str]]]:
    blocks = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    return [[_cells(line) for line in block.splitlines()] for block in blocks]


def test_every_row_of_every_table_has_as_many_cells_as_its_head_whatever_a_run_says() -> None:
    evil = replace(trial(1, 0.1, **{EVIL: EVIL}), name=EVIL, state="finished")
    record = {"displaced": EVIL, "checks": [{"name": EVIL, "passed": False, "reason": EVIL}]}
    promotion = replace(PROMOTED, who=EVIL, target=EVIL, record=record)
    text = markdown(replace(FEW, trials=[evil, trial(2, 0.2)], title=EVIL, promotion=promotion))
    tables = _tables(text)
    assert len(tables) == 4
    for table in tables:
        assert {len(row) for row in table} == {len(table[0])}
    assert "<script" not in text


def test_trials_stand_best_first_and_those_without_a_score_last() -> None:
    trials = [trial(1, None, "failed"), trial(2, 0.4), trial(3, 0.3)]
    text = markdown(replace(FEW, trials=trials)).partition("## All trials")[2]
    (head, _, *rows), *_ = _tables(text)
    assert head[:4] == ["#", "trial", "state", "val_rmse"]
    assert [row[0] for row in rows] == ["3", "2", "1"]


def test_without_a_promotion_the_decision_says_so() -> None:
    assert "No run of this sweep was promoted." in markdown(FEW)
    text = markdown(replace(FEW, promotion=PROMOTED))
    assert "ada promoted to `registry/houses:staging` on 2026-01-02 (run `p1`)" in text
    assert "| yes | better | 0.01 less |" in text


def test_a_record_that_is_not_ours_does_not_break_it() -> None:
    odd = replace(PROMOTED, record={"checks": ["?", {"name": "x"}], "displaced": None})
    text = markdown(replace(FEW, promotion=odd))
    assert "displaced: nothing." in text
    assert "| no | x | None |" in text


def test_why_there_are_no_errors_stands_where_they_would() -> None:
    text = markdown(replace(FEW, no_errors="the model is gone"))
    assert "## Where it errs\n\nthe model is gone\n" in text
    text = markdown(replace(FEW, errors=ERRORS, target=PRICE))
    assert "| actual price, fifths | rows | RMSE | mean error |" in text
    assert "Where it errs" not in markdown(FEW)
