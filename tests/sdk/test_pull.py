"""`wandb pull` and `wandb restore`: a run's files and config, on another machine."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.local_server import PATIENCE, SDK_PYTHON, LocalServer, warm

pytestmark = pytest.mark.slow

LOG = """
import json, os, wandb
os.chdir(os.environ["HOME"])
with wandb.init(project="pulled", config={"depth": 7, "names": ["a", "b"]}) as run:
    with open("kept.txt", "w") as file:
        file.write("kept")
    run.save("kept.txt", policy="now")
print(json.dumps(run.id))
"""


def test_a_runs_files_are_pulled_and_its_config_is_restored(
    local_server: LocalServer, tmp_path: Path
) -> None:
    run = local_server.sdk(LOG)

    def wandb(*arguments: str) -> None:
        done = subprocess.run(
            [warm(SDK_PYTHON), "-m", "wandb", *arguments],
            env={**local_server.env, "WANDB_DIR": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    # Without --entity, `wandb pull` asks for the entity "models", whatever the server is.
    wandb("pull", "--project", "pulled", "--entity", local_server.user, run)
    assert (tmp_path / "kept.txt").read_text() == "kept"
    wandb("restore", "--no-git", f"{local_server.user}/pulled/{run}")
    config = yaml.safe_load((tmp_path / "wandb" / "config.yaml").read_text())
    assert {key: config[key]["value"] for key in ("depth", "names")} == {
        "depth": 7,
        "names": ["a", "b"],
    }
