"""What must be true between rows: whatever is not is named, and nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from housing_sweep.server.store import books
from housing_sweep.server.store.db import Connection
from housing_sweep.server.store.runs import history, runs
from tests.support.run_rows import NOW, Rows

SWEEP = (
    "INSERT INTO sweeps (id, project_id, name, config, state, seed, created_at, updated_at,"
    " next_number) VALUES (1, 1, 'swp', '', 'RUNNING', 0, 0, 0, 1)"
)
COLLECTIONS = (
    "INSERT INTO artifact_types (id, project_id, name, created_at) VALUES (1, 1, 'model', 0);"
    "INSERT INTO collections (id, project_id, type_id, kind, name, created_at, updated_at)"
    " VALUES (1, 1, 1, 'SEQUENCE', 'a', 0, 0), (2, 1, 1, 'SEQUENCE', 'b', 0, 0);"
    "INSERT INTO artifacts (id, collection_id, digest, state, created_at, updated_at)"
    " VALUES (1, 1, 'd', 'COMMITTED', 0, 0);"
    "INSERT INTO memberships VALUES (1, 1, 1, 0, 0)"
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    """One run with three lines of each kind, a sweep, two collections."""
    rows = Rows(tmp_path)
    for append in (history.append_history, history.append_events, history.append_log):
        append(rows.db, rows.run.id, 0, ["{}", "{}", "{}"])
    rows.db.executescript(f"{SWEEP};{COLLECTIONS}")
    yield rows.db
    rows.database.close()


def test_sound_books_have_no_problems(db: Connection) -> None:
    assert books.problems(db) == []
    assert books.counts(db) == {
        **{"projects": 1, "runs": 1, "history": 3, "sweeps": 1, "artifacts": 1}
    }


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("DELETE FROM history WHERE line = 1", "says it has 3 lines of history, and has 2"),
        ("UPDATE runs SET history_lines = 4", "says it has 4 lines of history, and has 3"),
        ("UPDATE runs SET history_lines = 2", "has 2 and others beyond"),
        ("UPDATE runs SET event_lines = 1", "lines of events, and has 1 and others beyond"),
        ("UPDATE runs SET log_lines = 0", "lines of log_lines, and has 0 and others beyond"),
        ("UPDATE run_counts SET number = 7", "project 1 counts 7 runs and has 1"),
        ("DELETE FROM projects", "row .* of .* refers to a row of projects"),
        (
            "INSERT INTO trials (sweep_id, number, point, digest) VALUES (1, 1, '{}', '')",
            "sweep swp goes on with trial 1 and has trial 1",
        ),
        (
            "INSERT INTO trials (sweep_id, number, run_id, point, digest)"
            " VALUES (1, 0, 1, '{}', '')",
            "trial 0 of sweep swp is a run of another sweep: one",
        ),
        ("INSERT INTO aliases VALUES (1, 2, 1, 'best')", "alias best of collection 2 is one of"),
        (
            "INSERT INTO artifact_files (artifact_id, name, updated_at) VALUES (1, 'w', 0)",
            "version 1 of collection 1 is committed without the bytes of w",
        ),
    ],
)
def test_each_broken_rule_is_named(db: Connection, spoil: str, words: str) -> None:
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute(spoil)
    problems = books.problems(db)
    assert any(re.search(words, problem) for problem in problems), problems


def test_lines_of_a_run_that_starts_over_may_lie_beyond_its_count(db: Connection) -> None:
    runs.restart(db, runs.find(db, 1, "one").id, NOW)  # type: ignore[arg-type,union-attr]
    assert books.problems(db) == []


def test_of_many_problems_of_a_kind_some_are_named(db: Connection) -> None:
    db.executescript(
        "PRAGMA foreign_keys = OFF; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
        " FROM n WHERE i < 100) INSERT INTO alerts (run_id, title, text, created_at)"
        " SELECT 900 + i, '', '', 0 FROM n"
    )
    assert len(books.problems(db)) == books.MOST
