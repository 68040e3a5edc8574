"""What else artifacts can do: each written by one process and read by another, through the SDK."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_server import AT_ONCE, LocalServer

pytestmark = pytest.mark.slow

MAKE = """
import json, sys, wandb
def log(run, name, text, kind="model", **more):
    made = wandb.Artifact(name, kind, **more)
    for path, content in (text if isinstance(text, dict) else {"f.txt": text}).items():
        with made.new_file(path) as file:
            file.write(content)
    return run.log_artifact(made).wait()
"""


def _make(server: LocalServer, code: str, *arguments: str) -> Any:
    return server.sdk(MAKE + code, *arguments)


def test_collections_are_listed_found_described_renamed_and_moved(
    local_server: LocalServer,
) -> None:
    _make(
        local_server,
        """
with wandb.init(project="af-coll") as run:
    for n in range(5):
        log(run, f"c{n}", str(n))
    log(run, "other", "x", "data")
c = wandb.Api().artifact_collection("model", "af-coll/c0")
c.name, c.description, c.tags = "renamed", "described", ["one", "two"]
c.save()
moved = wandb.Api().artifact_collection("model", "af-coll/c1")
moved.change_type("checkpoint")
wandb.Api().artifact_collection("model", "af-coll/c2").delete()
""",
    )
    held = local_server.sdk(
        """
import json, wandb
api = wandb.Api()
def exists(name):
    return [api.artifact_collection_exists(name=name, type=kind) for kind in ("model", "data")]
c = api.artifact_collection("model", "af-coll/renamed")
print(json.dumps({
    "types": sorted(t.name for t in api.artifact_types("af-coll")),
    "all": sorted(c.name for c in api.artifact_collections("af-coll", "model", per_page=2)),
    "moved": [c.name for c in api.artifact_type("checkpoint", "af-coll").collections()],
    "described": [c.description, sorted(c.tags), c.type, c.is_sequence()],
    "exists": exists("af-coll/renamed"), "gone": exists("af-coll/c2")[0],
    "old_name": api.artifact_exists("af-coll/c0:v0"),
    "by_new_name": api.artifact("af-coll/renamed:latest").version,
}))
"""
    )
    assert held["types"] == ["checkpoint", "data", "model"]
    assert held["all"] == ["c3", "c4", "renamed"]
    assert held["moved"] == ["c1"]
    assert held["described"] == ["described", ["one", "two"], "model", True]
    assert held["exists"] == [True, False]
    assert not held["gone"]
    assert not held["old_name"]
    assert held["by_new_name"] == "v0"


def test_versions_are_paged_ordered_and_filtered_by_tag(local_server: LocalServer) -> None:
    _make(
        local_server,
        """
with wandb.init(project="af-vers") as run:
    for n in range(5):
        text = "x" * (n * 7 % 5)  # sizes 0, 2, 4, 1, 3
        made = log(run, "many", text, metadata={"n": n}, description=f"number {n}")
        if n % 2:
            made.tags = ["odd"]
            made.save()
""",
    )
    held = local_server.sdk(
        """
import json, wandb
api = wandb.Api()
def names(**more):
    return [a.version for a in api.artifacts("model", "af-vers/many", **more)]
first = api.artifact("af-vers/many:v1")
first.metadata["n"], first.description = 10, "changed"
first.aliases.append("chosen")
first.save()
again = wandb.Api().artifact("af-vers/many:chosen")
again.aliases.remove("chosen")
again.save()
try:
    wandb.Api().artifact("af-vers/many:chosen")
    gone = False
except Exception:
    gone = True
print(json.dumps({"newest": names(), "paged": names(per_page=2), "tag": names(tags=["odd"]),
    "asc": names(order="+createdAt", per_page=2), "sizes": names(order="-size", per_page=2),
    "count": len(api.artifacts("model", "af-vers/many")),
    "edited": [again.version, again.metadata, again.description], "gone": gone,
    "latest": api.artifact("af-vers/many").version}))
