"""One running server: what it opens, what it keeps over a restart, and how it ends."""

import asyncio
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from housing_sweep.errors import BadInput, PermissionDenied
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.runtime import WRITING_THREADS, Server
from housing_sweep.server.store.db import write
from tests.support.sweep_play import Play


def test_a_new_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    config = ServerConfig(data_dir=tmp_path / "data")
    Server(config).close()
    assert stat.S_IMODE(config.data_dir.stat().st_mode) == 0o700


def test_a_signature_holds_over_a_restart_and_on_no_other_server(tmp_path: Path) -> None:
    tokens = []
    for folder in ("data", "data", "other"):
        server = Server(ServerConfig(data_dir=tmp_path / folder))
        tokens.append(server.services.signer.sign({"allows": "get"}))
        if folder == "data":
            assert server.services.signer.check(tokens[0]) == {"allows": "get"}
        else:
            with pytest.raises(PermissionDenied):
                server.services.signer.check(tokens[0])
        server.close()


def test_a_signed_url_outlives_every_jump_of_the_clock(play: Play) -> None:
    token = play.services.signer.sign({"allows": "put"})
    for jump in (-3600.0, 400 * 24 * 3600.0, -800 * 24 * 3600.0):
        play.jump(jump)
        assert play.services.signer.check(token) == {"allows": "put"}


def test_a_folder_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    config = ServerConfig(data_dir=tmp_path)
    server = Server(config)
    server.services.database.connection().execute("PRAGMA user_version = 999")
    server.close()
    with pytest.raises(BadInput, match="schema version 999"):
        Server(config)


def test_work_on_the_database_runs_beside_the_loop_in_a_few_threads(tmp_path: Path) -> None:
    server, together = Server(ServerConfig(data_dir=tmp_path)), threading.Barrier(WRITING_THREADS)

    def work() -> str:
        together.wait(60)  # all of them at once, or none gets on
        return threading.current_thread().name

    async def many() -> list[str]:
        return await asyncio.gather(*(server.run(work) for _ in range(WRITING_THREADS)))

    names = set(asyncio.run(many()))
    assert len(names) == WRITING_THREADS
    assert all(name.startswith("database") for name in names)
    server.close()


def test_however_many_searches_run_a_heartbeat_finds_a_thread(tmp_path: Path) -> None:
    server, over = Server(ServerConfig(data_dir=tmp_path)), threading.Event()

    async def both() -> list[bool]:
        slow = [asyncio.create_task(server.run_reading(lambda: over.wait(20))) for _ in range(20)]
        await asyncio.sleep(0)  # all of them wait for a thread, or have one
        await server.run(lambda: None)
        over.set()
        return await asyncio.gather(*slow)

    assert all(asyncio.run(both()))
    server.close()


def test_what_fails_in_a_thread_fails_where_it_was_awaited(tmp_path: Path) -> None:
    server = Server(ServerConfig(data_dir=tmp_path))

    def fail() -> None:
        raise BadInput("x")

    with pytest.raises(BadInput):
        asyncio.run(server.run(fail))
    server.close()


def test_closing_finishes_what_runs_and_then_closes_the_database(tmp_path: Path) -> None:
    server = Server(ServerConfig(data_dir=tmp_path))
    database, started, go_on = server.services.database, threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        assert go_on.wait(60)
        with write(database.connection()) as db:
            db.execute("INSERT INTO settings VALUES ('late', 'x')")

    async def end() -> None:
        late = asyncio.create_task(server.run(work))
        await asyncio.to_thread(started.wait, 60)
        closing = asyncio.create_task(asyncio.to_thread(server.close))
        go_on.set()
        await asyncio.gather(late, closing)

    db = database.connection()
    asyncio.run(end())
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        db.execute("SELECT 1")
    with sqlite3.connect(database.path) as plain:
        assert plain.execute("SELECT value FROM settings WHERE key = 'late'").fetchone() == ("x",)
    plain.close()
