"""Rows of hyperband: how far each trial came, and its best loss when it reached a band."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from housing_sweep.server.store.runs.runs import RunId, SweepId


@dataclass(frozen=True, slots=True)
class BandProgress:
    """What is known of one trial's history: lines read, metric values among them, the best."""

    lines: int = 0
    iterations: int = 0
    best: float | None = None


def progress_of(db: sqlite3.Connection, run_id: RunId) -> BandProgress:
    """Return how far a trial's history was read."""
    row = db.execute(
        "SELECT lines, iterations, best FROM trial_progress WHERE run_id = ?", (run_id,)
    ).fetchone()
    return BandProgress(*row) if row else BandProgress()


def save_progress(db: sqlite3.Connection, run_id: RunId, progress: BandProgress) -> None:
    """Remember how far a trial's history was read."""
    db.execute(
        "INSERT OR REPLACE INTO trial_progress VALUES (?, ?, ?, ?)",
        (run_id, progress.lines, progress.iterations, progress.best),
    )


def new_lines(db: sqlite3.Connection, run_id: RunId, start: int) -> Sequence[str]:
    """Return a run's history lines from number `start` on."""
    rows = db.execute(
        "SELECT content FROM history WHERE run_id = :run AND line >= :start"
        " AND line < (SELECT history_lines FROM runs WHERE id = :run) ORDER BY line",
        {"run": run_id, "start": start},
    )
    return [content for (content,) in rows]


def record(
    db: sqlite3.Connection, sweep_id: SweepId, band: int, run_id: RunId, loss: float
) -> None:
    """Remember a trial's best loss at the moment it reached a band; the first word stays."""
    db.execute(
        "INSERT OR IGNORE INTO trial_bands VALUES (?, ?, ?, ?)", (sweep_id, band, run_id, loss)
    )


def loss_at(db: sqlite3.Connection, sweep_id: SweepId, band: int, run_id: RunId) -> float | None:
    """Return what a trial had reached at a band."""
    row = db.execute(
        "SELECT loss FROM trial_bands WHERE sweep_id = ? AND band = ? AND run_id = ?",
        (sweep_id, band, run_id),
    ).fetchone()
    return None if row is None else float(row[0])


def rank(db: sqlite3.Connection, sweep_id: SweepId, band: int, loss: float) -> tuple[int, int]:
    """Return (trials better than `loss` at a band, all trials that reached it)."""
    better, all_of_them = db.execute(
        "SELECT coalesce(sum(loss < ?), 0), count(*) FROM trial_bands"
        " WHERE sweep_id = ? AND band = ?",
        (loss, sweep_id, band),
    ).fetchone()
    return int(better), int(all_of_them)
