"""Multipart uploads on the wire: wandb-core offers them from 2 GiB on, in parts of 100 MiB.

A part that fails is sent again alone. Completing joins the parts into a blob and deletes them.
Source: core/internal/filetransfer, core/internal/artifacts/saver.go of wandb.
"""

from typing import Any

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.artifacts.access import writable
from housing_sweep.server.graphql.artifacts.files import hex_to_base64
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.store.artifacts import files, uploads
from housing_sweep.server.store.db import write


def complete(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Join the parts into the file, or forget them; a second time changes nothing.

    Raises:
        BadInput: a part did not come, or is another one than announced.
        NotFound: the file was not announced.
    """
    ctx, upload = info.context, input["uploadID"]
    artifact = writable(info, relay.from_id("Artifact", input["artifactID"]))
    if input["completeMultipartAction"] == "Abort":
        if uploads.parts(ctx.db, upload, artifact.id):
            uploads.forget(ctx.db, upload)
            ctx.services.blobs.forget_parts(upload)
        return {"digest": None}
    name = input["storagePath"].removeprefix(f"wandb_artifacts/{artifact.id}/")
    file = files.find(ctx.db, artifact.id, name)
    if file is None:
        raise NotFound(f"{name!r} is not a file of this version", fix="announce it first")
    parts = uploads.parts(ctx.db, upload, artifact.id)
    if not parts and file.sha256 is not None:  # completed before
        return {"digest": file.digests.by(artifact.digest_algorithm)}
    announced = [
        (int(part["partNumber"]), hex_to_base64(part["hexMD5"])) for part in input["completedParts"]
    ]
    if [(part.number, part.md5) for part in parts] != sorted(announced):
        raise BadInput(
            f"{name!r}: {len(parts)} of {len(announced)} parts came as announced",
            fix="send the file again",
        )
    blob = ctx.services.blobs.join(upload, [part.number for part in parts])
    blob.digests.check(file.digests, f"{name!r}, joined,")
    with write(ctx.db):
        files.record_upload(ctx.db, artifact.id, name, blob, ctx.now)
        uploads.forget(ctx.db, upload)
    ctx.services.blobs.forget_parts(upload)
    return {"digest": blob.digests.by(artifact.digest_algorithm)}


RESOLVERS: Resolvers = {"Mutation": {"completeMultipartUploadArtifact": complete}}
