"""Every public name of the SDK's classes is in some test, or asks no server at all.

The rest of this folder proves what people use daily; here is what is left, so that a script that
uses a rare corner of `wandb.Api` runs too, and so that a newer SDK's new method is noticed.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_server import AT_ONCE, LocalServer
from tests.support.sdk_tools import TOOLS

pytestmark = pytest.mark.slow

NAMES = """
import json, wandb
import wandb.apis.public as public
from wandb.apis.public.registries.registry import Registry
kinds = [wandb.Run, wandb.Artifact, Registry, public.Api, public.Run, public.Runs, public.Project,
         public.ArtifactCollection, public.ArtifactType, public.Sweep, public.File, public.User,
         public.Team, public.Member]
print(json.dumps({kind.__module__ + "." + kind.__name__:
    [name for name in dir(kind) if not name.startswith("_")] for kind in kinds}))
"""
ASK_NOTHING = {
    # of every object: IPython's display, the key style of its attributes
    *("display", "snake_to_camel", "convert_objects", "last_response", "more", "next"),
    *("update_variables", "user_agent", "json_encode", "get_added_local_path_name", "finalize"),
    *("config_static", "disabled", "dir", "offline", "sync_dir", "start_time", "pin_config_keys"),
    *("watch", "unwatch"),  # log gradients as histograms; need torch
    "sync_tensorboard",  # converts files of tensorboard, then logs them; needs tensorboard
    "user_api",
    *("use_as", "job"),  # of Launch
    "update_automation",  # takes what `create_automation` returned
    # of 0.28.2 only: old names of `url`, `project_url`, `sweep_url`, `project` and `len`
    *("get_url", "get_project_url", "get_sweep_url", "project_name", "length"),
}
"""Names that send nothing, or nothing that others do not."""


def test_every_public_name_of_the_sdk_is_in_some_test(local_server: LocalServer) -> None:
    here = Path(__file__).parent
    files = [*here.glob("*.py"), *(here.parent / "server").rglob("*.py")]
    texts = [path.read_text() for path in files]
    said = re.findall(r"\.(\w+)|(\w+)=", "\n".join(texts))
    known = {name for pair in said for name in pair} | ASK_NOTHING
    unknown = {
        kind: sorted(set(names) - known)
        for kind, names in local_server.sdk(NAMES).items()
        if set(names) - known
    }
    assert not unknown


RUNS = """
import json, pathlib, sys, warnings, wandb
with wandb.init(project="surface", id="one", config={"lr": 0.5, "note": "n"}) as run:
    run.pin_config_keys(["note"]) if hasattr(run, "pin_config_keys") else None
    run.write_logs("a line of ours") if hasattr(run, "write_logs") else None
    for n in range(4):
        run.log({"loss": 4 - n, "n": n})
    pathlib.Path("kept.txt").write_text("kept")
    run.save("kept.txt")
    said = [run.project_url, run.url, run.sweep_url, run.resumed]
with wandb.init(project="surface", id="one", resume="must") as run:
    with run.restore("kept.txt", replace=True, root="back") as file:
        kept = file.read()
    said += [run.resumed, kept]
with wandb.init(project="surface", id="two", config={"lr": 0.1}) as run:
    run.log({"loss": 9, "n": 0})
print(json.dumps(said))
"""
READ_RUNS = """
import json, tempfile, wandb
api = wandb.Api()
run = api.run("surface/one")
run.wait_until_finished()
listed = api.runs("surface", order="+created_at")
lazy = listed[0]
held = {
    "frame": listed.histories(keys=["loss"], format="pandas").values.tolist(),
    "rows": [[row["run_id"], row["loss"]] for row in listed.histories(keys=["loss"])],
    "full": lazy.load_full_data()["config"]["lr"],
    "raw": run.rawconfig["lr"], "metrics": run.summary_metrics["loss"],
    "stored": bool(run.storage_id), "sweep": run.sweep_name,
    "html": run.url in run.to_html() and "iframe" in run.to_html(),
    "scan": [row["n"] for row in run.beta_scan_history(keys=["n"], min_step=1, max_step=3)],
    "paths": [type(api.from_path(path)).__name__ for path in ("surface/runs/one", "surface")],
    "types": [kind.name for kind in api.project("surface").artifacts_types()],
    "settings": run.file("kept.txt").path_uri.startswith(api.settings["base_url"]),
}
listed.upgrade_to_full()
held["upgraded"] = [run.config["lr"] for run in listed]
try:
    run.download_history_exports(tempfile.mkdtemp())
    held["exports"] = "downloaded"
except Exception as error:
    held["exports"] = type(error).__name__
