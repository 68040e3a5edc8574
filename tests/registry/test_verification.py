"""What keeps a model from being believed."""

from dataclasses import replace
from typing import Any

import pytest

from housing_sweep.errors import Refused
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.verification import (
    Claims,
    Recomputed,
    library_differences,
    usual_dataset,
    why_not_equal,
    why_not_loaded,
    why_other_libraries,
)
from tests.support.fakes import FACTS as RECORDED

HERE = {"scikit-learn": "1.9.1", "housing-sweep": "0.1.0", "numpy": "2.4.1", "python": "3.11.7"}
SCORES = {"val_rmse": 0.4, "val_mae": 0.3, "val_r2": 0.8}
FACTS = replace(
    RECORDED,
    model_sha256="abc",
    dataset="e/p/d:v0",
    dataset_digest="d",
    libraries=HERE,
    scores=SCORES,
)
GOOD = Claims(FACTS, FACTS, summary={**SCORES, "model_sha256": "abc"})


def test_what_agrees_is_believed() -> None:
    assert why_not_loaded(GOOD, "abc", HERE, "d") == ""
    assert why_not_equal(GOOD, SCORES, 0.0) == ""


def _with(**changed: Any) -> ModelFacts:
    return replace(FACTS, **changed)


def test_metadata_that_is_not_there_is_not_missed() -> None:
    assert why_not_loaded(replace(GOOD, metadata=None), "abc", HERE, "d") == ""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"metadata": None, "why_no_metadata": "its metadata lacks x"}, "its metadata lacks x"),
        (
            {"metadata": replace(FACTS, model_sha256="xyz")},
            "abc in model.json, xyz in its metadata",
        ),
        ({"summary": {"dataset_digest": "other"}}, "other in its run"),
        ({"facts": _with(libraries={})}, "scikit-learn None"),
        ({"facts": _with(libraries=HERE | {"scikit-learn": "1.9.0"})}, "scikit-learn 1.9.0"),
        ({"facts": _with(libraries=HERE | {"python": "3.12.1"})}, "python 3.12.1"),
    ],
)
def test_what_disagrees_is_not_loaded(changed: dict[str, Any], why: str) -> None:
    assert why in why_not_loaded(replace(GOOD, **changed), "abc", HERE, "d")


def test_a_changed_file_or_other_data_is_not_loaded() -> None:
    assert "was changed" in why_not_loaded(GOOD, "abd", HERE, "d")
    assert "other data (e/p/d:v0)" in why_not_loaded(GOOD, "abc", HERE, "e")


def test_a_patch_release_of_numpy_or_python_does_not_matter_but_is_named() -> None:
    other = HERE | {"numpy": "2.4.9", "python": "3.11.9"}
    assert why_not_loaded(GOOD, "abc", other, "d") == ""
    assert library_differences(HERE, other) == (
        "numpy 2.4.1, here 2.4.9",
        "python 3.11.7, here 3.11.9",
    )


@pytest.mark.parametrize("logged", [0.1, 0.4 + 2e-9, None, "0.4", float("nan"), True])
def test_a_logged_score_must_be_the_recomputed_one(logged: object) -> None:
    claims = replace(GOOD, summary={**SCORES, "val_rmse": logged})
    assert "val_rmse is" in why_not_equal(claims, SCORES, 0.0)
    assert "recomputed 0.4" in why_not_equal(claims, SCORES, 0.0)


def test_the_tolerance_grows_with_the_score() -> None:
    euros = {"val_rmse": 30_000.0, "val_mae": 20_000.0, "val_r2": 0.8}
    claims = Claims(replace(FACTS, scores=euros))
    assert why_not_equal(claims, {**euros, "val_rmse": 30_000.0 + 2e-5}, 2e-5) == ""
    assert "val_rmse" in why_not_equal(claims, {**euros, "val_rmse": 30_000.0 + 2e-4}, 0.0)
    assert "predictions differ" in why_not_equal(claims, euros, 2e-4)


def test_a_score_that_define_metric_keeps_as_a_rule_is_read_like_any_other() -> None:
    best = {"val_rmse": {"min": 0.4}, "val_mae": {"min": 0.3}, "val_r2": {"max": 0.8}}
    assert why_not_equal(replace(GOOD, summary=best), SCORES, 0.0) == ""
    worse = best | {"val_r2": {"max": 0.9}}
    assert "val_r2 is 0.9 in its run" in why_not_equal(replace(GOOD, summary=worse), SCORES, 0.0)


def test_what_was_recomputed_is_numbers_or_refused() -> None:
    assert Recomputed.parse({"scores": SCORES, "differ": 0.0}) == Recomputed(SCORES, 0.0)
    assert Recomputed.parse({"scores": SCORES, "more": 1}).differ is None
    for answer in (
        {},
        {"scores": [0.4]},
        {"scores": SCORES | {"val_r2": float("nan")}},
        {"scores": SCORES, "differ": "small"},
    ):
        with pytest.raises(Refused, match="is no number"):
            Recomputed.parse(answer)


def test_saved_predictions_must_be_the_recomputed_ones() -> None:
    assert "up to 0.1" in why_not_equal(GOOD, SCORES, 0.1)
    assert "up to inf" in why_not_equal(GOOD, SCORES, float("inf"))
    assert why_not_equal(GOOD, SCORES, None) == ""


def test_a_refit_has_no_scores_but_must_predict_as_saved() -> None:
    refit = Claims(replace(FACTS, refit_of="m", scores={}))
    assert why_not_equal(refit, SCORES, 0.0) == ""
    assert why_not_equal(refit, SCORES, 0.1) != ""


def test_the_dataset_of_a_sweep_is_the_usual_one() -> None:
    assert usual_dataset(["a", "b", "b", None, ""]) == "b"
    assert usual_dataset(["a", "b"]) == "a"
    assert usual_dataset([]) == ""


@pytest.mark.parametrize(
    ("wrote", "here", "loads"),
    [
        ("0.1.0", "0.1.0", True),
        ("0.1.0", "0.2.0", True),
        ("0.1.0", "1.10.0", True),
        ("0.9.0", "0.10.0", True),
        ("0.2.0", "0.1.0", False),
        ("0.0.9", "0.1.0", False),
        ("", "0.1.0", False),
    ],
)
def test_a_later_version_of_ours_loads_what_an_earlier_one_wrote(
    wrote: str, here: str, loads: bool
) -> None:
    recorded, installed = HERE | {"housing-sweep": wrote}, HERE | {"housing-sweep": here}
    reason = why_other_libraries(recorded, installed)
    assert (reason == "") is loads
    assert loads or f"housing-sweep {wrote}, installed is {here}" in reason
