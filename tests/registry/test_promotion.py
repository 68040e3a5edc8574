"""The record that rollback and audit will read."""

import json
from dataclasses import replace

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.pipeline.promote.promote import decide_promotion
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
from housing_sweep.registry.policy import Guard, HardComparison, Policy
from housing_sweep.registry.promotion import RECORD_VERSION, Decision, Verdict, as_json, record
from tests.support.fakes import FakeBackend, FakeJudge, candidate

HARD = HardComparison("spatial", 0.53, 0.51, 4632, 23, -0.01, 0.02, 0.05, 0.02)


def _decide(backend: FakeBackend) -> Decision:
    return decide_promotion(backend, PromotionRequest("s"), judges=FakeJudge(backend))


def test_a_record_is_plain_json_with_everything_that_rollback_needs() -> None:
    decision = _decide(FakeBackend([candidate("a", 0.4), candidate("b", 0.3)]))
    best = decision.case.challenger
    assert best is not None
    stored = json.loads(json.dumps(record(decision, best), allow_nan=False))
    assert stored["record_version"] == RECORD_VERSION
    assert (stored["alias"], stored["displaced"], stored["who"]) == ("staging", "", "ada")
    assert stored["challenger"]["artifact_id"] == "id-b"
    assert stored["dataset"]["source"] == "synthetic"
    assert [check["name"] for check in stored["checks"]] == [
        *("finished", "candidate", "change", "earned")
    ]
    assert stored["comparison"]["difference"] == -0.1


def test_a_model_that_is_worse_in_new_places_is_refused_and_both_comparisons_are_told() -> None:
    backend = FakeBackend([candidate("a", 0.4)])
    judge = FakeJudge(backend, hard=HARD)
    refused = decide_promotion(backend, PromotionRequest("s"), judges=judge)
    assert refused.verdict is Verdict.REFUSE
    assert [check.name for check in refused.checks][-2:] == ["earned", "guard"]
    assert [check.passed for check in refused.checks][-2:] == [True, False]
    assert refused.reason.startswith("test RMSE 0.4000 against")
    assert refused.reason.endswith("not below 0.02 as --guard hard wants")
    assert "--guard none" in refused.checks[-1].fix
    assert as_json(refused, None)["policy"] == {
        **{"require": "better", "margin": 0.0, "guard": "hard", "guard_margin": 0.02}
    }


def test_a_guard_that_is_switched_off_is_on_record() -> None:
    backend = FakeBackend([candidate("a", 0.4)])
    off = PromotionRequest("s", policy=Policy(guard=Guard.NONE))
    judge = FakeJudge(backend, hard=HARD)
    decision = decide_promotion(backend, off, judges=judge)
    assert decision.verdict is Verdict.PROMOTE
    assert decision.reason.endswith("(95 % interval -0.0100 to +0.0500), not guarded")
    answer = as_json(decision, None)
    assert answer["policy"] == {
        **{"require": "better", "margin": 0.0, "guard": "none", "guard_margin": None}
    }
    unmeasured = decide_promotion(backend, replace(off, spatial=False), judges=judge)
    assert as_json(unmeasured, None)["policy"] == answer["policy"]
    assert [check.name for check in unmeasured.checks][-1] == "earned"
    with pytest.raises(BadInput, match="does not measure"):
        PromotionRequest("s", spatial=False)


def test_a_model_that_is_not_better_is_not_asked_about_new_places() -> None:
    backend = FakeBackend([candidate("a", 0.4)])
    judge = FakeJudge(backend, difference=0.1, hard=HARD)
    decision = decide_promotion(backend, PromotionRequest("s"), judges=judge)
    assert decision.checks[-1].name == "earned"
    assert decision.reason.endswith("as --require better wants")


def test_a_refused_decision_is_json_too() -> None:
    answer = as_json(_decide(FakeBackend([])), None)
    assert json.loads(json.dumps(answer))["verdict"] == "refuse"
    assert answer["winner"] is None
