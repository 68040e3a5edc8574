"""Two models on rows that neither has seen, by what was built of them here."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline.judge.build_cache import BuildCache
from housing_sweep.pipeline.judge.builder import Builder, Kind, Request
from housing_sweep.pipeline.judge.compare import (
    BASELINE,
    Entrant,
    baseline,
    compare,
    foreseeable,
    rows_of,
    table_of,
    within_noise,
)
from housing_sweep.registry.policy import Comparison, NoComparison, Policy, Require, earned
from housing_sweep.tabular.dataset_files import csv_bytes
from housing_sweep.tabular.trial_config import TrialConfig
from tests.support.real_trials import CONFIG, ROWS, RealTrials, SameProcess


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> RealTrials:
    return RealTrials(tmp_path_factory.mktemp("trials"))


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    cache = BuildCache(tmp_path_factory.mktemp("cache") / "builds")
    builder = Builder(cache, lambda _: None, SameProcess())
    yield builder
    builder.close()


def _request(trials: RealTrials, **config: object) -> Request:
    known = TrialConfig.from_sweep({**CONFIG, **config}, PROBLEM)
    return Request(Kind.TRIAL, trials.dataset, known.as_dict(), note="a trial")


def _compare(builder: Builder, one: Request, two: Request | None, *, hard: bool) -> Comparison:
    other = Entrant("other", two) if two else None
    comparison = compare(builder, Entrant("mine", one), other, hard=hard)
    assert isinstance(comparison, Comparison)
    return comparison


def test_a_model_meets_the_baseline_on_all_test_rows(builder: Builder, trials: RealTrials) -> None:
    comparison = _compare(builder, _request(trials), None, hard=False)
    assert comparison.first
    assert comparison.champion.name == BASELINE
    assert comparison.rows == round(0.2 * ROWS)
    assert comparison.low < comparison.difference < comparison.high
    assert comparison.hard is None
    assert comparison.challenger.bytes is not None
    assert comparison.challenger.latency_ms is not None


def test_a_longer_fit_beats_a_shorter_one(builder: Builder, trials: RealTrials) -> None:
    short = _request(trials, max_iter=2)
    comparison = _compare(builder, _request(trials), short, hard=False)
    assert comparison.difference < 0
    assert comparison.challenger.rmse < comparison.champion.rmse < comparison.mean_rmse


def test_both_are_fitted_where_places_are_held_out_with_the_challengers_seed(
    builder: Builder, trials: RealTrials
) -> None:
    one, two = _request(trials, split_seed=3), _request(trials, max_iter=2)
    hard = _compare(builder, one, two, hard=True).hard
    assert hard is not None
    assert hard.kind == "spatial"
    assert hard.challenger < hard.champion
    same = _compare(builder, one, _request(trials, max_iter=2, split_seed=3), hard=True).hard
    assert same == hard


def test_rows_that_the_champion_has_seen_do_not_count(builder: Builder, trials: RealTrials) -> None:
    comparison = _compare(builder, _request(trials), _request(trials, split_seed=1), hard=False)
    assert comparison.rows < round(0.2 * ROWS) / 2


def test_a_champion_of_an_earlier_table_predicts_the_new_one(
    builder: Builder, trials: RealTrials, tmp_path: Path
) -> None:
    frame = synthetic.make(ROWS)
    csv = tmp_path / PROBLEM.file
    csv.write_bytes(csv_bytes(PROBLEM, frame.iloc[:250]))
    dataset = replace(trials.dataset, path="e/p/california-housing:v1", csv=csv, sha256="other")
    earlier = replace(_request(trials), dataset=dataset)
    comparison = _compare(builder, _request(trials), earlier, hard=False)
    assert 0 < comparison.rows < round(0.2 * ROWS)


def test_a_champion_of_another_table_cannot_be_compared(
    builder: Builder, trials: RealTrials
) -> None:
    other = replace(trials.dataset, problem=replace(PROBLEM, name="other"))
    champion = Entrant("theirs", replace(_request(trials), dataset=other))
    verdict = compare(builder, Entrant("mine", _request(trials)), champion, hard=False)
    assert isinstance(verdict, NoComparison)
    assert "another table" in verdict.reason


def test_why_the_baseline_stands_in_is_on_record(builder: Builder, trials: RealTrials) -> None:
    entrant = Entrant("mine", _request(trials))
    comparison = compare(builder, entrant, None, "the champion is rubbish", hard=False)
    assert comparison.as_json()["note"] == "the champion is rubbish"


def test_everything_that_a_promotion_needs_is_foreseen(trials: RealTrials) -> None:
    request, champion = _request(trials), replace(_request(trials), note="the champion")
    kinds = [one.kind for one in foreseeable(request, baseline(request), hard=True)]
    assert sorted(kinds, key=str) == sorted([Kind.HARD, Kind.HARD, Kind.BASELINE], key=str)
    assert foreseeable(request, champion, hard=False) == [champion]
    assert foreseeable(request, None, hard=False) == []


def test_what_is_behind_by_less_than_the_noise_ties(builder: Builder, trials: RealTrials) -> None:
    request = _request(trials)
    table = table_of(request.dataset, request.config)
    best = rows_of(builder.build(request))[table.split.validation]
    other = best + np.random.default_rng(0).normal(0, 0.01, len(best))
    assert within_noise(table, best, other, 1e-6)
    assert not within_noise(table, best, other, 0.1)
    assert not within_noise(table, best, None, 0.0)
    assert not within_noise(table, best, other[:-1], 0.0)


def test_scores_without_the_rows_that_training_has_too_stand_beside_them(
    builder: Builder, trials: RealTrials, tmp_path: Path
) -> None:
    frame = synthetic.make(ROWS)
    csv = tmp_path / PROBLEM.file
    doubled = pd.concat([frame, frame.iloc[:60]], ignore_index=True)
    csv.write_bytes(csv_bytes(PROBLEM, doubled))
    dataset = replace(trials.dataset, path="e/p/california-housing:v2", csv=csv, sha256="doubled")
    comparison = _compare(builder, replace(_request(trials), dataset=dataset), None, hard=False)
    without = comparison.without_copies
    assert without is not None
    assert 0 < without.copies < 60
    assert without.challenger != comparison.challenger.rmse
    assert f"without the {without.copies} rows" in earned(Policy(Require.NONE), comparison)[1]
    assert _compare(builder, _request(trials), None, hard=False).without_copies is None
