"""One running server: its services, the threads that use its database, and its first start."""

import asyncio
import getpass
import json
import logging
import re
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from housing_sweep.server.content.blobs import BlobStore
from housing_sweep.server.edge.request import own_context
from housing_sweep.server.graphql.execute import Api
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.context import Services
from housing_sweep.server.services.signing import Signer
from housing_sweep.server.store.db import Database, open_database, write
from housing_sweep.server.store.people import keys, users
from housing_sweep.server.sweeping.consequences import ahead

T = TypeVar("T")
_log = logging.getLogger(__name__)

DATABASE_THREADS = 8
"""SQLite has one writer; a few threads keep readers and fsyncs from waiting for each other."""

DEFAULT_ORGANIZATION = "local-org"


class Server:
    """The services of one server and the threads that use its database.

    Raises:
        BadInput: the data folder was written by a newer version.
    """

    def __init__(self, config: ServerConfig) -> None:
        config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = open_database(config.database, config.busy_timeout)
        secret = users.setting(database.connection(), "url_secret", secrets.token_hex(32))
        self.services = Services(
            config=config,
            database=database,
            blobs=BlobStore(config.blobs),
            signer=Signer(secret, config.url_lifetime),
        )
        first_start(database, config, self.services.clock())
        self.api = Api()
        self.services.suggestions.start(
            lambda sweep_id: ahead(own_context(self.services), sweep_id)
        )
        self._threads = ThreadPoolExecutor(DATABASE_THREADS, thread_name_prefix="database")

    async def run(self, function: Callable[[], T]) -> T:
        """Run a function that uses the database in one of its threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def later(self, function: Callable[[], object]) -> None:
        """Run a function in one of those threads without waiting; errors go to the log."""
        self._threads.submit(function).add_done_callback(_log_failure)

    def close(self) -> None:
        """Finish what runs, then close the database."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.services.suggestions.stop()
        self.services.database.close()


def _log_failure(done: Future[object]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        _log.error("background work failed", exc_info=error)


def first_start(database: Database, config: ServerConfig, now: float) -> None:
    """Give an empty database a default organisation, a user named after the OS user, and a key.

    The key is written to `config.client_env` (mode 0600) for `housing-sweep env`; the database
    keeps its digest only.
    """
    db = database.connection()
    with write(db):
        if db.execute("SELECT 1 FROM organizations WHERE is_default").fetchone() is None:
            users.create_organization(db, DEFAULT_ORGANIZATION, is_default=True, now=now)
        if config.client_env.exists():
            return
        name = _user_name()
        if users.user_by_name(db, name) is None and users.entity_by_name(db, name) is not None:
            name = f"{name}-owner"  # a team or an organisation was given that name before
        user = users.user_by_name(db, name) or users.create_user(
            db, name, email=None, is_admin=True, now=now
        )
        key = keys.new_api_key()
        keys.add(db, user.id, key, description="made at the first start", now=now)
        config.client_env.touch(mode=0o600)
        config.client_env.write_text(json.dumps({"user": name, "api_key": key}))


def _user_name() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # no such user in a bare container
        name = "local"
    return re.sub(r"[^A-Za-z0-9_-]", "-", name).lstrip("-_") or "local"
