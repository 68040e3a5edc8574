"""`housing-sweep export MODEL --to dvc DIR`: a DVC project of data, model and its making.

Written by hand, so DVC need not be installed here. The stage runs `pipeline.child`, what
`housing-sweep reproduce` runs too: the same code, data and config give the same bytes.
"""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from housing_sweep.errors import BadInput, Conflict, Refused
from housing_sweep.pipeline.export.checked_export import Export
from housing_sweep.registry import dvc_files
from housing_sweep.registry.dvc_files import Tracked
from housing_sweep.registry.references import (
    FACTS_FILE,
    MODEL_FILE,
    PREDICTIONS_FILE,
    SAFE_MODEL_FILE,
)

OUTS = (MODEL_FILE, SAFE_MODEL_FILE, PREDICTIONS_FILE)
"""What the stage makes, and DVC keeps; who loads the model loads `model.skops`."""


def to_dvc(export: Export, folder: Path) -> list[Tracked]:
    """Write a DVC project into a new folder, whole or not at all; return what it tracks.

    Inside a project of yours it uses that one's cache (`dvc commit` fills it); else it is a project
    of its own, without Git, its cache filled.

    Raises:
        BadInput: there is no folder to make it in.
        Conflict: `folder` exists and is not empty.
        Refused: the artifact lacks a file that the stage makes.
    """
    fetched = {PREDICTIONS_FILE: export.files.predictions, SAFE_MODEL_FILE: export.files.safe_path}
    for name, path in fetched.items():
        if path is None:
            raise Refused(
                f"{export.model.name} has no {name}, which the stage would make",
                fix="export another model",
            )
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(f"{folder} exists and is not empty", fix="name a new folder")
    if not folder.parent.is_dir():
        raise BadInput(f"there is no folder {folder.parent}", fix="make it first")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        draft = Path(scratch) / "draft"
        tracked = _write(export, draft)
        if not _in_project(folder):
            _own_project(draft, tracked)
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
    return tracked


def _write(export: Export, folder: Path) -> list[Tracked]:
    (folder / "data").mkdir(parents=True)
    (folder / "model").mkdir()
    table = _data(export)
    shutil.copy(export.dataset.csv, folder / table)
    for name in (*OUTS, FACTS_FILE):
        shutil.copy(export.files.path.with_name(name), folder / "model" / name)
    request = _request(export)
    (folder / dvc_files.REQUEST).write_text(json.dumps(request, indent=2) + "\n")
    refit = bool(request["refit_of"])
    command = (
        f"python -m housing_sweep.pipeline.child {'retrain' if refit else 'rebuild'}"
        f" {dvc_files.REQUEST} model/answer.json"
    )
    data = _tracked(folder, table)
    outs = [_tracked(folder, f"model/{name}") for name in OUTS]
    facts = _tracked(folder, f"model/{FACTS_FILE}")
    (folder / f"{table}.dvc").write_text(dvc_files.dvc_file(data))
    (folder / "dvc.yaml").write_text(dvc_files.pipeline(command, data, outs, facts))
    (folder / "dvc.lock").write_text(dvc_files.lock(command, data, request, outs, facts))
    (folder / "data" / ".gitignore").write_text(f"/{export.dataset.problem.file}\n")
    (folder / "model" / ".gitignore").write_text(
        "".join(f"/{name}\n" for name in (*OUTS, "answer.json"))
    )
    (folder / "lineage.json").write_text(json.dumps(export.lineage, indent=2) + "\n")
    return [data, *outs]


def _data(export: Export) -> str:
    return f"data/{export.dataset.problem.file}"


def _request(export: Export) -> dict[str, object]:
    return {
        "csv": _data(export),
        "problem": export.dataset.problem.as_document(),
        "config": export.config,
        "folder": "model",
        "data": {**export.dataset.as_data(), "csv": _data(export)},
        "iterations": export.files.facts.best_iteration,
        "refit_of": export.files.facts.refit_of,
        "interval90": export.files.facts.interval90,
    }


def _tracked(folder: Path, path: str) -> Tracked:
    content = (folder / path).read_bytes()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()  # DVC's own choice
    return Tracked(path, digest, len(content))


def _in_project(folder: Path) -> bool:
    return any((parent / ".dvc").is_dir() for parent in folder.parents)


def _own_project(folder: Path, tracked: list[Tracked]) -> None:
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text("[core]\n    no_scm = True\n")
    (folder / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
    for one in tracked:
        kept = folder / ".dvc" / "cache" / one.cache_path
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / one.path, kept)
