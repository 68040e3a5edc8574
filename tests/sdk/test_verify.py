"""`wandb verify`, W&B's own acceptance test of a server."""

import re
import subprocess

import pytest

from tests.support.local_server import PATIENCE, LocalServer

pytestmark = pytest.mark.slow

WITHOUT_HTTPS = ["Checking requests to base url", "Checking requests made over signed URLs"]
"""Checks that a server without https must fail."""


def test_wandb_verify_passes_but_for_https(local_server: LocalServer) -> None:
    done = subprocess.run(
        ["wandb", "verify", "--host", local_server.url],
        env={**local_server.env, "WANDB_SILENT": "false"},
        cwd=local_server.env["HOME"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    results = re.findall(r"^(Checking .*?)\.{3,}(.)", done.stdout, re.MULTILINE)
    assert len(results) == 10, done.stdout + done.stderr
    assert [name for name, mark in results if mark != "✅"] == WITHOUT_HTTPS, done.stdout


REFERENCES = """
import json, os, pathlib, wandb
pathlib.Path("kept").mkdir()
pathlib.Path("kept/near.txt").write_text("near")
with wandb.init(project="verify-refs") as run:
    made = wandb.Artifact("mixed", "data")
    with made.new_file("own.txt") as file:
        file.write("own")
    made.add_reference(pathlib.Path("kept/near.txt").resolve().as_uri(), name="refs/near.txt")
    made.add_reference("http://127.0.0.1:9/far.bin", checksum=False)
    run.log_artifact(made).wait()
held = wandb.Api().artifact("verify-refs/mixed:v0")
folder = held.download(root="out", path_prefix="refs")
far = held.get_entry("far.bin")
print(json.dumps([open(folder + "/refs/near.txt").read(), far.ref, held.file_count,
                  sorted(file.name for file in held.files(per_page=1)),
                  [file.name for file in held.files(names=["refs/near.txt"])]]))
"""


def test_references_are_listed_and_downloaded_with_the_files(local_server: LocalServer) -> None:
    text, far, count, names, one = local_server.sdk(REFERENCES)
    assert (text, far, count) == ("near", "http://127.0.0.1:9/far.bin", 3)
    assert names == ["far.bin", "own.txt", "refs/near.txt"]
    assert one == ["refs/near.txt"]
