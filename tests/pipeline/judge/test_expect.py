"""What a sweep's spec says of its trials' data and split; no run is asked."""

from dataclasses import replace
from typing import Any

import pytest

from housing_sweep.errors import BadInput, SpecError
from housing_sweep.pipeline.judge import expect
from housing_sweep.pipeline.values import SweepFacts
from housing_sweep.registry.references import SweepId, SweepRef, Target
from tests.support.fakes import FakeArtifacts, FakeBackend, candidate

REF = SweepRef("e", "p", SweepId("s"))


class _Asked(FakeArtifacts):
    """Remembers which dataset was asked for, and when."""

    asked: tuple[str, str] = ("", "")

    def dataset_at(self, reference: str, home: SweepRef, moment: str) -> str:
        self.asked = (reference, moment)
        return super().dataset_at(reference, home, moment)


def _facts(**fixed: object) -> SweepFacts:
    return SweepFacts(REF, parameters=tuple(fixed), fixed=fixed, created_at="2026-01-02T03:04:05Z")


@pytest.fixture
def artifacts() -> _Asked:
    return _Asked(FakeBackend([]))


@pytest.mark.parametrize(
    ("fixed", "named", "asked"),
    [
        ({}, "", ("california-housing:latest", "2026-01-02T03:04:05Z")),
        ({"dataset": "flats:v3"}, "", ("flats:v3", "2026-01-02T03:04:05Z")),
        ({"dataset": "flats:v3"}, "flats:v4", ("flats:v4", "")),
    ],
)
def test_the_spec_names_the_dataset_as_it_was_when_the_sweep_began(
    artifacts: _Asked, fixed: dict[str, object], named: str, asked: tuple[str, str]
) -> None:
    expected = expect.of_sweep(artifacts, _facts(**fixed), named).expected
    assert artifacts.asked == asked
    assert (expected.dataset.name, expected.dataset.digest) == (
        "e/p/california-housing:v0",
        "digest",
    )


@pytest.mark.parametrize(
    "facts",
    [
        replace(_facts(), parameters=("dataset",)),
        _facts(dataset=7),
        _facts(dataset=""),
    ],
)
def test_a_sweep_without_one_dataset_needs_one_named(artifacts: _Asked, facts: SweepFacts) -> None:
    with pytest.raises(BadInput, match="do not have one dataset in common") as error:
        expect.of_sweep(artifacts, facts, "")
    assert "--dataset" in error.value.fix
    assert expect.of_sweep(artifacts, facts, "flats:v4").expected.split == "random"


@pytest.mark.parametrize(
    ("facts", "split", "seed"),
    [
        (_facts(), "random", 0),
        (_facts(split="spatial", split_seed=3), "spatial", 3),
        (replace(_facts(), parameters=("split_seed",)), "random", None),
        (replace(_facts(), parameters=("split", "split_seed")), None, None),
    ],
)
def test_the_spec_says_which_split_scores_are_from(
    artifacts: _Asked, facts: SweepFacts, split: str | None, seed: int | None
) -> None:
    expected = expect.of_sweep(artifacts, facts, "").expected
    assert (expected.split, expected.split_seed) == (split, seed)


def test_a_split_that_is_none_is_the_specs_mistake(artifacts: _Asked) -> None:
    with pytest.raises(SpecError, match="split: 'sideways' is unknown"):
        expect.of_sweep(artifacts, _facts(split="sideways"), "")


def test_a_model_that_stands_for_itself_belongs_to_the_sweep_of_its_run() -> None:
    backend = FakeBackend([candidate("a", 0.4)], sweep_parameters={"split_seed": 5})
    (run,) = backend.candidates
    model: Any = backend.runs.model_of(run)
    expected = expect.of_model(backend, model, run, Target("production"), "").expected
    assert expected.split_seed == 5
