"""What keeps a model from being believed."""

from dataclasses import replace
from typing import Any

import pytest

from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.verification import (
    Claims,
    FileHashes,
    library_differences,
    spelled,
    why_not_loaded,
    why_other_libraries,
    why_untrue,
)
from tests.support.fakes import FACTS as RECORDED

HERE = {"scikit-learn": "1.9.1", "housing-sweep": "0.1.0", "numpy": "2.4.1", "python": "3.11.7"}
SCORES = {"val_rmse": 0.4, "val_mae": 0.3, "val_r2": 0.8}
FACTS = replace(RECORDED, libraries=HERE, scores=SCORES, skops_sha256="d" * 64)
HASHES = FileHashes(FACTS.model_sha256, FACTS.predictions_sha256, FACTS.skops_sha256)
GOOD = Claims(FACTS, FACTS, summary={**SCORES, "model_sha256": FACTS.model_sha256})


def test_what_agrees_may_be_loaded() -> None:
    assert why_not_loaded(GOOD, HASHES, HERE) == ""


def _with(**changed: Any) -> ModelFacts:
    return replace(FACTS, **changed)


def test_metadata_that_is_not_there_tells_nothing() -> None:
    assert "its metadata does not tell" in why_untrue(replace(GOOD, metadata=None), HASHES)


def test_a_note_in_the_metadata_is_no_lie() -> None:
    assert why_untrue(replace(GOOD, metadata=_with(more={"reviewed": "yes"})), HASHES) == ""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"metadata": None, "why_no_metadata": "its metadata lacks x"}, "its metadata lacks x"),
        ({"metadata": _with(model_bytes=1)}, "model_bytes is 10 in model.json, 1 in its metadata"),
        ({"metadata": _with(refit_of="m")}, "refit_of is empty in model.json, m in its metadata"),
        ({"summary": {"dataset_digest": "other"}}, "digest in model.json, other in its run"),
        ({"facts": _with(libraries={}), "metadata": _with(libraries={})}, "scikit-learn None"),
        (
            dict.fromkeys(("facts", "metadata"), _with(libraries=HERE | {"scikit-learn": "1.9.0"})),
            "scikit-learn 1.9.0",
        ),
        (
            dict.fromkeys(("facts", "metadata"), _with(libraries=HERE | {"python": "3.12.1"})),
            "python 3.12.1",
        ),
    ],
)
def test_what_disagrees_is_not_loaded(changed: dict[str, Any], why: str) -> None:
    assert why in why_not_loaded(replace(GOOD, **changed), HASHES, HERE)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"model": "e" * 64}, "model.joblib was changed: SHA-256 eeeeeeeeeeee..., recorded aaaaaa"),
        ({"predictions": "e" * 64}, "predictions.npy was changed"),
        ({"predictions": ""}, "it has no predictions.npy"),
        ({"safe": "e" * 64}, "model.skops was changed"),
        ({"safe": ""}, "it has no model.skops"),
    ],
)
def test_a_file_that_is_another_one_is_named(changed: dict[str, Any], why: str) -> None:
    assert why in why_untrue(GOOD, replace(HASHES, **changed))


def test_a_model_without_a_safe_file_does_not_need_one() -> None:
    facts = _with(skops_sha256="")
    assert why_untrue(Claims(facts, facts), replace(HASHES, safe="")) == ""


def test_a_patch_release_of_numpy_or_python_does_not_matter_but_is_named() -> None:
    other = HERE | {"numpy": "2.4.9", "python": "3.11.9"}
    assert why_not_loaded(GOOD, HASHES, other) == ""
    assert library_differences(HERE, other) == (
        "numpy 2.4.1, here 2.4.9",
        "python 3.11.7, here 3.11.9",
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a" * 64, "aaaaaaaaaaaa..."),
        ("x" * 100, "x" * 60 + "..."),
        (0.1 + 0.2, "0.3"),
        ("turned\u202eround", "'turned\\u202eround'"),
        ("line\nbreak", "'line\\nbreak'"),
        (None, "None"),
    ],
)
def test_a_value_is_spelled_in_one_short_line_that_does_nothing(value: object, text: str) -> None:
    assert spelled(value) == text


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
