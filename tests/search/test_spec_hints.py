"""What a spec's writer probably meant."""

from typing import Any

import pytest
import yaml

from housing_sweep.search import spec_hints

GOOD: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"values": [1, 2]}},
}


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("1e-4", "1.0e-4"),
        ("2E3", "2.0e+3"),
        ("1.5e7", "1.5e+7"),
        (" 1.e-4 ", "1.0e-4"),
    ],
)
def test_a_number_that_yaml_read_as_a_word_is_spelt_as_yaml_wants_it(
    word: str, number: str
) -> None:
    assert spec_hints.exponent(word) == f": YAML reads it as a word, write {number}"
    assert isinstance(yaml.safe_load(number), float)


@pytest.mark.parametrize("value", ["word", "1e", "e5", "0x1e5", 1e-4, None, ["1e-4"]])
def test_what_is_no_such_number_gets_no_hint(value: object) -> None:
    assert spec_hints.exponent(value) == ""


def test_a_choice_names_the_nearest_or_all() -> None:
    known = ("grid", "random", "bayes")
    assert spec_hints.choice("method", "grit", known) == (
        "method: 'grit' is unknown, did you mean grid?"
    )
    assert spec_hints.choice("method", 7, known).endswith("use one of grid, random, bayes")


def test_the_first_misspelt_key_is_told_and_a_strange_one_is_not_guessed_at() -> None:
    assert spec_hints.near_key({"q": 1, "vlaues": [], "mni": 0}) == (
        " (vlaues: did you mean values?)"
    )
    assert spec_hints.near_key({"zzz": 1, 5: 2}) == ""


def test_a_sound_spec_has_no_warning() -> None:
    assert list(spec_hints.warnings(GOOD)) == []
    assert list(spec_hints.warnings({**GOOD, "method": "bayes", "run_cap": 3})) == []


def test_keys_of_nested_parameters_are_looked_at_and_private_ones_are_not() -> None:
    nested = {"group": {"parameters": {"x": {"value": "1e5", "mxa": 2, "_wandb": {}}}}}
    number, key = spec_hints.warnings({**GOOD, "parameters": nested})
    assert number.startswith("parameters.group.parameters.x: '1e5' is not a number")
    assert number.endswith("write 1.0e+5")
    assert key == ("parameters.group.parameters.x.mxa: unknown, it is ignored, did you mean max?")


def test_a_sweep_without_an_end_is_warned_of_unless_its_scheduler_ends_it() -> None:
    endless = {**GOOD, "method": "random"}
    assert list(spec_hints.warnings(endless)) == [
        "run_cap: there is none, the sweep ends only when it is stopped"
    ]
    assert list(spec_hints.warnings({**endless, "scheduler": {"engine": "optuna"}})) == []
