"""A model built again from its record: what stops it before anything is built."""

import json
from dataclasses import replace

import pytest

from housing_sweep.errors import NotFound, Refused
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline.trace.reproduce import reproduce
from housing_sweep.pipeline.values import FetchedDataset
from housing_sweep.registry.model_facts import ModelFacts
from tests.support.fakes import FACTS, FakeArtifacts, FakeBackend, candidate

MODEL, DATASET = "e/p/model-a:v0", FACTS.dataset


class _ReplacedData(FakeArtifacts):
    """The dataset's name holds another table now."""

    def fetch_dataset(self, name: str) -> FetchedDataset:
        return replace(super().fetch_dataset(name), digest="another")


class _LaterBackend(FakeBackend):
    @property
    def artifacts(self) -> FakeArtifacts:
        return _ReplacedData(self)


def _files(facts: ModelFacts = FACTS) -> dict[str, dict[str, bytes]]:
    model = {
        "model.joblib": b"never loaded",
        "model.json": json.dumps(facts.document()).encode(),
    }
    return {MODEL: model, DATASET: {PROBLEM.file: b"x"}}


def test_a_model_that_nobody_knows_is_not_found() -> None:
    said: list[str] = []
    with pytest.raises(NotFound, match="nobody is neither an alias nor a run"):
        reproduce(FakeBackend([]), "nobody", said.append)
    assert said == []


def test_without_its_dataset_nothing_can_be_built() -> None:
    files = {MODEL: _files()[MODEL]}
    with pytest.raises(NotFound, match=f"no dataset {DATASET}"):
        reproduce(FakeBackend([candidate("a", 0.4)], files=files), MODEL, print)


def test_a_dataset_that_was_replaced_is_not_the_one_it_was_trained_on() -> None:
    backend = _LaterBackend([candidate("a", 0.4)], files=_files())
    with pytest.raises(NotFound, match="has digest another now, the model was trained on digest"):
        reproduce(backend, MODEL, print)


def test_an_artifact_that_is_no_model_of_ours_is_refused() -> None:
    files = {MODEL: {"model.joblib": b"x"}, DATASET: {PROBLEM.file: b"x"}}
    with pytest.raises(Refused, match=r"it has no model\.json"):
        reproduce(FakeBackend([candidate("a", 0.4)], files=files), MODEL, print)
