"""Report, compare and prune as a user runs them, on real trials and the real server.

In this order: what reads comes first, then the promotion, then the pruning.
"""

import json
import os
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.pipeline.conftest import Swept
from tests.support.local_server import PATIENCE, LocalServer

pytestmark = pytest.mark.slow

PANEL = """
import json, sys, wandb
runs = wandb.Api().runs(sys.argv[1], filters={"jobType": sys.argv[2]}, lazy=False)
print(json.dumps([[r.id, r.state, r.summary_metrics["report"]["path"],
                   r.summary_metrics.get("applied"), [f.name for f in r.files()]] for r in runs]))
"""

MODELS = """
import json, sys, wandb
api = wandb.Api()
held = {}
for run in api.runs(sys.argv[1], filters={"sweep": sys.argv[2]}, lazy=False):
    held[run.id] = [a.name for a in run.logged_artifacts() if a.type == "model"]
print(json.dumps(held))
"""

NEEDED = """
import json, sys, wandb
project, linked, used, named = sys.argv[1:5]
api = wandb.Api()
api.artifact(f"{project}/model-{linked}:latest").link("wandb-registry-model/kept-by-prune")
with wandb.init(project=project, job_type="reader") as run:
    run.use_artifact(f"model-{used}:latest")
model = api.artifact(f"{project}/model-{named}:latest")
model.aliases.append("favourite")
model.save()
"""


class _Page(HTMLParser):
    """What a page loads, links to, and which trials it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.trials: set[str] = set()
        self.titles = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loads += [f"{tag} {k}={v}" for k, v in attrs if k in ("src", "srcset", "data")]
        if tag in ("link", "iframe", "object", "embed", "img", "base"):
            self.loads.append(tag)
        if tag == "tr" and given.get("data-trial"):
            self.trials.add(str(given["data-trial"]))
        self.titles += tag == "svg" and bool(given.get("aria-label"))


def test_a_report_holds_every_trial_and_loads_nothing(
    local_server: LocalServer, swept: Swept, tmp_path: Path
) -> None:
    out = tmp_path / "sweep.html"
    said = local_server.cli("housing-sweep", "report", swept.path, "--out", str(out)).stdout
    text = out.read_text("utf-8")
    page = _Page()
    page.feed(text)
    assert page.loads == []
    assert "@import" not in text
    assert "url(" not in text.replace('url(#c)"', "")
    assert page.trials == {run["id"] for run in swept.runs}
    assert page.titles >= 5
    assert "Not promoted" in text
    assert "SYNTHETIC STAND-IN" in text
    assert "Validation rows in California" in text  # the errors were checked and drawn
    assert "learning_rate: 7.0 is outside" in text  # why one trial failed
    told = out.with_suffix(".md").read_text("utf-8")
    assert all(run["id"] in text for run in swept.runs)
    assert told.startswith("# val_rmse ")
    assert str(out) in said

    ((_, state, panel, _, files),) = local_server.sdk(PANEL, swept.project, "report")
    assert state == "finished"
    assert panel in files
    _opens_in_a_browser(out)


def _opens_in_a_browser(page: Path) -> None:
    """Open it in Chromium, where there is one: scripts run, the policy blocks nothing."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        return
    done = subprocess.run(
        [
            *(browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--enable-logging=stderr", f"--user-data-dir={page.parent / 'browser'}"),
            page.as_uri() + "#trials",
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "HOME": str(page.parent)},
    )
    assert "All trials" in done.stdout
    assert "CONSOLE" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere/nonesuch"], 3, "nonesuch"),
        (["{sweep}", "--out", "no/such/folder/x.html"], 2, "there is no folder"),
        (["{sweep}", "--out", "x.pdf"], 2, "ends in .html"),
    ],
)
def test_a_report_that_cannot_be_made_says_why(
    local_server: LocalServer, swept: Swept, arguments: list[str], code: int, said: str
) -> None:
    given = [part.format(sweep=swept.path) for part in arguments]
    done = local_server.cli("housing-sweep", "report", *given, check=False)
    assert done.returncode == code
    assert said in done.stderr
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr


def test_compare_names_what_differs(local_server: LocalServer, swept: Swept) -> None:
    one, two = (f"{swept.project}/{run['id']}" for run in swept.runs[:2])
    done = local_server.cli("housing-sweep", "compare", one, two, "--json")
    found = json.loads(done.stdout)
    assert found["verdict"] == "config differs"
    differing = {row["name"] for row in found["config"] if row["differs"]}
    assert differing == {"learning_rate"}
    assert {row["name"] for row in found["environment"]} >= {"scikit-learn", "numpy", "python"}
    assert [row["differs"] for row in found["data"]] == [False] * len(found["data"])
    assert found["data"]
    text = local_server.cli("housing-sweep", "compare", one, two).stdout
    assert "learning_rate" in text
    alone = local_server.cli("housing-sweep", "compare", one, check=False)
    gone = local_server.cli("housing-sweep", "compare", one, "nonesuch", check=False)
    assert (alone.returncode, gone.returncode) == (2, 3)


def test_a_report_of_a_promoted_sweep_shows_the_decision_on_its_run(
    local_server: LocalServer, swept: Swept, tmp_path: Path
) -> None:
    local_server.cli(
        *("housing-sweep", "promote", swept.path, "--alias", "reported", "--require", "none"),
        *("--no-spatial", "--strict-best"),
    )
    out = tmp_path / "promoted.html"
    local_server.cli("housing-sweep", "report", swept.path, "--out", str(out))
    text = out.read_text("utf-8")
    assert "Promoted to wandb-registry-model/california-housing:reported" in text
    assert "✓ yes" in text
    ((_, state, panel, applied, files),) = local_server.sdk(PANEL, swept.project, "promote")
    assert (state, applied) == ("finished", True)
    assert panel in files


