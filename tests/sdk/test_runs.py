"""Runs through the real SDK: written in one process, read back in another."""

import pytest

from tests.support.local_server import PATIENCE, LocalServer

pytestmark = pytest.mark.slow

LOG = """
import json, sys, wandb
with wandb.init(project=sys.argv[1], config={"lr": 0.1, "net": {"depth": 3}}, tags=["a", "b"],
                group="g", job_type="train", notes="hello", name="first") as run:
    print("said on the console")
    for i in range(12):
        run.log({"loss": 1.0 / (i + 1), "nested": {"x": i}})
    run.summary["val_rmse"] = float(sys.argv[2])
    open("note.txt", "w").write("kept")
    run.save("note.txt")
print(json.dumps(run.id))
"""

READ = """
import json, sys, wandb
r = wandb.Api().run(sys.argv[1])
lines = list(r.scan_history())
r.file("note.txt").download(root=".", replace=True)
print(json.dumps({
    "state": r.state, "config": dict(r.config), "tags": sorted(r.tags), "group": r.group,
    "job": r.job_type, "notes": r.notes, "name": r.name, "user": r.user.username,
    "losses": [row["loss"] for row in lines], "steps": [row["_step"] for row in lines],
    "nested": [row["nested"]["x"] for row in lines],
    "sampled": len(r.history(samples=5, pandas=False)),
    "range": [row["_step"] for row in r.scan_history(min_step=3, max_step=6)],
    "keys": [row["loss"] for row in r.scan_history(keys=["loss"])],
    "rmse": r.summary["val_rmse"], "last": r.summary["loss"],
    "note": open("note.txt").read(), "files": sorted(f.name for f in r.files()),
    "console": r.file("output.log").download(root=".", replace=True).read(),
}))
"""


def test_everything_a_run_logs_comes_back_in_another_process(local_server: LocalServer) -> None:
    run_id = local_server.sdk(LOG, "sdk-runs", "0.5")
    held = local_server.sdk(READ, f"sdk-runs/{run_id}")
    assert held["state"] == "finished"
    assert held["config"] == {"lr": 0.1, "net": {"depth": 3}}
    assert (held["tags"], held["group"], held["job"]) == (["a", "b"], "g", "train")
    assert (held["notes"], held["name"], held["user"]) == ("hello", "first", local_server.user)
    assert held["losses"] == [1.0 / (i + 1) for i in range(12)]
    assert held["steps"] == held["nested"] == list(range(12))
    assert held["sampled"] == 5
    assert held["range"] == [3, 4, 5]
    assert held["keys"] == held["losses"]
    assert (held["rmse"], held["last"]) == (0.5, 1.0 / 12)
    assert held["note"] == "kept"
    assert {"config.yaml", "output.log", "wandb-metadata.json", "note.txt"} <= set(held["files"])
    assert "said on the console" in held["console"]


MANY = """
import json, sys, wandb
for i, score in enumerate([0.5, 0.1, float("nan"), 0.3, None, 0.1, float("inf")]):
    config = {"i": i, "kind": "ab"[i % 2], "net": {"depth": i // 3}}
    run = wandb.init(project=sys.argv[1], name=f"r{i}", id=f"id-{i}", config=config,
                     group=f"g{i // 4}", job_type="odd" if i % 2 else None,
                     tags=["odd"] if i % 2 else [],
                     settings=wandb.Settings(console="off"))
    run.log({"x": i})
    if score is not None:
        run.summary["val_rmse"] = score
    run.finish(exit_code=1 if i == 3 else 0)
print(json.dumps(True))
"""

ASK = """
import json, sys, wandb
api, project = wandb.Api(), sys.argv[1]
def names(filters=None, order="+created_at", per_page=2):
    return [r.name for r in api.runs(project, filters=filters, order=order, per_page=per_page)]
print(json.dumps({
    "all": names(), "newest": names(order="-created_at"),
    "best": names(order="+summary_metrics.val_rmse"),
    "worst": names(order="-summary_metrics.val_rmse"),
    "config": names(order="-config.i"), "config.value": names(order="-config.i.value"),
    "lt": names({"summary_metrics.val_rmse": {"$lt": 0.4}}),
    "eq": names({"config.kind": "a"}), "in": names({"config.i.value": {"$in": [1, 4]}}),
    "or": names({"$or": [{"display_name": "r0"}, {"config.i": {"$gte": 6}}]}),
    "not": names({"$not": {"config.kind": "a"}}), "ne": names({"config.kind": {"$ne": "a"}}),
    "regex": names({"display_name": {"$regex": "^r[02]$"}}),
    "exists": names({"summary_metrics.val_rmse": {"$exists": True}}),
    "state": names({"state": "failed"}),
    "and": names({"$and": [{"config.kind": "a"}, {"config.i": {"$gt": 0, "$lt": 6}}]}),
    "count": len(api.runs(project, filters={"config.kind": "a"})),
    "nor": names({"$nor": [{"config.kind": "a"}, {"display_name": "r1"}]}),
    "gt": names({"summary_metrics.val_rmse": {"$gt": 0.3}}),
    "gte": names({"summary_metrics.val_rmse": {"$gte": 0.3}}),
    "lte": names({"summary_metrics.val_rmse": {"$lte": 0.3}}),
    "explicit": names({"config.kind": {"$eq": "a"}}), "nin": names({"config.i": {"$nin": [0, 1]}}),
    "absent": names({"summary_metrics.val_rmse": {"$exists": False}}),
    "field": names({"config.i": {"$not": {"$gt": 2}}}),
    "dotted": names({"config.net.depth": 1}), "wrapped": names({"config.net.value.depth": 1}),
    "tag": names({"tags": "odd"}), "tags": names({"tags": {"$in": ["odd", "nope"]}}),
    "group": names({"group": "g1"}), "job": names({"jobType": "odd"}),
    "user": names({"username": sys.argv[2]}), "id": names({"name": "id-3"}),
    "camel": names({"displayName": "r3"}), "nobody": names({"username": "nobody"}),
    "since": names({"created_at": {"$gt": api.run(project + "/id-4").created_at}}),
    "heartbeat": names({"heartbeat_at": {"$gt": "2020-01-01T00:00:00Z"}}),
    "by_heartbeat": names(order="-heartbeat_at"), "by_name": names(order="-display_name"),
    "by_state": names(order="+state"), "by_text": names(order="+config.kind"),
    "by_depth": names(order="+config.net.value.depth"),
}))
"""


