"""The judge of models: proved, tied, refitted, and set against a champion."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from housing_sweep.pipeline.judge.contest import ModelJudge
from housing_sweep.registry.policy import Comparison
from housing_sweep.registry.references import Target
from housing_sweep.registry.selection import Candidate, Model, Ranked, Winner
from housing_sweep.search.score import score_of
from housing_sweep.tabular.data_findings import DataPolicy
from tests.support.real_trials import RealTrials, SameProcess

RMSE, STAGING = score_of({}), Target("staging")


@pytest.fixture
def trials(tmp_path: Path) -> RealTrials:
    return RealTrials(tmp_path)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def judge(
    trials: RealTrials, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModelJudge]:
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    with ModelJudge(trials.backend, said.append, SameProcess()) as judge:
        judge.expect(lambda: trials.expectation)
        yield judge


def _proved(judge: ModelJudge, run: Candidate) -> Model:
    model = judge.examine(run, RMSE)
    assert isinstance(model, Model), model
    return model


def test_whom_nobody_beats_meets_the_baseline(judge: ModelJudge, trials: RealTrials) -> None:
    model = _proved(judge, trials.add("a"))
    comparison = judge.contest(model, None, refit=False, spatial=False)
    assert isinstance(comparison, Comparison)
    assert comparison.first


def test_a_champion_is_proved_before_it_counts(
    judge: ModelJudge, trials: RealTrials, said: list[str]
) -> None:
    strong, weak = trials.add("strong"), trials.add("weak", max_iter=3)
    backend = trials.backend
    backend.links, backend.aliases = ["e/p/model-weak:v0"], {"staging": "e/p/model-weak:v0"}
    champion = backend.registry.champion(backend.registry.home, STAGING)
    model = _proved(judge, strong)
    comparison = judge.contest(model, champion, refit=False, spatial=False)
    assert isinstance(comparison, Comparison)
    assert (comparison.first, comparison.champion.name) == (False, "r/c:v0")
    assert comparison.difference < 0

    trials.change(str(weak.id), best_iteration=1)
    with ModelJudge(backend, said.append, SameProcess()) as another:
        another.expect(lambda: trials.expectation)
        model = _proved(another, strong)
        comparison = another.contest(model, champion, refit=False, spatial=False)
    assert isinstance(comparison, Comparison)
    assert comparison.first
    assert "r/c:v0 cannot be proved: best_iteration is 1" in comparison.note


def test_a_lighter_trial_within_noise_ties_by_what_it_predicts(
    judge: ModelJudge, trials: RealTrials
) -> None:
    best, near, far = trials.add("best"), trials.add("near", seed=1), trials.add("far", max_iter=1)
    leader = Winner(Ranked(best, RMSE.read(best.summary)), _proved(judge, best), 0.5)
    rows = {run.id: Ranked(run, 0.5) for run in (near, far)}
    assert judge.ties(leader, rows[near.id])
    assert not judge.ties(leader, Ranked(far, 0.9))
    other_split = replace(near, summary={**near.summary, "split_fingerprint": "other"})
    assert not judge.ties(leader, Ranked(other_split, 0.5))


def test_what_is_built_for_good_is_the_artifact_that_will_be_logged(
    judge: ModelJudge, trials: RealTrials
) -> None:
    run = trials.add("a")
    model = _proved(judge, run)
    rebuilt = judge.own(model, refit=False)
    assert rebuilt.name == "model-a-rebuilt"
    assert rebuilt.files.facts.rebuilt_of == model.name
    logged = trials.backend.files[model.name]
    assert rebuilt.files.path.read_bytes() == logged["model.joblib"]
    refit = judge.own(model, refit=True)
    assert (refit.name, refit.files.facts.refit_of) == ("model-a-refit", model.name)
    assert refit.files.facts.scores == {}
    assert refit.files.facts.interval90 == rebuilt.files.facts.interval90


def test_a_version_has_the_same_bits_or_it_has_not(judge: ModelJudge, trials: RealTrials) -> None:
    model = _proved(judge, trials.add("a"))
    backend = trials.backend
    own = judge.own(model, refit=False)
    name = "e/p/model-a-rebuilt:v0"
    backend.files[name] = {n: p.read_bytes() for n, p in own.files.by_name().items()}
    backend.links, backend.aliases = [name], {"staging": name}
    champion = backend.registry.champion(backend.registry.home, STAGING)
    assert champion is not None
    assert judge.same_bits(model, champion, refit=False)
    assert not judge.same_bits(model, champion, refit=True)
    backend.files[name]["model.joblib"] += b"x"
    assert not judge.same_bits(model, champion, refit=False)


def test_what_is_foreseen_is_built_once(judge: ModelJudge, trials: RealTrials) -> None:
    runs = [trials.add("a"), trials.add("b", max_iter=8)]
    runs.sort(key=lambda run: RMSE.read(run.summary) or 0.0)
    policy = DataPolicy().as_json()
    judge.foresee(runs, RMSE, None, policy, ties=True, spatial=False)
    model = _proved(judge, runs[0])
    judge.contest(model, None, refit=False, spatial=False)
    assert judge.findings(model, None, policy) == ()
