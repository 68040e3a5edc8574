"""A model is loaded if its promotion says that it was built again, or if it is built again now."""

from pathlib import Path
from typing import Any

import pytest

from housing_sweep.errors import Refused
from housing_sweep.pipeline.use.proved import require_proof
from tests.support.fakes import Record
from tests.support.real_trials import RealTrials, SameProcess


@pytest.fixture
def trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealTrials:
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    trials = RealTrials(tmp_path)
    trials.add("a")
    return trials


def _proof(trials: RealTrials, children: SameProcess) -> str:
    backend = trials.backend
    model = backend.artifacts.model("e/p/model-a:v0")
    folder = trials.folder / "files"
    folder.mkdir(exist_ok=True)
    files = backend.artifacts.fetch_model(model, folder)
    return require_proof(backend, model, files, lambda _: None, children)


def _promoted(trials: RealTrials, how: str, sha256: str, *, applied: bool = True) -> None:
    config: dict[str, Any] = {
        "alias": "staging",
        "challenger": {"artifact_id": "id-a"},
        "proof": {"how": how, "built": {"model_sha256": sha256, "skops_sha256": _skops(trials)}},
    }
    trials.backend.records.append(Record("1", config, summary={"applied": applied}))


def _skops(trials: RealTrials) -> str:
    facts = trials.backend.artifacts.model("e/p/model-a:v0").facts
    assert facts is not None
    return facts.skops_sha256


def _sha256(trials: RealTrials) -> str:
    facts = trials.backend.artifacts.model("e/p/model-a:v0").facts
    assert facts is not None
    return facts.model_sha256


@pytest.mark.parametrize("how", ["identical", "rebuilt here"])
def test_a_promotion_that_built_these_very_bytes_is_proof(trials: RealTrials, how: str) -> None:
    _promoted(trials, how, _sha256(trials))
    children = SameProcess()
    assert _proof(trials, children) == "recorded"
    assert children.ran == []


@pytest.mark.parametrize(
    ("how", "sha256", "applied"),
    [("identical", "0" * 64, True), ("identical", "", False), ("", "", True)],
)
def test_any_other_record_proves_nothing_and_the_model_is_built_again(
    trials: RealTrials, how: str, sha256: str, applied: bool
) -> None:
    _promoted(trials, how, sha256 or _sha256(trials), applied=applied)
    children = SameProcess()
    assert _proof(trials, children) == "built here"
    assert children.ran == ["rebuild"]
    assert _proof(trials, SameProcess()) == "built here"  # and kept


def test_what_was_promoted_unverified_is_not_loaded(trials: RealTrials) -> None:
    _promoted(trials, "unverified", "")
    with pytest.raises(Refused, match="is unverified: nobody built it again"):
        _proof(trials, SameProcess())


def test_what_is_not_what_is_built_is_not_loaded(trials: RealTrials) -> None:
    trials.change("a", best_iteration=3)
    with pytest.raises(Refused, match="best_iteration is 3 in"):
        _proof(trials, SameProcess())


def test_a_model_whose_run_is_gone_is_not_loaded(
    trials: RealTrials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.fakes.FakeRuns.made_by", lambda *_: None)
    with pytest.raises(Refused, match="was deleted: nothing proves it") as error:
        _proof(trials, SameProcess())
    assert "promote it" in error.value.fix
