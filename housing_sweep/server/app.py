"""Composition: routes and lifespan, the one file that knows all its neighbours."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from housing_sweep.errors import HousingSweepError
from housing_sweep.server.chores.collector import collect_forever
from housing_sweep.server.chores.reaper import reap_forever
from housing_sweep.server.edge.answers import Guard, on_error, on_http_error
from housing_sweep.server.edge.artifact_bytes import artifact_file_endpoint, by_digest_endpoint
from housing_sweep.server.edge.filestream import filestream_endpoint
from housing_sweep.server.edge.graphql_endpoint import graphql_endpoint
from housing_sweep.server.edge.request import Bodies
from housing_sweep.server.edge.run_file_bytes import run_file_endpoint
from housing_sweep.server.graphql.execute import Api
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.context import Context
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.db import write
from housing_sweep.server.store.events import Event
from housing_sweep.server.sweeping.consequences import (
    apply_consequences,
    next_suggestions,
    refresh_suggestions,
)
from housing_sweep.server.web.pages import page_routes


def make_server(
    config: ServerConfig,
    clock: Callable[[], float] = time.time,
    ticks: Callable[[], float] = time.monotonic,
) -> Server:
    """Return a server whose sweeps go on by themselves; close it when it is done.

    Raises:
        BadInput: the data folder was written by a newer version.
    """
    server = Server(config, clock, ticks)
    services = server.services

    def publish(events: Sequence[Event]) -> None:
        services.live_feed.publish(events)
        refresh_suggestions(Context.own(services), events)

    followers = services.database.followers
    followers.settle = lambda _db, events: apply_consequences(Context.own(services), events)
    followers.publish = publish
    services.suggestions.start(lambda sweep_id: next_suggestions(Context.own(services), sweep_id))
    return server


def make_app(server: Server) -> Starlette:
    """Return the ASGI application of a server; it closes the server when it ends."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        chores = [
            asyncio.create_task(reap_forever(server)),
            asyncio.create_task(collect_forever(server)),
        ]
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()
            server.close()

    return Starlette(
        routes=_routes(server, Api()),
        exception_handlers={
            HousingSweepError: on_error,
            ClientDisconnect: on_error,
            HTTPException: on_http_error,
        },
        middleware=[Middleware(Guard)],
        lifespan=lifespan,
    )


def _routes(server: Server, api: Api) -> list[BaseRoute]:
    bodies = Bodies(server)
    return [
        Route("/graphql", graphql_endpoint(server, api, bodies), methods=["POST"]),
        Route(
            "/files/{entity}/{project}/{run}/file_stream",
            filestream_endpoint(server, bodies),
            methods=["POST"],
        ),
        Route(
            "/storage/runs/{path:path}",
            run_file_endpoint(server),
            methods=["GET", "PUT", "OPTIONS"],
        ),
        *(
            Route(
                f"/storage/{folder}/{{path:path}}",
                artifact_file_endpoint(server),
                methods=["GET", "PUT", "OPTIONS"],
            )
            for folder in ("wandb_artifacts", "artifact_manifests")
        ),
        Route("/artifactsV2/{path:path}", by_digest_endpoint(server)),
        Route("/healthz", _healthz(server)),
        *page_routes(server, api),
    ]


def _healthz(server: Server) -> Callable[[Request], Awaitable[Response]]:
    def prove_writable() -> None:
        with write(server.services.database.connection()) as db:
            db.execute("INSERT OR REPLACE INTO settings VALUES ('healthz', 'ok')")

    async def healthz(_request: Request) -> Response:
        await server.run(prove_writable)
        return JSONResponse({"ok": True})

    return healthz
