"""Run files on the wire: where to put their bytes, and where to get them."""

import mimetypes
from typing import Any
from urllib.parse import quote

from housing_sweep.errors import NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.graphql.runs.access import writable, writable_by_name
from housing_sweep.server.services import rights
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.runs import files
from housing_sweep.server.store.runs.files import RunFile
from housing_sweep.server.store.runs.runs import Run


def create_run_files(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Announce files and return signed upload URLs, in the same order."""
    ctx, run = info.context, writable_by_name(info, input)
    files.declare(ctx.db, run.id, input["files"], ctx.now)
    return {
        "runID": relay.to_id("Run", run.id),
        "uploadHeaders": [],
        "files": [
            wire_file(ctx, run, file) for name in input["files"] if (file := _find(ctx, run, name))
        ],
    }


def mark_run_files_uploaded(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Accept: the upload itself has told us already."""
    writable_by_name(info, input)
    return {"success": True}


def delete_files(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Remove files from their runs."""
    ctx = info.context
    for opaque in input["files"]:
        file = files.find_by_id(ctx.db, relay.from_id("File", opaque))
        if file is None:
            raise NotFound("file not found")
        writable(info, file.run_id)
        files.delete(ctx.db, file.id)
    return {"success": True}


def run_files(
    source: Run,
    info: Info,
    names: list[str] | None = None,
    after: str | None = None,
    first: int | None = None,
    pattern: str | None = None,
) -> relay.Connection:
    """Return uploaded files by name; the cursor is the last name.

    Raises:
        PermissionDenied: the viewer sees the run, but may not download.
    """
    ctx, size = info.context, relay.page_size(first)
    rights.require_download(ctx, source)
    page = files.page(
        ctx.db, source.id, names=names, pattern=pattern, after=after or "", limit=size + 1
    )
    edges = [relay.Edge(wire_file(ctx, source, file), file.name) for file in page]
    return relay.connection(edges, size, files.count(ctx.db, source.id))


def _find(ctx: Context, run: Run, name: str) -> RunFile | None:
    return files.find(ctx.db, run.id, name)


def wire_file(ctx: Context, run: Run, file: RunFile) -> dict[str, Any]:
    """Return a file as `File`, with signed URLs: to upload, only to who may change the run."""
    path = f"/storage/runs/{file.run_id}/{quote(file.name)}"
    scope = {"run": str(file.run_id), "name": file.name}
    get = ctx.url(path, allows="get", **scope)
    return {
        "id": relay.to_id("File", file.id),
        "name": file.name,
        "displayName": file.name,
        "url": get,
        "directUrl": get,
        "uploadUrl": ctx.url(path, allows="put", **scope) if rights.writes(ctx, run) else None,
        "uploadHeaders": [],
        "sizeBytes": file.size,
        "mimetype": mimetypes.guess_type(file.name)[0],
        "updatedAt": file.updated_at,
        "md5": file.md5,
        "digest": file.md5,
        "storagePath": path,
        "owner": run,
    }


RESOLVERS: Resolvers = {
    "Mutation": {
        "createRunFiles": create_run_files,
        "markRunFilesUploaded": mark_run_files_uploaded,
        "deleteFiles": delete_files,
    },
    "Run": {
        "files": run_files,
        "fileCount": lambda run, info: files.count(info.context.db, run.id),
    },
}
