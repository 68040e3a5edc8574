"""What a rebuilt model tells of its record."""

from dataclasses import replace
from typing import Any

import pytest

from housing_sweep.registry.reproduction import Outcome, compare
from tests.support.fakes import FACTS

RECORDED = replace(FACTS, libraries={"numpy": "2.4.1", "scikit-learn": "1.9.1"})
OTHER_BITS: dict[str, Any] = {"predictions_sha256": "q", "model_sha256": "n"}
OTHER_LIBRARIES: dict[str, Any] = {"libraries": {"numpy": "2.4.1", "scikit-learn": "1.8.0"}}


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        ({}, Outcome.IDENTICAL),
        (OTHER_LIBRARIES, Outcome.IDENTICAL),
        ({"code_sha256": "d"}, Outcome.IDENTICAL),
        (OTHER_BITS, Outcome.MISMATCH),
        (OTHER_BITS | {"code_sha256": "d"}, Outcome.CODE),
        (OTHER_BITS | OTHER_LIBRARIES, Outcome.ENVIRONMENT),
        ({"scores": {"val_rmse": 0.4 + 1e-15, "val_mae": 0.3, "val_r2": 0.8}}, Outcome.MISMATCH),
    ],
)
def test_bits_decide_and_causes_explain(found: dict[str, Any], outcome: Outcome) -> None:
    assert compare("m", RECORDED, replace(RECORDED, **found), "").outcome is outcome


def test_libraries_that_differ_are_named_with_both_versions() -> None:
    found = compare("m", RECORDED, replace(RECORDED, **OTHER_BITS, **OTHER_LIBRARIES), "installed")
    assert found.libraries == ("scikit-learn 1.9.1, here 1.8.0",)
    told = found.as_json()
    assert told["outcome"] == "environment differs"


def test_a_refit_has_no_scores_to_compare() -> None:
    refit = replace(RECORDED, scores={})
    assert {line.name for line in compare("m", refit, refit, "").lines} == {
        "split_fingerprint",
        "predictions_sha256",
        "model_sha256",
    }
