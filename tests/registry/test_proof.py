"""A model built again, against what is told of it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from housing_sweep.registry.model_facts import DatasetUse, ModelFacts
from housing_sweep.registry.proof import (
    Expected,
    How,
    Proof,
    Rebuilt,
    environment_differences,
    unverified,
    weigh,
    why_not_built,
)
from housing_sweep.registry.verification import Claims, FileHashes
from housing_sweep.search.score import Goal, Score
from tests.support.fakes import FACTS as RECORDED

HERE = {"scikit-learn": "1.9.1", "numpy": "2.4.1"}
SCORES = {"val_rmse": 0.4, "val_mae": 0.3, "val_r2": 0.8}
FACTS = replace(RECORDED, libraries=HERE, scores=SCORES, skops_sha256="d" * 64, cpu="x86_64")
HASHES = FileHashes(FACTS.model_sha256, FACTS.predictions_sha256, FACTS.skops_sha256)
EXPECTED = Expected(DatasetUse(FACTS.dataset, FACTS.dataset_digest), "random", 0)
RMSE = Score("val_rmse", Goal.MINIMIZE)
OTHER_BITS: dict[str, Any] = {
    "model_sha256": "9" * 64,
    "predictions_sha256": "8" * 64,
    "skops_sha256": "7" * 64,
}
OLDER = HERE | {"scikit-learn": "1.8.0"}


def _facts(**changed: Any) -> ModelFacts:
    return replace(FACTS, **changed)


def _weigh(
    facts: ModelFacts = FACTS,
    built: ModelFacts = FACTS,
    summary: dict[str, object] | None = None,
    score: Score | None = RMSE,
    seconds: float = 2.0,
) -> Proof | str:
    logged = {**facts.scores} if summary is None else summary
    return weigh("e/p/m:v0", Claims(facts, summary=logged), Rebuilt(built, seconds), score)


def _why(*arguments: Any, **options: Any) -> str:
    reason = _weigh(*arguments, **options)
    assert isinstance(reason, str)
    return reason


def test_equal_bits_prove_config_data_scores_and_the_file() -> None:
    proof = _weigh()
    assert isinstance(proof, Proof)
    assert (proof.how, proof.facts, proof.why) == (How.IDENTICAL, FACTS, "")
    stored = json.loads(json.dumps(proof.as_json(), allow_nan=False))
    assert stored["built"]["model_sha256"] == FACTS.model_sha256
    assert stored["fit_seconds"] == 2.0


@pytest.mark.parametrize("changed", [{name: value} for name, value in OTHER_BITS.items()])
def test_the_same_environment_must_give_the_same_bits(changed: dict[str, Any]) -> None:
    ((name, _),) = changed.items()
    assert _why(built=_facts(**changed)).startswith(f"{name} is ")


def test_the_first_fact_that_differs_is_named() -> None:
    built = _facts(scores=SCORES | {"val_rmse": 0.5}, **OTHER_BITS)
    assert _why(built=built) == "val_rmse is 0.4 in model.json, built again it is 0.5"


@pytest.mark.parametrize(
    "changed",
    [
        {"best_iteration": 40},
        {"config": {"model": "random_forest", "seed": 1}},
        {"features": ("Latitude",)},
        {"interval90": 0.1},
        {"model_bytes": 1},
        {"problem": {"name": "other"}},
        {"dataset_sha256": "6" * 64},
        {"libraries": OLDER},
    ],
)
def test_right_bits_with_a_false_fact_beside_them_are_rejected(changed: dict[str, Any]) -> None:
    assert "built again it is" in _why(facts=_facts(**changed))


def test_facts_that_bits_do_not_prove_may_differ_with_them() -> None:
    other = _facts(libraries=HERE | {"numpy": "2.4.9"}, code_sha256="5" * 64, cpu="arm64")
    proof = _weigh(facts=other)
    assert isinstance(proof, Proof)
    assert proof.facts == FACTS


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"libraries": OLDER}, "scikit-learn 1.8.0, here 1.9.1"),
        ({"code_sha256": "5" * 64}, "the code of housing-sweep differs"),
        ({"cpu": "arm64"}, "CPU arm64, here x86_64"),
    ],
)
def test_another_environment_may_differ_a_little_and_what_is_built_here_counts(
    changed: dict[str, Any], why: str
) -> None:
    scores = SCORES | {"val_rmse": 0.4 * 1.019}
    proof = _weigh(facts=_facts(**changed), built=_facts(scores=scores, **OTHER_BITS))
    assert isinstance(proof, Proof)
    assert (proof.how, proof.why) == (How.REBUILT, why)
    assert proof.facts is not None
    assert proof.facts.model_sha256 == OTHER_BITS["model_sha256"]


@pytest.mark.parametrize("name", list(SCORES))
def test_another_environment_explains_no_more_than_the_tolerance(name: str) -> None:
    built = _facts(scores=SCORES | {name: SCORES[name] * 1.03}, **OTHER_BITS)
    assert "is more than scikit-learn 1.8.0" in _why(facts=_facts(libraries=OLDER), built=built)


def test_another_environment_with_another_split_cannot_be_compared() -> None:
    built = _facts(split_fingerprint="beef", **OTHER_BITS)
    why = _why(facts=_facts(libraries=OLDER), built=built)
    assert why.startswith("split_fingerprint is f00d")


def test_a_processor_that_was_not_recorded_is_not_another_one() -> None:
    assert environment_differences(_facts(cpu=""), FACTS) == ()
    assert _why(facts=_facts(cpu=""), built=_facts(**OTHER_BITS)).startswith("predictions_sha256")


@pytest.mark.parametrize("logged", [0.1, 0.4 + 2e-9, "0.4", float("nan"), True, 10**400, None])
def test_a_run_is_ranked_by_what_was_built(logged: object) -> None:
    why = _why(summary={**SCORES, "val_rmse": logged})
    assert why.startswith("val_rmse is ")
    assert why.endswith("in its run, built again it is 0.4")


def test_a_rule_of_define_metric_is_read_like_any_other() -> None:
    best: dict[str, object] = {
        "val_rmse": {"min": 0.4, "max": 3.0},
        "val_mae": {"min": 0.3},
        "val_r2": {"max": 0.8},
    }
    assert isinstance(_weigh(summary=best), Proof)
    assert _why(summary=best | {"val_r2": {"max": 0.9}}).startswith("val_r2 is 0.9 in its run")


def test_a_size_that_a_run_makes_smaller_is_found_out_in_any_environment() -> None:
    small = {**SCORES, "model_bytes": 1}
    assert "model_bytes is 1 in its run" in _why(summary=small)
    other = _facts(libraries=OLDER)
    assert "model_bytes is 1 in its run" in _why(other, _facts(**OTHER_BITS), small)


def test_a_time_that_nobody_can_reach_does_not_win() -> None:
    score = Score("fit_seconds", Goal.MINIMIZE)
    assert isinstance(_weigh(summary={**SCORES, "fit_seconds": 0.6}, score=score), Proof)
    assert "here it took 2" in _why(summary={**SCORES, "fit_seconds": 0.001}, score=score)


def test_a_score_that_cannot_be_built_is_its_runs_word() -> None:
    why = _why(summary={**SCORES, "lift": 3.0}, score=Score("lift", Goal.MAXIMIZE))
    assert why.startswith("lift is its run's word alone")
    assert "--unverified" in why


def test_a_refit_has_no_scores_and_needs_the_same_bits() -> None:
    refit = _facts(refit_of="m", scores={})
    assert isinstance(_weigh(refit, refit, {}, None), Proof)
    assert _why(refit, replace(refit, **OTHER_BITS), {}, None).startswith("predictions_sha256")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"dataset_digest": "x"}, "dataset_digest is x in model.json, that of its sweep digest"),
        ({"dataset": "e/p/other:v3"}, "dataset is e/p/other:v3 in model.json"),
        ({"refit_of": "m"}, "it says that it is a refit of m: no trial's model"),
        ({"model_sha256": "9" * 64}, "model.joblib was changed"),
    ],
)
def test_what_cannot_be_true_is_not_built(changed: dict[str, Any], why: str) -> None:
    claims = Claims(_facts(**changed), _facts(**changed))
    assert why in why_not_built(claims, HASHES, EXPECTED, "random", 0)
    assert why_not_built(Claims(FACTS, FACTS), HASHES, EXPECTED, "random", 0) == ""


def test_a_lucky_split_is_none_of_the_sweep_unless_it_varies_it() -> None:
    claims = Claims(FACTS, FACTS)
    why = why_not_built(claims, HASHES, EXPECTED, "random", 17)
    assert why == "split_seed is 17 in model.json, that of its sweep 0"
    assert "split is spatial" in why_not_built(claims, HASHES, EXPECTED, "spatial", 0)
    varied = replace(EXPECTED, split=None, split_seed=None)
    assert why_not_built(claims, HASHES, varied, "spatial", 17) == ""


def test_an_unverified_model_says_so() -> None:
    assert unverified("m").as_json()["how"] == "unverified"
