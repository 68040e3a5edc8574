"""What else a run can log or be asked for: written by one process, read back by another."""

import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.support.local_server import PATIENCE, SDK_PYTHON, LocalServer, warm

pytestmark = pytest.mark.slow

SUMMARIES = """
import json, wandb
with wandb.init(project="features", id="summaries") as run:
    run.define_metric("loss", summary="min")
    run.define_metric("acc", summary="max,mean")
    run.define_metric("hidden", summary="none")
    run.define_metric("cp/*", step_metric="epoch")
    for i in range(5):
        run.log({"loss": abs(2 - i), "acc": i, "hidden": i, "epoch": 10 * i, "cp/x": i,
                 "bad": float("nan"), "low": float("-inf"), "net": {"a": {"b": i}},
                 "text": f"t{i}"})
"""

READ_SUMMARIES = """
import json, math, wandb
run = wandb.Api().run("features/summaries")
rows = list(run.scan_history())
print(json.dumps({
    "summary": {k: run.summary._json_dict[k] for k in ("loss", "acc", "text", "net")},
    "hidden": "hidden" in run.summary.keys(),
    "bad": [math.isnan(float(row["bad"])) for row in rows],
    "low": [str(row["low"]) for row in rows],
    "nested": [row["net"]["a"]["b"] for row in rows],
    "keys": [[row["loss"], row["epoch"]] for row in run.scan_history(keys=["loss", "epoch"],
                                                                   page_size=2)],
    "dotted": [row["net.a.b"] for row in run.scan_history(keys=["net.a.b"])],
    "range": [row["_step"] for row in run.scan_history(min_step=1, max_step=3)],
    "sampled": [row["loss"] for row in run.history(keys=["loss"], samples=3, pandas=False)],
    "frame": run.history(samples=2)["acc"].tolist(),
    "by_epoch": [row["epoch"] for row in run.history(keys=["cp/x"], x_axis="epoch",
                                                     pandas=False)],
    "nan_frame": [str(x) for x in run.history(keys=["bad"], samples=9)["bad"]],
    "last_step": run.lastHistoryStep,
}))
"""


def test_summary_rules_nan_and_every_way_to_read_a_history(local_server: LocalServer) -> None:
    local_server.sdk(SUMMARIES)
    held = local_server.sdk(READ_SUMMARIES)
    assert held["summary"]["loss"] == {"min": 0}
    assert held["summary"]["acc"] == {"max": 4, "mean": 2}
    assert held["summary"]["text"] == "t4"
    assert held["summary"]["net"]["a"]["b"] == 4
    assert not held["hidden"]
    assert held["bad"] == [True] * 5
    assert held["low"] == ["-Infinity"] * 5 or held["low"] == ["-inf"] * 5
    assert held["nested"] == held["dotted"] == list(range(5))
    assert held["keys"] == [[abs(2 - i), 10 * i] for i in range(5)]
    assert held["range"] == [1, 2]
    assert held["sampled"] == [2, 0, 2]
    assert held["frame"] == [0, 4]
    assert held["by_epoch"] == [0, 10, 20, 30, 40]
    assert [text.lower() for text in held["nan_frame"]] == ["nan"] * 5
    assert held["last_step"] == 4


MEDIA = """
import json, pathlib, wandb
pathlib.Path("film.mp4").write_bytes(b"film")
pathlib.Path("sound.wav").write_bytes(b"sound")
with wandb.init(project="features", id="media", save_code=True) as run:
    table = wandb.Table(columns=["x", "y"], data=[[1, 2], [3, 4]])
    run.log({"table": table, "video": wandb.Video("film.mp4"),
             "hist": wandb.Histogram([1, 2, 2, 3]), "html": wandb.Html("<b>hi</b>"),
             "audio": wandb.Audio("sound.wav")})
    run.log({"line": wandb.plot.line(table, "x", "y", title="L"),
             "matrix": wandb.plot.confusion_matrix(y_true=[0, 1], preds=[0, 1])})
    run.log_code(".", include_fn=lambda path: path.endswith("mine.py"))
"""