def test_a_metric_that_no_trial_has_ranks_nothing_anywhere(
    local_server: LocalServer, swept: Swept
) -> None:
    before = local_server.sdk(MODELS, swept.project, swept.path.split("/")[1])
    for command in (
        ("promote", swept.path, "--alias", "typo"),
        ("prune", swept.path, "--keep", "0"),
        ("prune", swept.path, "--keep", "0", "--unscored"),
        ("report", swept.path, "--no-log"),
        ("sweeps", "show", swept.path),
    ):
        named = ("--metric", "val_rsme", "--goal", "minimize")
        done = local_server.cli("housing-sweep", *command, *named, check=False)
        assert done.returncode == 2, (command, done.stdout, done.stderr)
        assert "no finished trial has a finite val_rsme" in done.stderr
        assert "did you mean val_rmse?" in done.stderr
        assert "val_mae" in done.stderr
        assert "Traceback" not in done.stderr
        unknown = local_server.cli("housing-sweep", *command, "--metric", "lift", check=False)
        assert unknown.returncode == 2, (command, unknown.stdout, unknown.stderr)
        assert "whether a low or a high lift is good" in unknown.stderr
    assert local_server.sdk(MODELS, swept.project, swept.path.split("/")[1]) == before


def test_a_known_metric_ranks_the_way_that_is_good_for_it(
    local_server: LocalServer, swept: Swept, tmp_path: Path
) -> None:
    scored = [run for run in swept.runs if run["r2"] is not None]
    best = max(scored, key=lambda run: run["r2"])["id"]
    r2 = ("--metric", "val_r2")
    promoted = local_server.cli(
        *("housing-sweep", "promote", swept.path, *r2, "--alias", "high", "--dry-run", "--json"),
        *("--require", "none", "--no-spatial"),
    )
    decision = json.loads(promoted.stdout)
    assert decision["winner"]["run"].endswith(f"/{best}")
    assert (decision["metric"], decision["goal"]) == ("val_r2", "maximize")
    pruned = local_server.cli(
        "housing-sweep", "prune", swept.path, *r2, "--keep", "1", "--dry-run", "--json"
    )
    assert json.loads(pruned.stdout)["kept_best"] == [best]
    shown = local_server.cli("housing-sweep", "sweeps", "show", swept.path, *r2, "--json")
    overview = json.loads(shown.stdout)
    assert overview["best"][0]["name"] == best
    assert overview["ranked_by"] == {"metric": "val_r2", "goal": "maximize"}
    low = local_server.cli(
        "housing-sweep", "sweeps", "show", swept.path, *r2, "--goal", "minimize", "--json"
    )
    assert json.loads(low.stdout)["best"][0]["name"] != best
    out = tmp_path / "r2.html"
    local_server.cli("housing-sweep", "report", swept.path, *r2, "--no-log", "--out", str(out))
    assert out.with_suffix(".md").read_text("utf-8").startswith("# val_r2 ")


def test_prune_deletes_losers_and_never_what_is_needed(
    local_server: LocalServer, swept: Swept
) -> None:
    best, linked, used, named, *losers = swept.best_first
    local_server.sdk(NEEDED, swept.project, linked, used, named)
    command = ("housing-sweep", "prune", swept.path, "--keep", "1", "--json")
    before = local_server.sdk(MODELS, swept.project, swept.path.split("/")[1])

    dry = json.loads(local_server.cli(*command, "--dry-run").stdout)
    assert local_server.sdk(MODELS, swept.project, swept.path.split("/")[1]) == before
    real = json.loads(local_server.cli(*command).stdout)
    assert real["deleted"] == dry["deleted"]
    assert {one["model"].split("model-")[1] for one in real["deleted"]} == {
        f"{run}:v0" for run in losers
    }
    assert real["bytes"] == sum(one["bytes"] for one in real["deleted"]) > 1000
    why = {one["model"].split("model-")[1][:-3]: one["why"] for one in real["kept"]}
    assert why[linked].startswith("linked to wandb-registry-model/kept-by-prune")
    assert why[used].startswith("used by ")
    assert why[named] == "has the alias favourite"
    after = local_server.sdk(MODELS, swept.project, swept.path.split("/")[1])
    assert [after[run] for run in losers] == [[]] * len(losers)
    assert [after[run] for run in (best, linked, used, named)] == [
        before[run] for run in (best, linked, used, named)
    ]
    again = json.loads(local_server.cli(*command).stdout)
    assert again["deleted"] == []


ODD = """
import json, sys, wandb
sweep = wandb.sweep({
    "method": "grid", "name": "odd <b>", "metric": {"name": "acc", "goal": "maximize"},
    "parameters": {"a": {"values": [1, 2]}, "nest": {"parameters": {"x": {"values": ["u", "v"]}}}},
}, project="odd")
def trial():
    with wandb.init() as run:
        good = run.config.a == 1 or run.config.nest["x"] == "u"
        for step in range(3):
            run.log({"acc": run.config.a * step if good else float("nan")})
wandb.agent(sweep, function=trial, project="odd", count=4)
print(json.dumps(sweep))
"""


def test_anybodys_sweep_has_a_report(local_server: LocalServer, tmp_path: Path) -> None:
    sweep = local_server.sdk(ODD)
    out = tmp_path / "odd.html"
    said = local_server.cli("housing-sweep", "report", f"odd/{sweep}", "--out", str(out))
    text = out.read_text("utf-8")
    assert "acc 4.0000, the best of 4 trials" in text
    assert "nest.x" in text
    assert "odd &lt;b&gt;" in text
    assert "has no model artifact" in said.stdout
