"""What is published: equal data, equal bytes, and a schema that says what the table is about."""

import hashlib
import json

import pytest

from housing_sweep.errors import DataError
from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.data_findings import DataPolicy, examine
from housing_sweep.tabular.dataset_files import csv_bytes, files_of, problem_of
from housing_sweep.tabular.extras import LoadedTable
from housing_sweep.tabular.tables import parse_csv
from tests.support.local_server import ROOT
from tests.tabular.flats import FLATS, flats


def test_equal_data_gives_equal_files_whatever_its_origin() -> None:
    frame = synthetic.make(50)
    one = files_of(LoadedTable(PROBLEM, frame, "csv", "here.csv"))
    two = files_of(LoadedTable(PROBLEM, frame.copy(), "csv", "there.csv"))
    assert one == two
    assert one.metadata["rows"] == 50


def test_findings_and_their_policy_are_recorded_and_change_no_file() -> None:
    table = LoadedTable(FLATS, flats(20).assign(rooms=2.0), "csv", "here")
    policy = DataPolicy.parse(allow=["copied_rows"])
    findings = examine(FLATS, table.frame, policy)
    plain, examined = files_of(table), files_of(table, findings, policy)
    assert (examined.csv, examined.schema) == (plain.csv, plain.schema)
    assert "findings" not in plain.metadata
    recorded = json.loads(json.dumps(examined.metadata))
    assert [one["column"] for one in recorded["findings"] if one["column"]] == ["rooms"]
    assert recorded["data_policy"]["allowed"] == ["copied_rows"]


def test_the_schema_of_the_first_problem_stays_byte_for_byte() -> None:
    table = LoadedTable(PROBLEM, synthetic.make(300), "synthetic", "made up")
    golden = (ROOT / "tests/golden/schema.json").read_bytes()
    assert files_of(table).schema == golden
    assert problem_of(golden) == PROBLEM
    assert problem_of(None) == PROBLEM


def test_the_schema_of_any_other_problem_tells_it_whole() -> None:
    files = files_of(LoadedTable(FLATS, flats(20), "csv", "here"))
    document = json.loads(files.schema)
    assert document["version"] == 2
    assert document["sha256"] == hashlib.sha256(files.csv).hexdigest()
    assert problem_of(files.schema) == FLATS


def test_a_table_reads_back_bit_for_bit_whatever_its_columns_are_called() -> None:
    frame = flats(20)
    body = csv_bytes(FLATS, frame)
    assert parse_csv(FLATS, body.decode(), "flats.csv").equals(frame)


def test_a_table_under_the_name_of_an_installed_problem_is_refused() -> None:
    document = {"problem": {**FLATS.as_document(), "name": PROBLEM.name}}
    with pytest.raises(DataError, match=r"with other columns\n.*another name"):
        problem_of(json.dumps(document).encode())


def test_what_is_no_schema_is_refused() -> None:
    with pytest.raises(DataError, match="cannot be read"):
        problem_of(b"{")
    with pytest.raises(DataError, match="does not say what its table is about"):
        problem_of(b'{"problem": {"name": "x"}}')