READ_MEDIA = """
import json, wandb
run = wandb.Api().run("features/media")
rows = list(run.scan_history())
video, table = rows[0]["video"], rows[0]["table"]
run.file(video["path"]).download(root="media", replace=True)
held = json.load(run.file(table["path"]).download(root="media", replace=True))
artifacts = list(run.logged_artifacts())
logged = next(a for a in artifacts if a.name.startswith("run-media-table"))
code = next(a for a in artifacts if a.type == "code")
print(json.dumps({
    "types": [rows[0][key]["_type"] for key in ("video", "hist", "html", "audio", "table")],
    "video": open("media/" + video["path"]).read(),
    "table": held["data"], "columns": held["columns"],
    "hist": rows[0]["hist"]["values"], "kinds": sorted({a.type for a in artifacts}),
    "from_artifact": logged.get("table").data,
    "viz": sorted(json.loads(run.json_config)["_wandb"]["value"]["visualize"]),
    "code": sorted(code.manifest.entries),
}))
"""


def test_media_tables_plots_and_code_come_back(local_server: LocalServer) -> None:
    Path(local_server.env["HOME"], "mine.py").write_text("x = 1\n")
    local_server.sdk(MEDIA)
    held = local_server.sdk(READ_MEDIA)
    assert held["types"] == ["video-file", "histogram", "html-file", "audio-file", "table-file"]
    assert held["video"] == "film"
    assert held["table"] == held["from_artifact"] == [[1, 2], [3, 4]]
    assert held["columns"] == ["x", "y"]
    assert sum(held["hist"]) == 4
    assert {"code", "run_table"} <= set(held["kinds"])
    assert held["viz"] == ["line", "matrix"]
    assert held["code"] == ["mine.py"]


FILES = """
import json, os, pathlib, wandb
with wandb.init(project="features", id="files") as run:
    os.makedirs("deep", exist_ok=True)
    pathlib.Path("deep/now.txt").write_text("now")
    pathlib.Path("end.txt").write_text("first")
    pathlib.Path("live.txt").write_text("v1")
    run.save("deep/now.txt", policy="now")
    run.save("end.txt", policy="end")
    run.save("live.txt", policy="live")
    pathlib.Path("own file %.txt").write_text("own")
    run.save("own file %.txt")
    pathlib.Path("end.txt").write_text("last")
    pathlib.Path("empty").write_text("")
    run.save("empty")
"""

READ_FILES = """
import json, os, pathlib, wandb
api = wandb.Api()
run = api.run("features/files")
def text(name):
    return run.file(name).download(root="down", replace=True).read()
held = {name: text(name) for name in ("deep/now.txt", "end.txt", "own file %.txt", "empty")}
pathlib.Path("later.txt").write_text("later")
made = run.upload_file("later.txt")
again = api.run("features/files")
names = sorted(f.name for f in again.files(per_page=2))
listed = [f.name for f in again.files(names=["end.txt", "nope"])]
like = [f.name for f in again.files(pattern="%.txt")]
size = again.file("later.txt").size
again.file("later.txt").delete()
after = sorted(f.name for f in wandb.Api().run("features/files").files())
try:
    wandb.Api().run("features/files").file("later.txt").download(root="down", replace=True)
    gone = False
except Exception:
    gone = True
print(json.dumps({"held": held, "names": names, "listed": listed, "like": like, "size": size,
                  "after": after, "gone": gone,
                  "count": len(wandb.Api().run("features/files").files()),
                  "metadata": run.metadata["host"]}))
"""


def test_files_of_every_policy_come_back_and_can_be_added_and_deleted(
    local_server: LocalServer,
) -> None:
    local_server.sdk(FILES)
    held = local_server.sdk(READ_FILES)
    assert held["held"] == {
        "deep/now.txt": "now",
        "end.txt": "last",
        "own file %.txt": "own",
        "empty": "",
    }
    assert len(held["names"]) == len(set(held["names"])) == held["count"] + 1
    assert "later.txt" in held["names"]
    assert held["listed"] == ["end.txt"]
    assert {"deep/now.txt", "later.txt"} <= set(held["like"])
    assert all(name.endswith(".txt") for name in held["like"])
    assert held["size"] == 5
    assert held["after"] == [name for name in held["names"] if name != "later.txt"]
    assert held["gone"]
    assert held["metadata"]


