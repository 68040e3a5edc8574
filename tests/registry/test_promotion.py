"""The record that rollback and audit will read."""

import json

from housing_sweep.pipeline.promote.promote import decide_promotion
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
from housing_sweep.registry.promotion import RECORD_VERSION, Decision, as_json, record
from tests.support.fakes import FakeBackend, FakeJudge, candidate


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


def test_a_refused_decision_is_json_too() -> None:
    answer = as_json(_decide(FakeBackend([])), None)
    assert json.loads(json.dumps(answer))["verdict"] == "refuse"
    assert answer["winner"] is None