partly = run.download_history_exports(tempfile.mkdtemp(), require_complete_history=False)
held["partly"] = [len(partly.paths), partly.contains_live_data]
print(json.dumps(held))
"""


def test_rare_corners_of_runs_answer_as_they_should(local_server: LocalServer) -> None:
    project, url, sweep, resumed, again, kept = local_server.sdk(RUNS)
    assert url == f"{project}/runs/one"
    assert (sweep, resumed, again, kept) == ("", False, True, "kept")
    held = local_server.sdk(READ_RUNS)
    losses = [["one", 4], ["one", 3], ["one", 2], ["one", 1], ["two", 9]]
    assert held["rows"] == losses
    assert [row[1:] for row in held["frame"]] == [[loss, run] for run, loss in losses]
    assert (held["full"], held["raw"], held["metrics"]) == (0.5, 0.5, 1)
    assert held["stored"]
    assert held["sweep"] is None
    assert held["html"]
    assert held["scan"] == [1, 2]
    assert held["paths"] == ["Run", "Project"]
    assert held["types"] == []
    assert held["settings"]
    assert held["upgraded"] == [0.5, 0.1]
    assert held["exports"] == "IncompleteRunHistoryError"  # W&B makes them a while after a run
    assert held["partly"] == [0, True]


ARTIFACTS = (
    TOOLS
    + """
import pathlib
folder = pathlib.Path("folder/deep")
folder.mkdir(parents=True, exist_ok=True)
(folder / "a.txt").write_text("a")
(folder.parent / "b.txt").write_text("b")
with wandb.init(project="surface-files", id="maker") as run:
    run.log({"x": 1})
    made = wandb.Artifact("tree", "dataset")
    made.add_dir("folder", name="in")
    draft = made.is_draft()
    run.log_artifact(made).wait()
    run.link_artifact(made, "surface-files-links/tree-links")
print(json.dumps([draft, made.is_draft()]))
"""
)
READ_ARTIFACTS = """
import json, wandb
api = wandb.Api()
version = api.artifact("surface-files/tree:latest")
linked = api.artifact("surface-files-links/tree-links:latest")
collection = version.collection
dated = hasattr(version, "linked_at")  # 0.28.2 has no date of a link
print(json.dumps({
    "files": sorted(version.manifest.entries),
    "path": version.get_path("in/deep/a.txt").path,
    "collection": [collection.name, collection.is_sequence(), bool(collection.updated_at)],
    "ids": [bool(collection.project_id), bool(collection.project_internal_id)],
    "linked": [linked.collection.name, linked.source_collection.name, linked.source_project,
               linked.source_entity == linked.entity, not dated or bool(linked.linked_at),
               version.linked_at if dated else None],
    "commit": isinstance(version.commit_hash, str), "step": version.history_step,
    "updated": bool(version.updated_at),
    "type": api.artifact_type("dataset", "surface-files").collection("tree").name,
    "old": [v.name for v in api.artifact_versions("dataset", "surface-files/tree")],
}))
"""


def test_rare_corners_of_artifacts_answer_as_they_should(local_server: LocalServer) -> None:
    assert local_server.sdk(ARTIFACTS) == [True, False]
    held: dict[str, Any] = local_server.sdk(READ_ARTIFACTS)
    assert held == {
        "files": ["in/b.txt", "in/deep/a.txt"],
        "path": "in/deep/a.txt",
        "collection": ["tree", True, True],
        "ids": [True, True],
        "linked": ["tree-links", "tree", "surface-files", True, True, None],
        "commit": True,
        "step": 0,
        "updated": True,
        "type": "tree",
        "old": ["tree:v0"],
    }


SKLEARN = """
import json, warnings, numpy as np, wandb
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
warnings.simplefilter("ignore")
X, y = make_classification(120, 5, random_state=0)
Z, t = make_regression(120, 5, random_state=0)
names = ["no", "yes"]
classifier = RandomForestClassifier(5, random_state=0).fit(X[:80], y[:80])
regressor = RandomForestRegressor(5, random_state=0).fit(Z[:80], t[:80])
chance, said = classifier.predict_proba(X[80:]), classifier.predict(X[80:])
with wandb.init(project="surface", id="sklearn") as run:
    wandb.sklearn.plot_classifier(classifier, X[:80], X[80:], y[:80], y[80:], said, chance, names)
    wandb.sklearn.plot_regressor(regressor, Z[:80], Z[80:], t[:80], t[80:])
    wandb.sklearn.plot_clusterer(KMeans(2, n_init=1), X, np.zeros(120), ["a", "b"])
    run.log({"roc": wandb.plot.roc_curve(y[80:], chance)})
    run.log({"pr": wandb.plot.pr_curve(y[80:], chance)})
"""
READ_SKLEARN = """
import json, wandb
run = wandb.Api().run("surface/sklearn")
charts = json.loads(run.json_config)["_wandb"]["value"]["visualize"]
tables = {}
for row in run.scan_history():
    for key, value in row.items():
        if isinstance(value, dict) and value.get("_type") == "table-file":
            with run.file(value["path"]).download(root="charts", replace=True) as file:
                tables[key] = len(json.load(file)["data"])
