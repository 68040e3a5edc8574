"""Decisions, histories and lineages as people see them."""

from dataclasses import replace

import pytest

from housing_sweep.cli import render
from housing_sweep.pipeline.promote.promote import decide_promotion
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
from housing_sweep.registry.alias_history import Move
from housing_sweep.registry.lineage_tree import Node
from housing_sweep.registry.policy import Comparison, Figures, HardComparison, SliceDifference
from housing_sweep.registry.promotion import Decision, Version
from housing_sweep.registry.references import Target
from housing_sweep.registry.reproduction import compare
from housing_sweep.registry.selection import Candidate
from tests.support.fakes import FACTS, FakeBackend, FakeJudge, candidate

VERSION = Version("r/c:v3", "v3", "id-a", "e/p/model-a:v0", "digest")
MOVE = Move(
    record="e/p/r1",
    at="2026-01-02T03:04:05Z",
    kind="promote",
    version="r/c:v3",
    displaced="r/c:v2",
    who="ada",
    applied=True,
    reason="0.01 less",
    run="e/p/a",
    score=0.4,
    artifact_id="id-a",
    alias="staging",
)
ODD = "[/x] [red]not :cat: markup"


def _decide(*candidates: Candidate) -> Decision:
    backend = FakeBackend(list(candidates))
    judge = FakeJudge(backend, {"bad": "it lies"})
    return decide_promotion(backend, PromotionRequest("s"), judges=judge)


def _compared() -> Comparison:
    def figures(name: str, rmse: float) -> Figures:
        deciles = [{"name": f"{n}: a to b", "rows": 413, "rmse": rmse, "bias": 0.0} for n in "123"]
        region = [{"name": "san_diego", "rows": 212, "rmse": rmse, "bias": 0.0}]
        return Figures(name, rmse, 0.3, 0.8, slices={"region": region, "decile": deciles})

    return Comparison(
        *(figures("mine", 0.39), figures("theirs", 0.49), 4128, -0.12, -0.1, -0.08, 1.15),
        hard=HardComparison("spatial", 0.53, 0.51, 4632, 23, -0.01, 0.02, 0.05, 0.02),
        slices=[
            SliceDifference("region", "san_diego", 212, -0.05, -0.02, 0.01),
            SliceDifference("decile", "1: a to b", 413, 0.01, 0.03, 0.05, worse=True),
            SliceDifference("decile", "2: a to b", 413, -0.01, 0.0, 0.01),
        ],
    )


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_a_decision_shows_every_run_its_verdict_and_that_nothing_was_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    render.render(_decide(candidate("good", 0.4), candidate("bad", 0.3)), None)
    said = _said(capsys)
    assert "rejected: it lies" in said
    assert "winner" in said
    assert "Decision: promote:" in said
    assert "not done nothing was changed" in said
    assert "WARNING trained on the SYNTHETIC STAND-IN" in said


def test_a_comparison_shows_intervals_rows_and_what_is_clearly_worse(
    capsys: pytest.CaptureFixture[str],
) -> None:
    decision = replace(_decide(candidate("good", 0.4)), comparison=_compared())
    render.render(decision, None)
    lines = [
        " ".join(line.split("│")[1:-1]).split() for line in capsys.readouterr().out.split("\n")
    ]
    said = "\n".join(" ".join(line) for line in lines)
    assert "RMSE 0.3900 0.4900 -0.1000 (-0.1200 to -0.0800)\n" in said
    places = "RMSE in places never seen (4632 rows of 23 cells)"
    assert f"{places} 0.5300 0.5100 +0.0200 (-0.0100 to +0.0500)\n" in said
    assert "region san diego (212 rows) 0.3900 0.4900 -0.0200 (-0.0500 to +0.0100)\n" in said
    assert "decile 1: a to b (413 rows) 0.3900 0.4900 +0.0300 (+0.0100 to +0.0500) WORSE" in said
    assert "decile 2" not in said
    assert "decile 3: a to b (413 rows) 0.3900 0.4900\n" in said


def test_a_promotion_says_where_the_alias_is_now(capsys: pytest.CaptureFixture[str]) -> None:
    render.render(_decide(candidate("a", 0.4)), VERSION)
    said = _said(capsys)
    assert "promoted r/c:v3 has alias staging" in said
    assert "displaced nothing" in said
    assert "not done" not in said


def test_a_refusal_has_no_winner_and_no_facts(capsys: pytest.CaptureFixture[str]) -> None:
    render.render(_decide(candidate("bad", 0.3)), None)
    said = _said(capsys)
    assert "Decision: refuse:" in said
    assert "not done" not in said


def test_names_and_reasons_from_outside_are_text_whatever_they_look_like(
    capsys: pytest.CaptureFixture[str],
) -> None:
    render.render(_decide(replace(candidate("a", 0.4), name=ODD, user=ODD)), VERSION)
    render.render_history(Target("staging"), [replace(MOVE, who=ODD, reason=ODD)], VERSION)
    render.render_lineage(Node("run", ODD, (("by", ODD),), ODD, (Node("code", ODD),)))
    render.render_reproduction(compare(ODD, FACTS, FACTS, ODD))
    said = _said(capsys)
    assert said.count(ODD) >= 9


def test_a_history_tells_which_moves_never_happened_and_who_holds_the_alias(
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun = replace(MOVE, applied=False, version="", displaced="", score=None)
    render.render_history(Target("staging"), [MOVE, begun], None)
    said = _said(capsys)
    assert "2026-01-02 03:04:05" in said
    assert "promote, not completed" in said
    assert "nothing holds staging" in said


def test_a_model_built_again_shows_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    other = replace(FACTS, model_sha256="d" * 64, libraries={"numpy": "2.3.0"})
    render.render_reproduction(compare("m", FACTS, other, "installed here"))
    said = _said(capsys)
    assert said.count("DIFFERS") == 1
    assert "library: numpy 2.4.1, here 2.3.0" in said
    assert "Outcome: environment differs" in said
