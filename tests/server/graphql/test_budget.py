"""What one query may cost: its text, its fragments, its answer, its time."""

import sqlite3

import pytest
from graphql import GraphQLError, parse

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql import budget
from housing_sweep.server.graphql.budget import CompiledTexts, check_document
from tests.support.inprocess import House

DOUBLING = "".join(
    f"fragment F{n} on User {{ a: entity {{ id }} ...F{n + 1} b: entity {{ id }} ...F{n + 1} }} "
    for n in range(24)
)
TOO_MUCH = {
    "fields": "{ viewer { " + "id " * 1001 + "} }",
    "aliases": "{ " + "".join(f"a{n}: viewer {{ id }} " for n in range(501)) + "}",
    "fragments that double": f"{DOUBLING} fragment F24 on User {{ id }} {{ viewer {{ ...F0 }} }}",
    "levels": "{ viewer " + "{ entity { user " * 16 + "{ id }" + "} }" * 16 + " }",
    "levels of fragments": "{ viewer { ...F0 } } "
    + "".join(f"fragment F{n} on User {{ ...F{n + 1} }} " for n in range(40))
    + "fragment F40 on User { id }",
    "operations": "".join(f"query Q{n} {{ viewer {{ id }} }} " for n in range(501)),
    "inline fragments": "{ viewer " + "{ ... on User " * 40 + "{ id }" + " }" * 40 + " }",
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_a_text_that_asks_for_too_much_is_refused_before_it_is_validated(what: str) -> None:
    with pytest.raises(GraphQLError, match=r"nested deeper than|are allowed"):
        check_document(parse(TOO_MUCH[what]))


def test_the_refusal_says_what_to_do(house: House) -> None:
    house.user("ann")
    with pytest.raises(GraphQLError, match=r"1001 fields .* 1000 are allowed\n  fix: ask for"):
        house.ask("ann", "{ " + "".join(f"a{n}: __typename " for n in range(1001)) + "}")


def test_words_and_signs_are_counted_too(house: House) -> None:
    house.user("ann")
    with pytest.raises(GraphQLError, match="tokens"):
        house.ask("ann", "{ viewer(" + "a: [[]] " * 10_000 + ") { id } }")


@pytest.mark.parametrize(("limit", "value"), [("fields", 2), ("characters", 8), ("ends_at", 0.0)])
def test_an_answer_beyond_the_budget_ends_as_one_error(
    house: House, monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    house.user("ann")
    whole = budget.Budget.new()
    setattr(whole, limit, value)
    monkeypatch.setattr(budget.Budget, "new", staticmethod(lambda: whole))
    error = house.refused("ann", "{ viewer { id username } }")
    assert isinstance(error, BadInput)
    assert "this query" in error.what
    assert error.fix.startswith("ask for less")


def test_errors_count_against_the_budget_too(house: House) -> None:
    house.user("ann")
    spare = budget.Budget.new()
    before = spare.fields
    context = house.context("ann")
    query = '{ project(entityName: "ann", name: "nope") { id } node: artifact(id: "x") { id } }'
    result = house.api.execute(query, {}, None, context)
    assert result.errors
    used = before - context.cache[budget.Budget].fields  # type: ignore[attr-defined]
    assert used > 500


def test_sqlite_ends_with_the_time(house: House) -> None:
    long = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)"
        " SELECT max(i) FROM n"
    )
    with (
        pytest.raises(sqlite3.OperationalError, match="interrupted"),
        budget.Budget(ends_at=0.0).bounding(house.db),
    ):
        house.db.execute(long).fetchone()
    assert house.db.execute("SELECT 1").fetchone()[0] == 1


def test_what_was_compiled_is_bounded_by_size_and_the_oldest_goes_first() -> None:
    compiled: list[str] = []

    def compile(text: str) -> tuple[str, int]:
        compiled.append(text)
        return text.upper(), 0

    texts = CompiledTexts(compile, most_bytes=80)
    for text in ("a" * 10, "b" * 10):
        assert texts.get(text) == text.upper()
    for letter in "cdefgh":
        texts.get(letter * 10)
        texts.get("a" * 10)
    assert texts.bytes == 80
    texts.get("i" * 10)
    assert compiled.count("a" * 10) == 1
    assert texts.get("b" * 10) == "B" * 10
    assert compiled.count("b" * 10) == 2


def test_one_large_text_does_not_drive_out_all_others() -> None:
    texts = CompiledTexts(lambda text: (text, 1000), most_bytes=10_000)
    assert texts.get("x") == "x"
    assert (len(texts), texts.bytes) == (0, 0)