CONSOLE = """
import sys, wandb
with wandb.init(project="features", id="console",
                settings=wandb.Settings(console="wrap")) as run:
    print("to stdout")
    print("to stderr", file=sys.stderr)
    for i in range(5):
        sys.stdout.write(f"\\rstep {i}")
        sys.stdout.flush()
    print()
    for i in range(250):
        print("line", i)
print("null")
"""

READ_CONSOLE = """
import json, wandb
run = wandb.Api().run("features/console")
lines = list(run.console_logs(per_page=60))
print(json.dumps({"all": [[line.number, line.content] for line in lines],
                  "levels": [line.level for line in lines[:2]],
                  "when": all(line.timestamp is not None for line in lines),
                  "last": [line.content for line in run.console_logs(last=3)],
                  "file": run.file("output.log").download(root="down", replace=True).read()}))
"""


def test_console_lines_come_back_page_by_page(local_server: LocalServer) -> None:
    local_server.sdk(CONSOLE)
    assert local_server.console("features/console")[-1] == "line 249"
    if not local_server.sdk("import json, wandb; print(json.dumps(hasattr(wandb.Api().run("
                            "'features/console'), 'console_logs')))"):  # fmt: skip
        pytest.skip("this SDK has no Run.console_logs")
    held = local_server.sdk(READ_CONSOLE)
    texts = [text for _, text in held["all"]]
    assert texts == ["to stdout", "to stderr", "step 4", *(f"line {i}" for i in range(250))]
    assert [number for number, _ in held["all"]] == list(range(253))
    assert held["levels"][1] == "error"
    assert held["when"]
    assert held["last"] == ["line 247", "line 248", "line 249"]
    assert "line 249" in held["file"]


API = """
import json, sys, wandb
api = wandb.Api()
made = api.create_run(project="features", run_id="by-api")
states = [wandb.Api().run("features/by-api").state]
for state in ("pending", "failed"):
    try:
        made.update_state(state)
        states.append(wandb.Api().run("features/by-api").state)
    except Exception as error:
        states.append(str(error))
run = api.run("features/by-api")
run.name, run.notes, run.group = "renamed", "notes", "team"
run.config.update({"a": {"b": 1}}); run.tags = ["x", "x", "y"]
run.update()
run.summary.update({"score": 0.25, "deep": {"er": 2}})
again = wandb.Api().run("features/by-api")
print(json.dumps({"states": states, "name": again.name, "notes": again.notes,
                  "group": again.group, "config": dict(again.config), "tags": again.tags,
                  "score": again.summary["score"], "deep": again.summary["deep"]["er"],
                  "found": [r.id for r in api.runs("features", {"summary_metrics.deep.er": 2})],
                  "by_config": [r.id for r in api.runs("features", {"config.a.b": 1})],
                  "sys": again.system_metrics}))
"""


def test_runs_are_made_and_edited_through_the_api(local_server: LocalServer) -> None:
    held = local_server.sdk(API)
    assert held["states"][1] == "pending" or held["states"][0] == "pending"
    assert held["states"][2] == "failed"
    assert (held["name"], held["notes"], held["group"]) == ("renamed", "notes", "team")
    assert held["config"] == {"a": {"b": 1}}
    assert held["tags"] == ["x", "y"]
    assert (held["score"], held["deep"]) == (0.25, 2)
    assert held["found"] == held["by_config"] == ["by-api"]


STOPPED = """
import json, time, wandb
settings = wandb.Settings(x_file_stream_transmit_interval=1)
with wandb.init(project="features", id="stopped", settings=settings) as run:
    for i in range(36_000):
        run.log({"i": i})
        time.sleep(0.1)
"""


