"""Builds: each once, several at a time, never longer than they may take."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from housing_sweep.pipeline.judge.build_cache import BuildCache
from housing_sweep.pipeline.judge.builder import (
    LONGEST,
    ROWS_FILE,
    SHORTEST,
    Builder,
    Kind,
    Request,
)
from housing_sweep.pipeline.judge.fresh_process import ChildFailed, Children
from tests.support.real_trials import CONFIG, ROWS, RealTrials, SameProcess


@pytest.fixture(scope="module")
def request_(tmp_path_factory: pytest.TempPathFactory) -> Request:
    """A trial of a small table."""
    trials = RealTrials(tmp_path_factory.mktemp("trials"))
    config = {**CONFIG, "split": "random", "split_seed": 0}
    return Request(Kind.TRIAL, trials.dataset, config, note="a trial")


class _Waits(Children):
    """Answers once it may; counts who waits at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.may, self.waiting, self.most = threading.Event(), 0, 0
        self.ran: list[str] = []

    def run(
        self,
        command: str,
        request: Mapping[str, object],
        code: Path | None = None,
        limit_seconds: float | None = None,
    ) -> dict[str, object]:
        self.ran.append(command)
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        assert self.may.wait(60)
        self.waiting -= 1
        return {"fit_seconds": 2.5}


@pytest.fixture
def builders(tmp_path: Path) -> Iterator[list[Builder]]:
    made: list[Builder] = []
    yield made
    for builder in made:
        builder.close()


def _builder(
    builders: list[Builder], tmp_path: Path, children: Children, said: list[str] | None = None
) -> Builder:
    say = (lambda _: None) if said is None else said.append
    builder = Builder(BuildCache(tmp_path / "builds"), say, children)
    builders.append(builder)
    return builder


def test_a_build_leaves_facts_files_and_predictions_for_every_row(
    request_: Request, builders: list[Builder], tmp_path: Path
) -> None:
    build = _builder(builders, tmp_path, SameProcess()).build(request_)
    assert build.folder is not None
    assert (build.folder / "model.joblib").stat().st_size == build.answer["model_bytes"]
    assert np.load(build.arrays / ROWS_FILE).shape == (ROWS,)
    assert build.seconds > 0


def test_a_build_is_kept_for_later_without_its_files(
    request_: Request, builders: list[Builder], tmp_path: Path
) -> None:
    first, again = SameProcess(), SameProcess()
    _builder(builders, tmp_path, first).build(request_)
    builder = _builder(builders, tmp_path, again)
    assert builder.build(request_).folder is None
    assert again.ran == []
    assert builder.build(request_, files=True).folder is not None
    assert builder.build(request_).folder is not None  # what is here by now
    assert (first.ran, again.ran) == (["rebuild"], ["rebuild"])


def test_another_config_table_or_kind_is_another_build(request_: Request) -> None:
    here = {"code": "a"}
    key = request_.inputs(here)
    assert request_.inputs({"code": "b"}) != key
    assert replace(request_, config={**request_.config, "seed": 1}).inputs(here) != key
    assert replace(request_, kind=Kind.HARD).inputs(here) != key
    table = replace(request_.dataset, sha256="other")
    assert replace(request_, dataset=table).inputs(here) != key
    assert replace(request_, note="other", expected_seconds=3.0).inputs(here) == key


def test_several_are_built_beside_each_other_and_each_once(
    request_: Request, builders: list[Builder], tmp_path: Path
) -> None:
    children = _Waits()
    builder = _builder(builders, tmp_path, children)
    hard = replace(request_, kind=Kind.HARD)
    for one in (request_, request_, hard):
        builder.begin(one)
    deadline = time.monotonic() + 60
    while children.waiting < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    children.may.set()
    builder.build(request_)
    builder.build(hard)
    assert children.most == 2
    assert sorted(children.ran) == ["hard_split", "rebuild"]


def test_a_long_build_says_how_far_it_is(
    request_: Request,
    builders: list[Builder],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("housing_sweep.pipeline.judge.builder.SAY_SECONDS", 0.01)
    children, said = _Waits(), list[str]()
    builder = _builder(builders, tmp_path, children, said)
    threading.Timer(0.2, children.may.set).start()
    assert builder.build(replace(request_, expected_seconds=7.0)).seconds == 2.5
    assert said[0].startswith("building a trial: 0 s of about 7")


@pytest.mark.parametrize(
    ("claimed", "limit"),
    [(10.0, SHORTEST + 200.0), (0.001, SHORTEST + 0.02), (0.0, LONGEST), (1e300, LONGEST)],
)
def test_a_fit_may_take_twenty_times_what_its_run_says(
    request_: Request, claimed: float, limit: float
) -> None:
    assert replace(request_, expected_seconds=claimed).limit_seconds == limit


def test_a_config_that_cannot_be_built_says_why_and_is_not_kept(
    request_: Request, builders: list[Builder], tmp_path: Path
) -> None:
    builder = _builder(builders, tmp_path, SameProcess())
    with pytest.raises(ChildFailed, match="learning_rate"):
        builder.build(replace(request_, config={**CONFIG, "learning_rate": 7.0}))
    assert not (tmp_path / "builds").exists()
