"""Pictures, in runs, tables and versions: logged by one process, read by another."""

from typing import Any

import pytest

from tests.support.local_server import LocalServer

pytestmark = pytest.mark.slow

LOG = """
import json, numpy as np, wandb
def picture(shade):
    return wandb.Image(np.full((4, 6, 3), shade, dtype=np.uint8), caption=f"shade {shade}")
with wandb.init(project="media") as run:
    run.log({"one": picture(10)})
    run.log({"several": [picture(20), picture(30)]})
    rows = [[1, picture(40)], [2, picture(50)]]
    run.log({"table": wandb.Table(columns=["n", "image"], data=rows)})
    made = wandb.Artifact("pictures", "dataset")
    made.add(picture(60), "sixty")
    made.add(wandb.Table(columns=["image"], data=[[picture(70)]]), "inside")
    run.log_artifact(made).wait()
print(json.dumps("/".join([run.entity, run.project, run.id])))
"""

READ = """
import json, sys, tempfile, numpy as np, wandb
from PIL import Image
def shade(path):
    with Image.open(path) as opened:
        assert opened.size == (6, 4), opened.size
        return int(np.asarray(opened.convert("L")).mean())
api = wandb.Api()
run = api.run(sys.argv[1])
folder = tempfile.mkdtemp()
def fetched(media):
    return shade(run.file(media["path"]).download(root=folder, replace=True).name)
rows = list(run.scan_history())
several = next(row["several"] for row in rows if row.get("several"))
table = next(a for a in run.logged_artifacts() if a.type == "run_table").get("table")
held = api.artifact(sys.argv[1].rsplit("/", 1)[0] + "/pictures:latest")
print(json.dumps({
    "one": [fetched(run.summary["one"]), run.summary["one"]["caption"]],
    "several": [shade(run.file(name).download(root=folder, replace=True).name)
                for name in several["filenames"]],
    "captions": several["captions"],
    "table": [[n, shade(image.image.filename if hasattr(image.image, "filename") else image._path)]
              for n, image in table.data],
    "version": shade(held.get("sixty")._path),
    "inside": shade(held.get("inside").data[0][0]._path),
}))
"""


def test_pictures_come_back_as_they_were_from_runs_tables_and_versions(
    local_server: LocalServer,
) -> None:
    run = local_server.sdk(LOG)
    found: dict[str, Any] = local_server.sdk(READ, run)
    assert found == {
        "one": [10, "shade 10"],
        "several": [20, 30],
        "captions": ["shade 20", "shade 30"],
        "table": [[1, 40], [2, 50]],
        "version": 60,
        "inside": 70,
    }