def test_filters_and_orders_do_what_they_say(local_server: LocalServer) -> None:
    local_server.sdk(MANY, "sdk-filters")
    held = local_server.sdk(ASK, "sdk-filters", local_server.user)
    everyone = [f"r{i}" for i in range(7)]
    assert held["all"] == everyone
    assert held["newest"] == everyone[::-1]
    assert held["best"][:5] == ["r1", "r5", "r3", "r0", "r6"]
    assert set(held["best"][5:]) == {"r2", "r4"}  # NaN and missing come last either way
    assert held["worst"][:5] == ["r6", "r0", "r3", "r5", "r1"]
    assert held["config"] == held["config.value"] == everyone[::-1]
    assert held["lt"] == ["r1", "r3", "r5"]
    assert held["eq"] == ["r0", "r2", "r4", "r6"]
    assert held["in"] == ["r1", "r4"]
    assert held["or"] == ["r0", "r6"]
    assert held["not"] == held["ne"] == ["r1", "r3", "r5"]
    assert held["regex"] == ["r0", "r2"]
    assert "r4" not in held["exists"]
    assert held["state"] == ["r3"]
    assert held["and"] == ["r2", "r4"]
    assert held["count"] == 4
    odd = everyone[1::2]
    assert held["nor"] == ["r3", "r5"]
    assert held["gt"] == ["r0", "r6"]
    assert held["gte"] == ["r0", "r3", "r6"]
    assert held["lte"] == ["r1", "r3", "r5"]
    assert held["explicit"] == ["r0", "r2", "r4", "r6"]
    assert held["nin"] == everyone[2:]
    assert held["absent"] == ["r2", "r4"]  # the SDK keeps a NaN that is set, not logged, to itself
    assert held["field"] == ["r0", "r1", "r2"]
    assert held["dotted"] == held["wrapped"] == ["r3", "r4", "r5"]
    assert held["tag"] == held["tags"] == held["job"] == odd
    assert held["group"] == ["r4", "r5", "r6"]
    assert held["user"] == held["heartbeat"] == everyone
    assert held["nobody"] == []
    assert held["id"] == held["camel"] == ["r3"]
    assert held["since"] in (["r5", "r6"], ["r4", "r5", "r6"])  # createdAt is told in milliseconds
    assert held["by_heartbeat"] == held["by_name"] == everyone[::-1]
    assert held["by_state"] == ["r3", *everyone[:3], *everyone[4:]]
    assert held["by_text"] == [*everyone[::2], *odd]
    assert held["by_depth"] == everyone


def test_a_filter_nobody_knows_is_refused_by_name(local_server: LocalServer) -> None:
    code = """
import json, sys, wandb
wandb.init(project="sdk-refused").finish()
try:
    len(wandb.Api().runs("sdk-refused", filters={"colour": "red"}))
    print(json.dumps("accepted"))
except Exception as error:
    print(json.dumps(str(error)))
"""
    assert "'colour'" in local_server.sdk(code)


RESUME = """
import json, sys, wandb
with wandb.init(project="sdk-resume", id="again", resume=sys.argv[1] or None) as run:
    start = run.step
    for i in range(3):
        run.log({"x": i})
print(json.dumps(start))
"""


def test_a_resumed_run_goes_on_where_it_was(local_server: LocalServer) -> None:
    local_server.sdk(RESUME, "allow")
    local_server.sdk(RESUME, "must")
    steps = local_server.sdk(
        "import json, wandb; r = wandb.Api().run('sdk-resume/again');"
        "print(json.dumps([row['_step'] for row in r.scan_history()]))"
    )
    assert steps == list(range(6))
    refused = local_server.cli("python", "-c", RESUME, "never", check=False)
    assert refused.returncode != 0


def test_a_wrong_key_is_refused_at_once(local_server: LocalServer) -> None:
    done = local_server.cli(
        *("python", "-c", "import wandb; wandb.init(project='p')"),
        check=False,
        env={"WANDB_API_KEY": "x" * 48},
        timeout=PATIENCE,
    )
    assert done.returncode != 0
    assert "logged in" in done.stdout + done.stderr


DELETE = """
import json, sys, wandb
api = wandb.Api()
run = wandb.init(project="sdk-delete"); run.log({"x": 1}); run.finish()
path = f"{run.entity}/{run.project}/{run.id}"
held = api.run(path); held.tags = ["late"]; held.config["new"] = 5; held.update()
held.summary.update({"late": 7})
again = wandb.Api().run(path)
before = [list(again.tags), again.config["new"], again.summary["late"], again.summary["x"]]
again.delete()
try:
    wandb.Api().run(path).state
    gone = False
except Exception:
    gone = True
print(json.dumps([before, gone]))
"""


def test_runs_are_edited_and_deleted_through_the_api(local_server: LocalServer) -> None:
    before, gone = local_server.sdk(DELETE)
    assert before == [["late"], 5, 7, 1]
    assert gone
