"""`POST /files/{entity}/{project}/{run}/file_stream`: a run's lines, a transaction a thousand.

Every post may arrive twice: lines are keyed by number. The answer's `stopped` is the clean way to
end a run. Only what no retry can heal is a 4xx, because a 4xx ends the stream for good; anything
else is retried for days, so a post must not be able to make us fail.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.server.edge.request import Bodies, request_context
from housing_sweep.server.rules.json_text import read_before
from housing_sweep.server.services.context import Context
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.runs import history, runs, writers
from housing_sweep.server.store.runs.runs import Run

MAX_LINES = 2**40


def filestream_endpoint(server: Server, bodies: Bodies) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of one server."""

    async def endpoint(request: Request) -> Response:
        path = request.path_params

        def accept(body: Mapping[str, Any]) -> Run:
            ctx = request_context(request, server.services)
            posts = in_pieces(body)
            with read_before(_long_lines(body)):
                for number, post in enumerate(posts):
                    if number:
                        time.sleep(PAUSE_SECONDS)
                    with write(ctx.db):
                        run = _run(ctx, path["entity"], path["project"], path["run"])
                        take(ctx, run, post)
            return runs.get(ctx.db, run.id)

        async with bodies.json(request) as body:
            run = await server.run(lambda: accept(body))
        answer: dict[str, object] = {
            "exitcode": None,
            "limits": {},
            "stopped": bool(run.should_stop),
        }
        return JSONResponse(answer)

    return endpoint


LINES_AT_ONCE = 1000
CHARACTERS_AT_ONCE = 2**20
"""What one transaction stores of a post: everybody else's heartbeat waits for it."""

PAUSE_SECONDS = 0.002
"""Between two transactions of a post: the lock is not fair, and who waits for it must wake up."""


def in_pieces(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a post as several, each for one transaction; nearly always one.

    Lines are keyed by number, so that a post of which a part is stored may come again. What ends a
    run, and its summary, come last.

    Raises:
        BadInput: the post is not shaped like one.
    """
    files = body.get("files") or {}
    if not isinstance(files, dict):
        raise BadInput("`files` must be an object")
    pieces: list[Mapping[str, Any]] = []
    last = {}
    for name, part in files.items():
        offset, lines = _chunk(name, part)
        cuts = _cuts(lines) if name in APPEND else []
        for begin, end in pairwise([0, *cuts]):
            piece = {"offset": offset + begin, "content": lines[begin:end]}
            pieces.append({"files": {name: piece}})
        begin = cuts[-1] if cuts else 0
        last[name] = {"offset": offset + begin, "content": lines[begin:]} if begin else part
    return [*pieces, {**body, "files": last}]


def _cuts(lines: Sequence[str]) -> list[int]:
    """Return where to cut lines, so that no piece has too many or too much."""
    cuts, begin, characters = [], 0, 0
    for number, line in enumerate(lines):
        if number - begin >= LINES_AT_ONCE or characters + len(line) > CHARACTERS_AT_ONCE:
            if number > begin:
                cuts.append(number)
            begin, characters = number, 0
        characters += len(line)
    return cuts


def _long_lines(body: Mapping[str, Any]) -> Iterator[str]:
    for part in (body.get("files") or {}).values():
        lines = part.get("content")
        yield from [lines] if isinstance(lines, str) else lines or ()


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
