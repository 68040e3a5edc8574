"""Sweeps as people see them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from housing_sweep.cli import sweeps_view
from housing_sweep.pipeline.values import STATES, SweepOverview, SweepSummary, TrialSummary
from housing_sweep.search.score import Goal, Score
from housing_sweep.search.spec_check import check

SUMMARY = SweepSummary(
    path="me/p/s",
    id="1",
    title="first",
    method="grid",
    state="FINISHED",
    trials=3,
    expected=4,
    metric="loss",
    goal="minimize",
    best=0.123456789,
    created_at=datetime.fromtimestamp(0, UTC),
)


def test_an_attempt_that_is_tried_again_does_not_shorten_the_time_left() -> None:
    now = 1_000_000.0
    row = SweepSummary(
        path="me/p/s",
        id="1",
        title="s",
        method="grid",
        state="RUNNING",
        trials=2,
        expected=4,
        metric="loss",
        goal="minimize",
        best=None,
        created_at=datetime.fromtimestamp(now - 60, UTC),
    )
    failed = [
        TrialSummary(
            name=f"t{ago}",
            title="",
            state="failed",
            config={},
            score=None,
            created_at=datetime.fromtimestamp(now - 60, UTC),
            heartbeat_at=datetime.fromtimestamp(now - ago, UTC),
        )
        for ago in (60, 30)
    ]
    counts = {**dict.fromkeys(STATES, 0), "failed": 2, "pending": 1}
    score = Score("loss", Goal.MINIMIZE)
    view = sweeps_view.view_of(
        SweepOverview(sweep=row, score=score, counts=counts, best=[], newest=failed), now
    )
    said = "\n".join(str(part) for part in view.renderables)
    assert "trials 2/4: 1 pending  2 failed" in said
    assert "2.0 trials a minute, about 1 min 30 s left" in said  # three are still to come, not two


def test_a_sweep_without_a_trial_is_one_screen_too() -> None:
    nothing = dict.fromkeys(STATES, 0)
    overview = SweepOverview(sweep=SUMMARY, score=None, counts=nothing, best=[], newest=[])
    head, trials = sweeps_view.view_of(overview, 0.0).renderables
    assert str(head).split() == ["me/p/s", "first", "grid", "FINISHED"]
    assert str(trials) == "trials 3/4: none"


def test_a_list_says_how_many_of_how_many_and_names_stay_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    endless = replace(SUMMARY, title="[/x] :cat:", expected=None, best=None, metric=None)
    sweeps_view.render_list("[red]", [SUMMARY, endless])
    said = capsys.readouterr().out
    assert "Sweeps of [red]" in said
    assert "3/4" in said
    assert "0.12346" in said
    assert "[/x] :cat:" in said


def test_only_what_varies_is_shown_of_the_first_points(capsys: pytest.CaptureFixture[str]) -> None:
    report = check("method: grid\nparameters: {lr: {values: [0.1, 0.2]}, fixed: {value: 1}}\n")
    sweeps_view.render_report("[/spec].yaml", report)
    said = capsys.readouterr().out
    assert "[/spec].yaml: ok, method grid, 2 trials" in said
    assert "first" in said  # the title is wrapped at the width of its table
    assert "lr" in said
    assert "fixed" not in said


def test_of_a_spec_with_violations_nothing_else_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = check("method: grid\nparameters:\n  lr: {values: []}\n")
    sweeps_view.render_report("s.yaml", report)
    said = capsys.readouterr().out
    assert "s.yaml:3: parameters.lr" in said
    assert "points" not in said
