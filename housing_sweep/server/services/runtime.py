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
from housing_sweep.server.services.data_folder import open_folder
from housing_sweep.server.services.first_start import first_start
from housing_sweep.server.services.signing import Signer
from housing_sweep.server.store import settings
from housing_sweep.server.store.steady import Steady
from housing_sweep.server.store.sweeps.agents import last_heard

T = TypeVar("T")

WRITING_THREADS = 4
"""SQLite has one writer; a few threads keep fsyncs and short reads from waiting for each other."""

READING_THREADS = 4
"""Queries, pages and large bodies: however slow, they leave the others to heartbeats."""


class Server:
    """The services of one server and the threads that use its database.

    What follows from a write, and who answers a request, is brought in by `app.py`.

    Args:
        config: where and how it runs.
        clock: seconds since the epoch.
        ticks: monotonic seconds.

    Raises:
        BadInput: the data folder was written by a newer version, or is not ours to use.
        Damaged: what is in it is not what was.
    """

    def __init__(
        self,
        config: ServerConfig,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        database = open_folder(config)
        heard = last_heard(database.connection())
        database.steady = Steady(max(clock(), heard), ticks)
        secret = settings.ensure(database.connection(), "url_secret", secrets.token_hex(32))
        self.services = Services(
            config=config,
            database=database,
            blobs=BlobStore(config.blobs),
            signer=Signer(secret, config.url_lifetime, database.steady.now),
            clock=clock,
        )
        first_start(database, config, clock())
        self._writing = ThreadPoolExecutor(WRITING_THREADS, thread_name_prefix="database-writing")
        self._reading = ThreadPoolExecutor(READING_THREADS, thread_name_prefix="database-reading")

    async def run(self, function: Callable[[], T]) -> T:
        """Run a function that uses the database, and for a short while, in one of its threads."""
        return await asyncio.get_running_loop().run_in_executor(self._writing, function)

    async def run_reading(self, function: Callable[[], T]) -> T:
        """Run a function that may take long in a thread that no heartbeat waits for."""
        return await asyncio.get_running_loop().run_in_executor(self._reading, function)

    def close(self) -> None:
        """Finish what runs, then close the database."""
        self.services.live_feed.close()
        for threads in (self._writing, self._reading):
            threads.shutdown(wait=True, cancel_futures=True)
        self.services.suggestions.stop()
        self.services.database.close()