print(json.dumps([sorted(charts), tables]))
"""


def test_charts_of_scikit_learn_come_back_with_their_tables(local_server: LocalServer) -> None:
    local_server.sdk(SKLEARN)
    charts, tables = local_server.sdk(READ_SKLEARN)
    assert charts == ["pr", "precision_recall", "roc"]
    of_classifier = {"feature_importances": 5, "confusion_matrix": 4, "class_proportions": 4}
    of_regressor = {"outlier_candidates": 80, "residuals": 80, "learning_curve": 10}
    assert {**tables, **of_classifier, **of_regressor, "summary_metrics": 3} == tables
    assert min(tables[name] for name in ("roc_table", "pr_table", "calibration_curve")) > 2


OTHERS = (
    TOOLS
    + """
import pathlib, wandb
pathlib.Path("m.pdb").write_text("HEADER")
with wandb.init(project="surface", id="media") as run:
    left = wandb.Table(columns=["id", "x"], data=[[1, "a"], [2, "b"]])
    right = wandb.Table(columns=["id", "y"], data=[[1, "c"], [2, "d"]])
    run.log({"points": wandb.Object3D(__import__("numpy").eye(3)),
             "molecule": wandb.Molecule("m.pdb"),
             "bounded": wandb.Image(__import__("numpy").zeros((4, 4)), boxes={"b": {"box_data": [
                {"position": {"minX": 0.1, "maxX": 0.2, "minY": 0.3, "maxY": 0.4}, "class_id": 1}],
                "class_labels": {1: "one"}}})})
    made = wandb.Artifact("tables", "dataset")
    made.add(left, "left")
    made.add(right, "right")
    made.add(wandb.JoinedTable(left, right, "id"), "joined")
    for n in range(2):
        made.add(wandb.Table(columns=["n"], data=[[n]]), f"parts/{n}")
    made.add(wandb.data_types.PartitionedTable("parts"), "whole")
    run.log_artifact(made).wait()
"""
)
READ_OTHERS = """
import json, wandb
api = wandb.Api()
run, row = api.run("surface/media"), {}
for line in run.scan_history():
    row.update(line)
def held(key):
    with run.file(row[key]["path"]).download(root="others", replace=True) as file:
        return file.read()
tables = api.artifact("surface/tables:latest")
joined = tables.get("joined")
print(json.dumps({
    "points": json.loads(held("points"))[0], "molecule": held("molecule"),
    "boxes": json.load(run.file(row["bounded"]["boxes"]["b"]["path"]).download(
        root="others", replace=True))["box_data"][0]["class_id"],
    "joined": [table.data for table in (joined._table1, joined._table2)], "by": joined._join_key,
    "whole": sorted(part for _, part in tables.get("whole").iterrows()),
}))
"""


def test_points_molecules_boxes_and_tables_of_tables_come_back(local_server: LocalServer) -> None:
    local_server.sdk(OTHERS)
    held: dict[str, Any] = local_server.sdk(READ_OTHERS)
    assert held == {
        "points": [1.0, 0.0, 0.0],
        "molecule": "HEADER",
        "boxes": 1,
        "joined": [[[1, "a"], [2, "b"]], [[1, "c"], [2, "d"]]],
        "by": "id",
        "whole": [[0], [1]],
    }


REFUSED = (
    TOOLS
    + """
from wandb.automations import DoNothing, OnLinkArtifact
wandb.init(project="surface").finish()
api = wandb.Api()
mine = api.default_entity
asked = {
    "custom chart": lambda: api.create_custom_chart(mine, "c", "C", "vega2", "private", {}),
    "launch queues": lambda: api.create_run_queue("q", "local-container"),
    "launch queues ": lambda: api.upsert_run_queue("q", {}, "local-container"),
    "launch queues  ": lambda: api.queued_run(mine, "surface", "q", "1").state,
    "automations": lambda: list(api.automations()),
    "automations ": lambda: api.automation("n"),
    "automations  ": lambda: api.delete_automation("n"),
    "automations   ": lambda: list(api.integrations()),
    "automations    ": lambda: list(api.webhook_integrations()),
    "automations     ": lambda: api.create_automation(
        OnLinkArtifact(scope=api.project("surface")) >> DoNothing(), name="n"),
    "reports": lambda: list(api.reports("surface")),
}
assert api.list_jobs(mine, "surface") == []
print(json.dumps({what: tries(ask) for what, ask in asked.items()}))
"""
)


def test_what_is_not_offered_says_so_at_once(local_server: LocalServer) -> None:
    for what, (said, seconds) in local_server.sdk(REFUSED).items():
        assert what.strip().removesuffix("s") in said.lower()
        # 0.28.2 asks first which automations there are, and refuses by itself what is not
        assert re.search("not supported (by the local server|on this wandb server version)", said)
        assert seconds < AT_ONCE
