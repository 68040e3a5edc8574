"""Collects versions past their time, drafts nobody finished, blobs nothing refers to any more."""

import asyncio
import logging

from housing_sweep.server.services.context import Context
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store import references
from housing_sweep.server.store.artifacts import expiry, uploads, versions
from housing_sweep.server.store.failures import as_ours

INTERVAL_SECONDS = 3600.0
DRAFT_LIFETIME_SECONDS = 7 * 24 * 3600.0
"""The SDK retries uploads for up to seven days."""

YOUNG_SECONDS = 24 * 3600.0
"""A blob is stored before the row that refers to it: never collect one this young."""

_log = logging.getLogger(__name__)


async def collect_forever(server: Server) -> None:
    """Collect now and then until cancelled."""
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            await server.run(lambda: collect(Context.own(server.services)))
        except Exception as error:  # noqa: BLE001  one bad round must not end the collector
            _log.error("collecting blobs failed: %s", error, exc_info=as_ours(error) is None)


def collect(ctx: Context, young: float = YOUNG_SECONDS) -> int:
    """Delete expired versions, abandoned drafts and then the blobs that nothing refers to.

    Blobs and parts are spared for `young` seconds, see `YOUNG_SECONDS`; returns how many blobs
    went.
    """
    now = ctx.surely_now
    expiry.expire(ctx.db, now)
    versions.abandon_drafts(ctx.db, now - DRAFT_LIFETIME_SECONDS)
    blobs, gone = ctx.services.blobs, 0
    referenced = references.blobs(ctx.db)
    for name in list(blobs.names()):
        if name not in referenced and now - blobs.path(name).stat().st_mtime >= young:
            blobs.delete(name)
            gone += 1
    on_their_way = uploads.in_progress(ctx.db)
    for upload in blobs.uploads():
        if upload not in on_their_way and now - blobs.last_part_at(upload) >= young:
            blobs.forget_parts(upload)
    return gone
