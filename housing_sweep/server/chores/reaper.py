"""Ends what will not end by itself: runs whose process died without a word."""

import asyncio
import logging

from housing_sweep.server.services.context import Context
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.db import write
from housing_sweep.server.store.failures import as_ours
from housing_sweep.server.store.runs import runs
from housing_sweep.server.sweeping import consequences

LONGEST_INTERVAL_SECONDS = 10.0

_log = logging.getLogger(__name__)


async def reap_forever(server: Server) -> None:
    """Look for silent runs until cancelled."""
    crash_after = server.services.config.crash_after
    while True:
        try:
            await server.run(lambda: reap(Context.own(server.services)))
        except Exception as error:  # noqa: BLE001  one bad round must not end the reaper
            _log.error("reaping failed: %s", error, exc_info=as_ours(error) is None)
        await asyncio.sleep(min(LONGEST_INTERVAL_SECONDS, crash_after / 4))


def reap(ctx: Context) -> None:
    """Mark runs without a sign of life as crashed; a sweep may be over by that."""
    with write(ctx.db):
        # A server that was down has heard nobody: `before` gives everybody time to speak first.
        runs.reap(ctx.db, ctx.steady.before(ctx.services.config.crash_after), ctx.now)
        consequences.close_orphans(ctx)