"""
    )
    assert held["newest"] == held["paged"] == ["v4", "v3", "v2", "v1", "v0"]
    assert sorted(held["tag"]) == ["v1", "v3"]
    assert held["asc"] == ["v0", "v1", "v2", "v3", "v4"]
    assert held["sizes"] == ["v2", "v4", "v1", "v3", "v0"]
    assert held["count"] == 5
    assert held["edited"] == ["v1", {"n": 10}, "changed"]
    assert held["gone"]
    assert held["latest"] == "v4"


def test_a_draft_of_a_version_sends_what_changed_and_keeps_the_rest(
    local_server: LocalServer,
) -> None:
    _make(
        local_server,
        """
with wandb.init(project="af-draft") as run:
    log(run, "base", {"keep.txt": "kept", "change.txt": "old", "drop.txt": "dropped"})
    draft = run.use_artifact("base:latest").new_draft()
    draft.remove("change.txt")
    draft.remove("drop.txt")
    with draft.new_file("change.txt") as file:
        file.write("new")
    with draft.new_file("deep/more.txt") as file:
        file.write("more")
    run.log_artifact(draft).wait()
with wandb.init(project="af-draft") as run:
    step = wandb.Artifact("grown", "model", incremental=True)
    with step.new_file("one") as file:
        file.write("1")
    run.log_artifact(step).wait()
    step = wandb.Artifact("grown", "model", incremental=True)
    with step.new_file("two") as file:
        file.write("2")
    run.log_artifact(step).wait()
""",
    )
    held = local_server.sdk(
        """
import json, pathlib, wandb
api = wandb.Api()
def files(name):
    root = pathlib.Path(api.artifact(name).download(root="down-" + name.replace("/", "_")))
    return {str(p.relative_to(root)): p.read_text() for p in root.rglob("*") if p.is_file()}
print(json.dumps([files("af-draft/base:v0"), files("af-draft/base:v1"),
                  files("af-draft/grown:v0"), files("af-draft/grown:latest")]))
"""
    )
    assert held == [
        {"keep.txt": "kept", "change.txt": "old", "drop.txt": "dropped"},
        {"keep.txt": "kept", "change.txt": "new", "deep/more.txt": "more"},
        {"one": "1"},
        {"one": "1", "two": "2"},
    ]


def test_references_to_files_urls_and_other_artifacts_come_back(
    local_server: LocalServer, tmp_path: Path
) -> None:
    (tmp_path / "local.txt").write_text("from a file")
    _make(
        local_server,
        """
with wandb.init(project="af-refs") as run:
    inner = log(run, "inner", {"in.txt": "inside"})
    outer = wandb.Artifact("outer", "model")
    outer.add_reference("file://" + sys.argv[1] + "/local.txt")
    outer.add_reference(sys.argv[2] + "/healthz", name="health", checksum=False)
    outer.add_reference(inner.get_entry("in.txt"), name="borrowed.txt")
    run.log_artifact(outer).wait()
""",
        str(tmp_path),
        local_server.url,
    )
    held = local_server.sdk(
        """
import json, pathlib, wandb
outer = wandb.Api().artifact("af-refs/outer:latest")
root = pathlib.Path(outer.download(root="refs"))
entry = outer.get_entry("borrowed.txt")
print(json.dumps({"names": sorted(p.name for p in root.rglob("*") if p.is_file()),
    "file": (root / "local.txt").read_text(), "borrowed": (root / "borrowed.txt").read_text(),
    "target": outer.manifest.entries["local.txt"].ref.startswith("file://"),
    "count": outer.file_count}))
"""
    )
    assert held["names"] == ["borrowed.txt", "health", "local.txt"]
    assert held["file"] == "from a file"
    assert held["borrowed"] == "inside"
    assert held["target"]
    assert held["count"] == 3


def test_parts_of_a_version_are_downloaded_verified_and_checked_out(
    local_server: LocalServer,
) -> None:
    _make(
        local_server,
        """
with wandb.init(project="af-down") as run:
    log(run, "tree", {"a/one.txt": "1", "a/two.txt": "2", "b.txt": "b"})
""",
    )
    held = local_server.sdk(
        """
import json, pathlib, wandb
art = wandb.Api().artifact("af-down/tree:v0")
def under(root):
    return sorted(str(p.relative_to(root)) for p in pathlib.Path(root).rglob("*") if p.is_file())
part = under(art.download(root="part", path_prefix="a/"))
single = pathlib.Path(art.get_entry("b.txt").download(root="single")).read_text()
whole = art.download(root="whole")
art.verify(root=whole)
pathlib.Path(whole, "b.txt").write_text("changed")
try:
    art.verify(root=whole)
    verified = True
