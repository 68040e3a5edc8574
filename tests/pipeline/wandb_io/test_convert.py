"""The SDK's runs and artifacts as our values; stand-ins have the attributes that are read."""

from types import SimpleNamespace
from typing import Any

import pytest

from housing_sweep.pipeline.wandb_io import convert
from tests.support.fakes import FACTS


def _run(**changes: Any) -> Any:
    run: dict[str, Any] = {
        "path": ["e", "p", "r1"],
        "name": "one",
        "state": "finished",
        "created_at": "2026-01-01T00:00:00Z",
        "config": {},
        "commit": None,
        "user": None,
        "url": None,
        "summary_metrics": {},
    }
    return SimpleNamespace(**{**run, **changes})


def test_a_run_is_its_whole_path_and_what_is_not_known_is_empty() -> None:
    candidate = convert.candidate(_run())
    assert (candidate.id, candidate.user, candidate.url) == ("e/p/r1", None, "")


def test_wandbs_own_keys_and_charts_stay_away() -> None:
    rule = {"min": 0.1}
    summary = {
        "val_rmse": 0.4,
        "nan": "NaN",
        "rule": rule,
        "_step": 3,
        "chart": {"_type": "table-file", "path": "x"},
        "list": [1],
    }
    candidate = convert.candidate(_run(summary_metrics=summary, config={"_wandb": {}, "lr": 0.1}))
    assert candidate.summary == {"val_rmse": 0.4, "nan": "NaN", "rule": rule}
    assert candidate.config == {"lr": 0.1}


def test_a_config_is_plain_json_whatever_was_in_it() -> None:
    candidate = convert.candidate(_run(config={"point": (1, 2), "odd": object}))
    assert candidate.config["point"] == [1, 2]
    assert isinstance(candidate.config["odd"], str)


@pytest.mark.parametrize("fetched_by", ["v3", "staging", "latest"])
def test_a_version_has_its_number_in_its_name_however_it_was_fetched(fetched_by: str) -> None:
    artifact = SimpleNamespace(qualified_name=f"e/p/model:{fetched_by}", version="v3")
    assert convert.artifact_path(artifact) == "e/p/model:v3"


def test_metadata_is_facts_or_nothing_or_what_is_wrong_with_it() -> None:
    assert convert.model_facts(FACTS.document()) == (FACTS, "")
    assert convert.model_facts({}) == (None, "")
    facts, why = convert.model_facts({"config": 3})
    assert facts is None
    assert "its metadata" in why
