"""Relay's conventions: ids that tell their kind, pages without gap or repeat, cursors."""

import base64
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Edge, from_id, to_id


def test_ids_are_standard_base64_of_kind_and_number() -> None:
    assert to_id("User", 7) == "VXNlcjo3"
    assert from_id("User", "VXNlcjo3") == 7
    assert from_id(("Run", "User"), "VXNlcjo3") == 7


@pytest.mark.parametrize(
    "opaque",
    [
        "",
        "7",
        "VXNlcjo3",
        "é",
        "UHJvamVjdDp4",
        to_id("Project", ""),
        to_id("Project", 2**63),
        to_id("Project", "9" * 5000),
        base64.b64encode(b"Project:\xff").decode(),
    ],
)
def test_an_id_of_another_kind_or_of_no_row_is_refused(opaque: str) -> None:
    with pytest.raises(BadInput, match="is not the id of a Project"):
        from_id("Project", opaque)


@pytest.mark.parametrize(
    ("first", "expected"),
    [(None, relay.DEFAULT_PAGE), (7, 7), (0, 0), (-1, 0), (10**9, relay.MAX_PAGE)],
)
def test_a_page_is_bounded(first: int | None, expected: int) -> None:
    assert relay.page_size(first) == expected


def test_a_page_goes_on_where_its_last_row_ends() -> None:
    edges = [Edge(n, f"c{n}") for n in range(3)]
    page = relay.connection(edges, 2, 9)
    assert [edge.node for edge in page.edges] == [0, 1]
    assert (page.page_info.end_cursor, page.page_info.has_next_page) == ("c1", True)
    assert page.total_count == 9
    whole = relay.connection(edges, 3)
    assert (whole.page_info.end_cursor, whole.page_info.has_next_page) == ("c2", False)
    empty = relay.connection([], 3)
    assert (empty.page_info.end_cursor, empty.page_info.has_next_page) == (None, False)


@given(st.lists(st.integers(), max_size=30), st.integers(min_value=1, max_value=9))
def test_pages_of_rows_in_memory_have_neither_gap_nor_repeat(rows: list[int], size: int) -> None:
    read: list[int] = []
    after: str | None = None
    more = True
    while more:
        page = relay.offset_page(rows, after, size)
        nodes: Sequence[int] = [edge.node for edge in page.edges]
        assert len(nodes) <= size
        assert page.total_count == len(rows)
        read.extend(nodes)
        after, more = page.page_info.end_cursor, page.page_info.has_next_page
    assert read == rows


@pytest.mark.parametrize("cursor", ["x", to_id("Run", 3), "YXQ6eA=="])
def test_a_cursor_of_somebody_else_is_refused(cursor: str) -> None:
    with pytest.raises(BadInput):
        relay.offset_of(cursor)
    assert relay.offset_of(None) == relay.offset_of("") == 0
    assert relay.offset_of(relay.to_cursor(5)) == 5