except ValueError as error:
    verified = False
pathlib.Path("out").mkdir(exist_ok=True)
pathlib.Path("out/stray.txt").write_text("stray")
art.checkout(root="out")
print(json.dumps({"part": part, "single": single, "verified": verified, "out": under("out"),
    "listed": sorted(f.name for f in art.files(per_page=2)),
    "named": [f.name for f in art.files(names=["b.txt", "nope"])],
    "size": art.size, "digest": art.get_entry("b.txt").digest}))
"""
    )
    assert held["part"] == ["a/one.txt", "a/two.txt"]
    assert held["single"] == "b"
    assert not held["verified"]
    assert held["out"] == held["listed"] == ["a/one.txt", "a/two.txt", "b.txt"]
    assert held["named"] == ["b.txt"]
    assert held["size"] == 3


def test_versions_with_aliases_and_collections_with_links_are_kept(
    local_server: LocalServer,
) -> None:
    told = _make(
        local_server,
        """
api = wandb.Api()
def tries(what):
    try:
        what()
        return "done"
    except Exception as error:
        return str(error)
with wandb.init(project="af-del") as run:
    log(run, "kept", "0")
    held = log(run, "kept", "1")
    log(run, "kept", "2")
held.aliases.append("best")
held.save()
told = {"aliased": tries(lambda: wandb.Api().artifact("af-del/kept:best").delete()),
        "plain": tries(lambda: wandb.Api().artifact("af-del/kept:v0").delete()),
        "forced": tries(lambda: wandb.Api().artifact("af-del/kept:best").delete(
            delete_aliases=True)),
        "again": tries(lambda: wandb.Api().artifact("af-del/kept:v0"))}
print(json.dumps(told))
""",
    )
    assert "alias" in told["aliased"]
    assert told["plain"] == told["forced"] == "done"
    assert "v0" in told["again"]
    left = local_server.sdk(
        "import json, wandb; api = wandb.Api();"
        "print(json.dumps([[a.version for a in api.artifacts('model', 'af-del/kept')],"
        "api.artifact('af-del/kept:latest').version]))"
    )
    assert left == [["v2"], "v2"]


def test_links_from_several_projects_unlink_and_lineage(local_server: LocalServer) -> None:
    _make(
        local_server,
        """
for number, project in enumerate(("af-link-a", "af-link-b")):
    with wandb.init(project=project) as run:
        made = log(run, f"m{number}", project)
        run.link_artifact(made, "wandb-registry-model/linked", aliases=[project])
with wandb.init(project="af-link-a") as run:
    path = "w.txt"
    open(path, "w").write("weights")
    run.log_model(path, name="logged")
    run.link_model(path, "old-style", name="legacy", aliases=["prod"])
    print(json.dumps(run.use_model("logged:latest") is not None))
""",
    )
    held = local_server.sdk(
        """
import json, wandb
api = wandb.Api()
link = api.artifact("wandb-registry-model/linked:af-link-b")
source = api.artifact("af-link-b/m1:v0")
old = api.artifact("model-registry/old-style:prod")
told = {
    "versions": sorted(a.name for a in api.artifacts("model", "wandb-registry-model/linked")),
    "is_link": [link.is_link, source.is_link],
    "source": [link.source_project, link.source_name, link.source_artifact.name],
    "linked": [[a.project, a.name] for a in source.linked_artifacts],
    "run": link.logged_by().project, "old": [old.project, old.name, old.source_name],
    "used": [r.project for r in api.artifact("af-link-a/logged:v0").used_by()],
    "exists": api.artifact_exists("wandb-registry-model/linked:v0"),
}
link.unlink()
fresh = wandb.Api()
told["after"] = [a.name for a in fresh.artifacts("model", "wandb-registry-model/linked")]
told["source_stays"] = fresh.artifact_exists("af-link-b/m1:v0")
try:
    source.unlink()
    told["not_a_link"] = ""
except Exception as error:
    told["not_a_link"] = str(error)
