"""Data folders that a released version wrote: this one opens them, and everything is there."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.write_server import KEY, USER
from tests.support.local_server import LocalServer

ARCHIVES = sorted(Path(__file__).parent.glob("server-*.zip"))

LOOK = """
import hashlib, json, tempfile, wandb
from pathlib import Path
api = wandb.Api()
notes = api.run("houses/notes")
sweep = api.project("houses").sweeps()[0]
model = api.artifact("wandb-registry-model/california-housing:production")
folder = Path(model.download(tempfile.mkdtemp()))
facts = json.loads((folder / "model.json").read_text())
table = api.artifact("houses/california-housing:latest")
print(json.dumps({
    "loss": [row["loss"] for row in notes.scan_history(keys=["loss"])],
    "said": [notes.tags, notes.notes, notes.state],
    "sweep": [sweep.state, len(sweep.runs), sweep.best_run().summary["val_rmse"]],
    "scores": sorted(run.summary["val_rmse"] for run in sweep.runs),
    "made by": model.logged_by().id == sweep.best_run().id,
    "used": [item.type for item in model.logged_by().used_artifacts()],
    "rows": table.metadata["rows"],
    "whole": hashlib.sha256((folder / "model.joblib").read_bytes()).hexdigest()
    == facts["model_sha256"],
}))
"""


def test_there_is_one() -> None:
    assert ARCHIVES


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.stem)
def old_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalServer]:
    """This version's server on a folder that another one wrote, asked as its user."""
    server = LocalServer(tmp_path)
    shutil.unpack_archive(request.param, server.data_dir)
    server.start()
    server.env |= {"WANDB_API_KEY": KEY, "WANDB_PROJECT": "houses", "WANDB_ENTITY": USER}
    yield server
    server.stop()


@pytest.mark.slow
def test_a_folder_that_was_written_then_is_read_now(old_folder: LocalServer) -> None:
    content = old_folder.sdk(LOOK)
    assert content["loss"] == [1.0, 0.5, 1 / 3, 0.25, 0.2]
    assert content["said"] == [["kept"], "by hand", "finished"]
    assert content["sweep"] == ["FINISHED", 2, content["scores"][0]]
    assert (content["made by"], content["used"], content["rows"]) == (True, ["dataset"], 1200)
    assert content["whole"]
    history = old_folder.cli("housing-sweep", "model", "history", "--alias", "production", "--json")
    (move,) = json.loads(history.stdout)["moves"]
    assert (move["who"], move["applied"], move["score"]) == (USER, True, content["scores"][0])
    lineage = old_folder.cli("housing-sweep", "lineage", "production").stdout
    assert "california-housing:v0" in lineage
