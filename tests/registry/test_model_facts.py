"""What a model's record may hold, and what whoever wrote it meant by it."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import Refused
from housing_sweep.registry.model_facts import DEEPEST, DatasetFacts, ModelFacts
from tests.support.fakes import FACTS

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = [item.name for item in fields(ModelFacts) if item.name != "more"]


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "facts",
    [
        FACTS,
        replace(FACTS, refit_of="e/p/m:v0", scores={}),
        replace(FACTS, interval90=None),
        replace(FACTS, skops_sha256="d" * 64),
        replace(FACTS, more={"later": {"a": [1, None]}}),
    ],
)
def test_written_and_read_again_it_is_the_same(facts: ModelFacts) -> None:
    document = json.loads(json.dumps(facts.document(), allow_nan=False))
    assert ModelFacts.parse(document, "model.json") == facts


def test_keys_of_a_later_version_are_kept() -> None:
    document = FACTS.document() | {"later": 7}
    assert ModelFacts.parse(document, "model.json").more == {"later": 7}


def test_every_field_that_is_missing_or_of_another_kind_is_named_at_once() -> None:
    document = FACTS.document() | {"best_iteration": "3", "scores": {"val_rmse": "low"}}
    del document["dataset"], document["model_sha256"]
    with pytest.raises(Refused) as error:
        ModelFacts.parse(document, "its metadata")
    assert error.value.what == (
        "its metadata is not what a trial of housing-sweep writes: best_iteration is not a whole"
        " number; scores is not a mapping of finite numbers; dataset is missing; model_sha256 is"
        " missing"
    )


@pytest.mark.parametrize("document", [None, [], "x", 3, 10**400])
def test_what_is_no_mapping_holds_no_facts(document: object) -> None:
    with pytest.raises(Refused, match="holds no facts"):
        ModelFacts.parse(document, "model.json")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value",
    [10**400, float("nan"), True, [[]], {"a": {}}, _nested(100_000), {"a": _nested(10_000)}],
)
def test_a_hostile_field_is_refused_by_name_or_harmless(name: str, value: object) -> None:
    document = FACTS.document() | {name: value}
    if name in ("config", "problem") and value == {"a": {}}:
        json.dumps(ModelFacts.parse(document, "model.json").document())
        return
    with pytest.raises(Refused) as error:
        ModelFacts.parse(document, "model.json")
    assert f"{name} is " in error.value.what
    assert len(error.value.what) < 200


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_whatever_stands_there_is_facts_or_a_refusal(changes: dict[str, object]) -> None:
    try:
        facts = ModelFacts.parse(FACTS.document() | changes, "model.json")
    except Refused:
        return
    assert ModelFacts.parse(facts.document(), "again") == facts


def test_an_unknown_key_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(Refused, match="later is nested too deep"):
        ModelFacts.parse(FACTS.document() | {"later": _nested(DEEPEST + 1)}, "model.json")


@pytest.mark.parametrize(
    ("metadata", "facts"),
    [
        ({}, DatasetFacts()),
        ({"sha256": "f" * 64, "source": "csv", "more": 1}, DatasetFacts("f" * 64, "csv")),
        ({"sha256": "../x", "source": "csv", "rows": 9}, DatasetFacts("", "csv", 9)),
        ({"sha256": 1, "source": None, "rows": True}, DatasetFacts()),
    ],
)
def test_a_foreign_dataset_says_little(metadata: dict[str, object], facts: DatasetFacts) -> None:
    assert DatasetFacts.parse(metadata) == facts
