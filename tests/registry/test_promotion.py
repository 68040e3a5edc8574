"""The record that rollback and audit will read."""

import json

from housing_sweep.pipeline.finalize import decide_promotion
from housing_sweep.registry.promotion import RECORD_VERSION, as_json, record
from tests.fakes import FakeBackend, candidate


def test_a_record_is_plain_json_with_everything_that_rollback_needs() -> None:
    decision = decide_promotion(FakeBackend([candidate("a", 0.4), candidate("b", 0.3)]), "s")
    stored = json.loads(json.dumps(record(decision), allow_nan=False))
    assert stored["record_version"] == RECORD_VERSION
    assert (stored["alias"], stored["displaced"], stored["who"]) == ("staging", "", "ada")
    assert stored["challenger"]["artifact_id"] == "id-b"
    assert stored["dataset"]["source"] == "synthetic"
    assert [check["name"] for check in stored["checks"]] == ["finished", "candidate", "change"]


def test_a_refused_decision_is_json_too() -> None:
    answer = as_json(decide_promotion(FakeBackend([]), "s"), None)
    assert json.loads(json.dumps(answer))["verdict"] == "refuse"
    assert answer["winner"] is None