print(json.dumps(told))
"""
    )
    assert held["versions"] == ["linked:v0", "linked:v1"]
    assert held["is_link"] == [True, False]
    assert held["source"] == ["af-link-b", "m1:v0", "m1:v0"]
    assert held["linked"] == [["wandb-registry-model", "linked:v1"]]
    assert held["run"] == "af-link-b"
    assert held["old"][1:] == ["old-style:prod", "legacy:v0"]
    assert held["used"] == ["af-link-a"]
    assert held["exists"]
    assert held["after"] == ["linked:v0"]
    assert held["source_stays"]
    assert held["not_a_link"]


def test_time_to_live_is_set_inherited_and_taken_away(local_server: LocalServer) -> None:
    _make(
        local_server,
        """
from datetime import timedelta
with wandb.init(project="af-ttl") as run:
    for name, ttl in (("short", timedelta(days=2)), ("none", None)):
        made = wandb.Artifact(name, "data")
        with made.new_file("f") as file:
            file.write(name)
        made.ttl = ttl
        run.log_artifact(made).wait()
    log(run, "default", "d")
""",
    )
    held = local_server.sdk(
        """
import json, wandb
from datetime import timedelta
api = wandb.Api()
def ttl(name):
    found = wandb.Api().artifact("af-ttl/" + name).ttl
    return found and found.total_seconds()
told = [ttl("short:v0"), ttl("none:v0"), ttl("default:v0")]
changed = api.artifact("af-ttl/default:v0")
changed.ttl = timedelta(hours=1)
changed.save()
told.append(ttl("default:v0"))
changed.ttl = wandb.ArtifactTTL.INHERIT
changed.save()
told.append(ttl("default:v0"))
print(json.dumps(told))
"""
    )
    assert held == [2 * 86400, None, None, 3600, None]


def test_the_command_line_puts_lists_and_gets(local_server: LocalServer, tmp_path: Path) -> None:
    folder = tmp_path / "put"
    folder.mkdir()
    (folder / "a.txt").write_text("from the command line")
    name = f"{local_server.user}/af-cli/put"
    local_server.cli("wandb", "artifact", "put", "-n", name, "-t", "data", str(folder))
    aloud = {"WANDB_SILENT": "false"}
    done = local_server.cli("wandb", "artifact", "ls", f"{local_server.user}/af-cli", env=aloud)
    listed = done.stdout + done.stderr
    assert "put:v0" in listed
    out = tmp_path / "got"
    local_server.cli("wandb", "artifact", "get", f"{name}:v0", "--root", str(out))
    assert (out / "a.txt").read_text() == "from the command line"
    done = local_server.cli("wandb", "artifact", "cache", "cleanup", "0mb")
    assert "Reclaimed" in done.stdout + done.stderr
    missing = local_server.cli("wandb", "artifact", "get", f"{name}:v9", check=False)
    assert missing.returncode != 0
    assert "v9" in missing.stdout + missing.stderr


def test_wrong_requests_end_at_once_with_a_message(local_server: LocalServer) -> None:
    told = _make(
        local_server,
        """
import time
def tries(what):
    began = time.monotonic()
    try:
        what()
        return ["", 0]
    except Exception as error:
        return [str(error), time.monotonic() - began]
with wandb.init(project="af-wrong") as run:
    log(run, "typed", "0", "model")
    told = {
        "type": tries(lambda: log(run, "typed", "1", "data")),
        "alias": tries(lambda: run.link_artifact(
            run.use_artifact("typed:latest"), "wandb-registry-model/x", aliases=["v7"])),
        "registry": tries(lambda: run.link_artifact(
            run.use_artifact("typed:latest"), "wandb-registry-nowhere/x")),
        "missing": tries(lambda: run.use_artifact("nothing:latest")),
        "used_type": tries(lambda: run.use_artifact("typed:latest", type="data")),
    }
api = wandb.Api()
told["collection"] = tries(lambda: api.artifact_collection("model", "af-wrong/none").name)
told["version"] = tries(lambda: api.artifact("af-wrong/typed:v9"))
told["project"] = tries(lambda: list(api.artifacts("model", "af-nowhere/x")))
print(json.dumps(told))
""",
    )
    print(json.dumps(told, indent=1))
    assert all(message for message, _ in told.values()), told
    assert max(seconds for _, seconds in told.values()) < AT_ONCE
    assert "typed" in told["type"][0]
    assert "nowhere" in told["registry"][0]
    assert "nothing" in told["missing"][0]
    assert "v9" in told["version"][0]
