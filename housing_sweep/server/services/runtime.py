"""One running server: its services, and the threads that use its database."""

import asyncio
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from housing_sweep.server.content.blobs import BlobStore
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.context import Services
from housing_sweep.server.services.data_folder import make_private
from housing_sweep.server.services.first_start import first_start
from housing_sweep.server.services.signing import Signer
from housing_sweep.server.store.db import open_database
from housing_sweep.server.store.people import users

T = TypeVar("T")

DATABASE_THREADS = 8
"""SQLite has one writer; a few threads keep readers and fsyncs from waiting for each other."""


class Server:
    """The services of one server and the threads that use its database.

    What follows from a write, and who answers a request, is brought in by `app.py`.

    Args:
        config: where and how it runs.
        clock: seconds since the epoch.

    Raises:
        BadInput: the data folder was written by a newer version.
    """

    def __init__(self, config: ServerConfig, clock: Callable[[], float] = time.time) -> None:
        make_private(config.data_dir)
        database = open_database(config.database, config.busy_timeout)
        secret = users.setting(database.connection(), "url_secret", secrets.token_hex(32))
        self.services = Services(
            config=config,
            database=database,
            blobs=BlobStore(config.blobs),
            signer=Signer(secret, config.url_lifetime),
            clock=clock,
        )
        first_start(database, config, clock())
        self._threads = ThreadPoolExecutor(DATABASE_THREADS, thread_name_prefix="database")

    async def run(self, function: Callable[[], T]) -> T:
        """Run a function that uses the database in one of its threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def close(self) -> None:
        """Finish what runs, then close the database."""
        self.services.live_feed.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.services.suggestions.stop()
        self.services.database.close()