def test_a_run_stopped_through_the_api_ends_by_itself_with_all_its_lines(
    local_server: LocalServer,
) -> None:
    process = subprocess.Popen(
        [warm(SDK_PYTHON), "-c", STOPPED],
        env=local_server.env,
        cwd=local_server.env["HOME"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stop = """
import json, time, wandb
while True:
    try:
        run = wandb.Api().run("features/stopped")
        if run.lastHistoryStep > 3:
            break
    except Exception:
        pass
    time.sleep(0.1)
run.stop()
print(json.dumps(True))
"""
    local_server.sdk(stop)
    assert process.wait(PATIENCE) != 0
    state, rows = local_server.sdk(
        "import json, wandb; r = wandb.Api().run('features/stopped');"
        "print(json.dumps([r.state, [row['i'] for row in r.scan_history()]]))"
    )
    assert state == "killed"
    assert rows == list(range(len(rows)))
    assert len(rows) > 10


DELETED = """
import json, sys, wandb
with wandb.init(project="features", id=sys.argv[1]) as run:
    made = wandb.Artifact("art-" + sys.argv[1], "data")
    with made.new_file("f") as file:
        file.write(sys.argv[1])
    run.log_artifact(made).wait()
api = wandb.Api()
api.run("features/" + sys.argv[1]).delete(delete_artifacts=sys.argv[2] == "with")
fresh = wandb.Api()
try:
    fresh.run("features/" + sys.argv[1]).state
    run_left = True
except Exception:
    run_left = False
name = "features/art-" + sys.argv[1]
print(json.dumps([run_left, fresh.artifact_exists(name + ":v0"),
                  [version.version for version in fresh.artifacts("data", name)]]))
"""


@pytest.mark.parametrize(("how", "kept"), [("with", False), ("without", True)])
def test_a_deleted_run_takes_its_artifacts_along_only_if_asked(
    local_server: LocalServer, how: str, kept: bool
) -> None:
    listed = ["v0"] if kept else []
    assert local_server.sdk(DELETED, f"del-{how}", how) == [False, kept, listed]


SIGNALS = """
import json, wandb
with wandb.init(project="features", id="signals") as run:
    run.alert(title="Careful", text="it burns", level=wandb.AlertLevel.WARN)
    run.mark_preempting()
    run.finish(exit_code=1)
print(json.dumps(wandb.Api().run("features/signals").state))
"""


def test_alerts_are_kept_and_a_preempted_run_says_so(local_server: LocalServer) -> None:
    assert local_server.sdk(SIGNALS) == "preempted"
    db = sqlite3.connect(local_server.data_dir / "housing-sweep.db")
    with db:
        rows = db.execute("SELECT title, text, level FROM alerts").fetchall()
    db.close()
    assert rows == [("Careful", "it burns", "WARN")]


MANY = """
import json, wandb
api = wandb.Api()
runs = api.runs("many", per_page=int(__import__("sys").argv[1]))
names = [run.id for run in runs]
print(json.dumps([len(runs), len(names), len(set(names)), names == sorted(names)]))
"""


def test_pages_beyond_a_thousand_runs_hold_every_run_once(local_server: LocalServer) -> None:
    mutation = """mutation M($names: [String!]) {%s}"""
    for start in range(0, 1200, 100):
        parts = [
            f'm{i}: upsertBucket(input: {{modelName: "many", name: "r{i:05}"}}) {{ inserted }}'
            for i in range(start, start + 100)
        ]
        status, answer = local_server.graphql(mutation % "\n".join(parts))
        assert status == 200, answer
    assert local_server.sdk(MANY, "100") == [1200, 1200, 1200, True]


def test_what_a_run_used_and_logged_is_listed(local_server: LocalServer) -> None:
    code = """
import json, wandb
def artifact(name, kind, text):
    made = wandb.Artifact(name, kind)
    with made.new_file("f") as file:
        file.write(text)
    return made
with wandb.init(project="features", id="maker") as run:
    run.log_artifact(artifact("lineage-data", "dataset", "d")).wait()
with wandb.init(project="features", id="user") as run:
    run.use_artifact("lineage-data:latest")
    run.log_artifact(artifact("lineage-model", "model", "m")).wait()
run = wandb.Api().run("features/user")
print(json.dumps([[a.name for a in found]
                  for found in (run.used_artifacts(), run.logged_artifacts())]))
"""
    used, logged = local_server.sdk(code)
    assert used == ["lineage-data:v0"]
    assert "lineage-model:v0" in logged
