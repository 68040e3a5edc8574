"""Write a golden data folder: python -m tests.golden.write_server tests/golden/server-VERSION.zip

A user `golden` publishes a table, runs a sweep of two trials and promotes the better one, all
through the real SDK and commands. Run it once, by the version that is released; what it wrote
before stays as it is.
"""

import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from tests.support.local_server import LocalServer

USER, KEY = "golden", "golden" + "0" * 34
"""Whose folder it is; no key of anybody's server."""

NAMELESS = {
    "WANDB_X_DISABLE_META": "true",
    "WANDB_CONSOLE": "off",
    "WANDB_DISABLE_CODE": "true",
    "WANDB_DISABLE_GIT": "true",
    "WANDB_HOST": "a-machine",
}
"""Nothing of the machine that writes it is to be in it."""

STORY = """
import json, os, sys
import wandb
from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline import trial
from housing_sweep.pipeline.train.publish import publish
from housing_sweep.tabular.extras import LoadedTable
from housing_sweep.tabular.tables import check_frame
frame = check_frame(PROBLEM, synthetic.make(1200), "a small table")
publish(LoadedTable(PROBLEM, frame, "synthetic", "a small table"), "houses")
with wandb.init(project="houses", id="notes", tags=["kept"], notes="by hand") as run:
    for step in range(5):
        run.log({"loss": 1.0 / (step + 1)})
sweep = wandb.sweep({
    "name": "small", "method": "grid", "metric": {"name": "val_rmse", "goal": "minimize"},
    "parameters": {
        "dataset": {"value": "california-housing:latest"}, "features": {"value": "raw"},
        "max_iter": {"value": 10}, "max_leaf_nodes": {"value": 5}, "plots": {"value": "none"},
        "learning_rate": {"values": [0.1, 0.3]},
    },
}, project="houses")
wandb.agent(sweep, function=trial.run, project="houses", count=2)
print(json.dumps(sweep))
"""


def main(archive: Path) -> None:
    """Write the folder as a zip archive, without the key of whoever runs this."""
    with tempfile.TemporaryDirectory() as scratch:
        server = LocalServer(Path(scratch)).start()
        data_dir = ("--data-dir", str(server.data_dir))
        server.cli("housing-sweep", "users", "add", USER, "--api-key", KEY, *data_dir)
        server.env |= {"WANDB_API_KEY": KEY, "WANDB_PROJECT": "houses", **NAMELESS}
        sweep = server.sdk(STORY)
        server.cli(
            *("housing-sweep", "promote", f"{USER}/houses/{sweep}", "--alias", "production"),
            *("--require", "none", "--no-spatial"),
        )
        server.stop()
        (server.data_dir / "client.json").unlink()
        forget_the_machine(server.data_dir)
        shutil.make_archive(str(archive.with_suffix("")), "zip", server.data_dir)


def forget_the_machine(data_dir: Path) -> None:
    """Take out the programs' paths, and the runs' own files, which tell of the environment."""
    db = sqlite3.connect(data_dir / "housing-sweep.db")
    db.executescript("UPDATE runs SET program = NULL; DELETE FROM run_files; VACUUM;")
    blobs = {row[0] for row in db.execute("SELECT sha256 FROM artifact_files")}
    blobs |= {row[0] for row in db.execute("SELECT sha256 FROM manifests")}
    db.close()
    for blob in (data_dir / "blobs").glob("??/*"):
        if blob.name not in blobs:
            blob.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
