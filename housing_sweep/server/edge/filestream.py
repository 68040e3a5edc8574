"""`POST /files/{entity}/{project}/{run}/file_stream`: a run's lines, one transaction a post.

Every post may arrive twice: lines are keyed by number. The answer's `stopped` is the clean way to
end a run. Only what no retry can heal is a 4xx, because a 4xx ends the stream for good; anything
else is retried for days, so a post must not be able to make us fail.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.server.edge.request import json_body, request_context
from housing_sweep.server.services.context import Context
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.runs import history, runs, writers
from housing_sweep.server.store.runs.runs import Run

MAX_LINES = 2**40


def filestream_endpoint(server: Server) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of one server."""

    async def endpoint(request: Request) -> Response:
        body = await json_body(request)
        path = request.path_params

        def accept() -> Run:
            ctx = request_context(request, server.services)
            with write(ctx.db):
                run = _run(ctx, path["entity"], path["project"], path["run"])
                take(ctx, run, body)
            return runs.get(ctx.db, run.id)

        run = await server.run(accept)
        answer: dict[str, object] = {
            "exitcode": None,
            "limits": {},
            "stopped": bool(run.should_stop),
        }
        return JSONResponse(answer)

    return endpoint


def _run(ctx: Context, entity: str, project_name: str, name: str) -> Run:
    project = projects.require_readable(ctx.db, ctx.viewer, entity, project_name)
    projects.require_writable(ctx.db, ctx.viewer, project)
    run = runs.find(ctx.db, project.id, name)
    if run is None:
        raise NotFound(f"run {entity}/{project_name}/{name} was deleted or never made")
    return run


def take(ctx: Context, run: Run, body: Mapping[str, Any]) -> None:
    """Store everything one post holds.

    Raises:
        BadInput: the post is not shaped like one, or leaves a gap in the history.
    """
    db, now = ctx.db, ctx.now
    runs.mark_alive(db, run, now)
    parts = body.get("files") or {}
    if not isinstance(parts, dict):
        raise BadInput("`files` must be an object")
    # History first: it tells whether what is sent goes behind what is here.
    for name, part in sorted(parts.items(), key=lambda item: item[0] != "wandb-history.jsonl"):
        offset, lines = _chunk(name, part)
        if name == "wandb-summary.json":
            if lines:
                _summarise(ctx, run, lines[-1])
        elif ctx.writer is not None and name in APPEND_SHARED:
            APPEND_SHARED[name](db, run.id, ctx.writer, offset, lines)
        elif name in APPEND:
            APPEND[name](db, run.id, offset, lines)
    if body.get("preempting"):
        runs.set_state(db, run.id, "preempting", now)
    if body.get("complete"):
        runs.end(db, run.id, _exit_code(body), now)


APPEND = {
    "wandb-history.jsonl": history.append_history,
    "wandb-events.jsonl": history.append_events,
    "output.log": history.append_log,
}
"""File of a stream -> where its lines go; files that a newer SDK may add are left out."""


APPEND_SHARED = {
    "wandb-history.jsonl": writers.append_history,
    "wandb-events.jsonl": writers.append_events,
    "output.log": writers.append_log,
}
"""The same for the processes of a shared run."""


def _summarise(ctx: Context, run: Run, text: str) -> None:
    """Store a summary; of a run written together, each process knows its own part."""
    if ctx.writer is not None:
        text = runs.merged(runs.get(ctx.db, run.id).summary, text)
    runs.update(ctx.db, run.id, now=ctx.now, summary=text)


def _exit_code(body: Mapping[str, Any]) -> int:
    code = body.get("exitcode") or 0
    return code if isinstance(code, int) and abs(code) < 2**31 else 1


def _chunk(name: str, part: object) -> tuple[int, Sequence[str]]:
    if not isinstance(part, dict):
        raise BadInput(f"{name}: expected an object with `offset` and `content`")
    offset, lines = part.get("offset", 0), part.get("content") or []
    if isinstance(lines, str):
        lines = [lines]
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise BadInput(f"{name}: `content` must be a list of lines")
    if not isinstance(offset, int) or not 0 <= offset < MAX_LINES:
        raise BadInput(f"{name}: `offset` must be a line number, got {offset!r}")
    return offset, lines
