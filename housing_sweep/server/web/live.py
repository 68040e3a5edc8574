"""`GET /live`: tells an open page of a project, run or sweep that it changed (server-sent events).

Only that it changed, and how: the page asks for itself again, as its reader. Who may look is
asked when the stream begins and before each word of it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from housing_sweep.errors import BadInput, HousingSweepError, NotFound, NotLoggedIn
from housing_sweep.server.edge.request import request_context
from housing_sweep.server.services.live_feed import Topic
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.sweeps import sweeps
from housing_sweep.server.web.session import admit as admit_reader

SILENCE_SECONDS = 20.0
"""A comment at least this often keeps proxies from cutting the stream."""

LEAST_SECONDS_BETWEEN = 1.0
"""A sweep's trials log many times a second together; a page need not be told each time."""

RETRY_MILLISECONDS = 5000
"""When a browser tries again whose stream broke."""

SCRIPT = (resources.files("housing_sweep.server.web") / "static" / "live.js").read_bytes()

Endpoint = Callable[[Request], Awaitable[Response]]


def live_endpoint(server: Server) -> Endpoint:
    """Return the endpoint; `?entity=&project=` and, for less than a project, `&run=` or `&sweep=`.

    It raises NotLoggedIn and NotFound as the page itself would.
    """

    async def endpoint(request: Request) -> Response:
        topic = await server.run(lambda: admit(server, request))
        return StreamingResponse(
            _stream(server, request, topic),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return endpoint


def admit(server: Server, request: Request) -> Topic:
    """Return what a request may watch. Call it in a thread that uses the database.

    Raises:
        BadInput: it names no project.
        NotLoggedIn: nobody asks.
        NotFound: there is no such thing, or not for this reader.
    """
    ctx, names = request_context(request, server.services), request.query_params
    reader = admit_reader(ctx, request).user
    if reader is None:
        raise NotLoggedIn("user is not logged in", fix="open a page of this server and log in")
    if "entity" not in names or "project" not in names:
        raise BadInput("`/live` needs `entity` and `project`")
    project = projects.require_readable(ctx.db, reader, names["entity"], names["project"])
    if "run" in names:
        run = runs.find(ctx.db, project.id, names["run"])
        if run is None:
            raise NotFound(f"run {names['run']} not found")
        return Topic(project.id, run_id=run.id)
    if "sweep" in names:
        sweep = sweeps.find(ctx.db, project.id, names["sweep"])
        if sweep is None:
            raise NotFound(f"sweep {names['sweep']} not found")
        return Topic(project.id, sweep_id=sweep.id)
    return Topic(project.id)


async def _stream(server: Server, request: Request, topic: Topic) -> AsyncIterator[str]:
    feed, loop, woken = server.services.live_feed, asyncio.get_running_loop(), asyncio.Event()
    watch = feed.watch(topic, lambda: loop.call_soon_threadsafe(woken.set))
    try:
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        while not feed.closed:
            try:
                await asyncio.wait_for(woken.wait(), SILENCE_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            woken.clear()
            events, missed = watch.take()
            if not events and not missed:
                continue
            try:
                await server.run(lambda: admit(server, request))
            except HousingSweepError:
                yield message("gone", {})
                return
            kinds = sorted({type(event).__name__ for event in events})
            yield message("change", {"kinds": kinds, "missed": missed})
            await asyncio.sleep(LEAST_SECONDS_BETWEEN)
    finally:
        feed.forget(watch)


def message(event: str, content: dict[str, object]) -> str:
    """Return one server-sent event."""
    return f"event: {event}\ndata: {json.dumps(content)}\n\n"


async def script_endpoint(_request: object) -> Response:
    """Send the script that listens."""
    return Response(SCRIPT, media_type="text/javascript", headers={"Cache-Control": "max-age=3600"})
