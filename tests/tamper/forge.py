"""A member of the project who lies: everything goes through wandb's public interface.

A `Lie` starts as the exact copy of an honest trial: its files, its summary, its config. The
functions below each return a change of it, so that a case is one line: what is false, and nothing
else. What a lie is copied from is told of as `Honest`.
"""

import io
import json
import os
import pickle
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import wandb

MODEL, SAFE, FACTS, PREDICTIONS = "model.joblib", "model.skops", "model.json", "predictions.npy"
SETTINGS: Mapping[str, Any] = {
    "console": "off",
    "disable_git": True,
    "save_code": False,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}
"""Runs that say nothing of themselves but what they are told to: in a tenth of the time."""

CONFIG: Mapping[str, object] = {
    "features": "raw",
    "max_iter": 12,
    "min_samples_leaf": 5,
    "plots": "none",
}
"""What the honest trials fit: 12 iterations, 0.1 s."""

TABLE = "california-housing"


@dataclass(frozen=True)
class Honest:
    """An honest trial.

    Attributes:
        path: ENTITY/PROJECT/ID of its run.
        model: name of its artifact.
        files: what that holds.
        summary: what its run says.
        csv: the table here.
    """

    path: str
    model: str
    files: Mapping[str, bytes]
    summary: Mapping[str, Any]
    csv: Path

    @classmethod
    def of(cls, path: str) -> "Honest":
        """Return what a trial left."""
        api = wandb.Api()
        run = api.run(path)
        [artifact] = [one for one in run.logged_artifacts() if one.type == "model"]
        folder = Path(artifact.download(root=tempfile.mkdtemp()))
        dataset = api.artifact(str(run.summary["dataset_version"]))
        [csv] = Path(dataset.download(root=tempfile.mkdtemp())).glob("*.csv")
        return cls(
            path=path,
            model=artifact.qualified_name,
            files={one.name: one.read_bytes() for one in folder.iterdir()},
            summary={k: v for k, v in dict(run.summary).items() if not k.startswith("_")},
            csv=csv,
        )

    @property
    def facts(self) -> dict[str, Any]:
        """Its `model.json`."""
        document: dict[str, Any] = json.loads(self.files[FACTS])
        return document


@dataclass
class Lie:
    """What a run says of itself and logs.

    Attributes:
        honest: what it is copied from.
        mark: a file that appears when a pickle of it is loaded.
        files: of its artifact, but `model.json`.
        facts: `model.json`; None: it is among `files`, as bytes, or is not there.
        metadata: of its artifact.
        summary: of its run.
        config: of its run.
        uses: artifacts that it says it used.
        references: name in the artifact -> address.
        name: of its run.
        exit_code: of its run.
        models: lies whose models it logs too, before its own.
        edits: what is done with `wandb.Api` once it has finished.
        logs_model: whether it logs an artifact at all.
        patch: what its checkout is said to have had beyond its commit.
        commit: of its code, as it says.
        artifact: name of it; default as a trial's.
    """

    honest: Honest
    mark: Path
    files: dict[str, bytes]
    facts: dict[str, Any] | None
    metadata: dict[str, Any]
    summary: dict[str, Any]
    config: dict[str, Any]
    uses: list[str]
    references: dict[str, str] = field(default_factory=dict)
    name: str | None = None
    exit_code: int = 0
    models: list["Lie"] = field(default_factory=list)
    edits: list[Callable[[Any], None]] = field(default_factory=list)
    logs_model: bool = True
    patch: str = ""
    commit: str | None = None
    artifact: str = "model-{run}"

    @classmethod
    def copied(cls, honest: Honest, mark: Path) -> "Lie":
        """Return the truth, to be changed."""
        return cls(
            honest=honest,
            mark=mark,
            files={name: body for name, body in honest.files.items() if name != FACTS},
            facts=honest.facts,
            metadata=honest.facts,
            summary=dict(honest.summary),
            config=dict(honest.facts["config"]),
            uses=[honest.facts["dataset"]],
        )

    def log(self, project: str, sweep: str | None = None) -> str:
        """Tell it, in a run of a sweep; return the run's ENTITY/PROJECT/ID."""
        join_sweep(sweep)
        run = wandb.init(
            project=project,
            config=self.config,
            name=self.name,
            settings=wandb.Settings(**SETTINGS, git_commit=self.commit),
        )
        if self.patch:
            patch = Path(run.dir) / "diff.patch"
            patch.write_text(self.patch)
            run.save(str(patch), base_path=run.dir, policy="now")
        for used in self.uses:
            run.use_artifact(used)
        run.summary.update(self.summary)
        for lie in (*self.models, self):
            lie.log_model(run)
        run.finish(exit_code=self.exit_code)
        path = f"{run.entity}/{project}/{run.id}"
        for edit in self.edits:
            edit(path)
        return path

    def log_model(self, run: Any) -> None:
        """Log its artifact."""
        if not self.logs_model:
            return
        artifact = wandb.Artifact(
            self.artifact.format(run=run.id), "model", metadata=self.metadata or None
        )
        facts = {} if self.facts is None else {FACTS: json.dumps(self.facts).encode()}
        for name, body in {**self.files, **facts}.items():
            if name in self.references:
                continue
            with artifact.new_file(name, "wb") as file:
                file.write(body)
        for name, address in self.references.items():
            artifact.add_reference(address, name=name, checksum=False)
        run.log_artifact(artifact).wait()


def join_sweep(sweep: str | None) -> None:
    """Let runs that begin from now on belong to a sweep, as an agent's do, or to none."""
    if os.environ.get("WANDB_SWEEP_ID") == sweep:
        return
    wandb.teardown()  # the SDK reads its environment once
    os.environ.pop("WANDB_SWEEP_ID", None)
    if sweep:
        os.environ["WANDB_SWEEP_ID"] = sweep


Change = Callable[[Lie], None]


def all_of(*changes: Change) -> Change:
    """Return several changes as one."""

    def change(lie: Lie) -> None:
        for one in changes:
            one(lie)

    return change


def everywhere(**facts: object) -> Change:
    """Return a lie that run, metadata and `model.json` tell alike."""

    def change(lie: Lie) -> None:
        assert lie.facts is not None
        for name, value in facts.items():
            lie.facts[name] = lie.metadata[name] = value
            if name in lie.summary:
                lie.summary[name] = value

    return change


def inside(name: str, **items: object) -> Change:
    """Return a lie about items of one fact, told alike in metadata and `model.json`."""

    def change(lie: Lie) -> None:
        assert lie.facts is not None
        everywhere(**{name: {**lie.facts[name], **items}})(lie)

    return change


def scored(**scores: float) -> Change:
    """Return better scores, told alike everywhere."""

    def change(lie: Lie) -> None:
        inside("scores", **scores)(lie)
        lie.summary.update(scores)

    return change


def better_by(share: float) -> Change:
    """Return a validation RMSE that is lower by a share, told alike everywhere."""
    return lambda lie: scored(val_rmse=lie.summary["val_rmse"] * (1 - share))(lie)


def in_json(**facts: object) -> Change:
    """Return a lie in `model.json` alone."""

    def change(lie: Lie) -> None:
        assert lie.facts is not None
        lie.facts.update(facts)

    return change


def without_fact(name: str) -> Change:
    """Leave a fact out of `model.json` and metadata."""

    def change(lie: Lie) -> None:
        assert lie.facts is not None
        lie.facts.pop(name)
        lie.metadata.pop(name)

    return change


def json_text(edit: Callable[[bytes], bytes]) -> Change:
    """Return a change of the very bytes of `model.json`."""

    def change(lie: Lie) -> None:
        lie.files[FACTS] = edit(json.dumps(lie.facts).encode())
        lie.facts = None

    return change


def metadata(**facts: object) -> Change:
    """Return a lie in the artifact's metadata alone."""
    return lambda lie: lie.metadata.update(facts)


def without_metadata(lie: Lie) -> None:
    """Log no metadata."""
    lie.metadata = {}


def summary(**values: object) -> Change:
    """Return a lie in the run's summary alone, told while it runs."""
    return lambda lie: lie.summary.update(values)


def summary_edited(**values: object) -> Change:
    """Return a lie in the run's summary, written when it is over."""

    def edit(path: str) -> None:
        run = wandb.Api().run(path)
        run.summary.update(values)  # type: ignore[no-untyped-call]

    return lambda lie: lie.edits.append(edit)


def edit_config(path: str, **values: object) -> None:
    """Change a run's config when it is over."""
    run = wandb.Api().run(path)
    run.config.update(values)
    run.update()


def named(name: str) -> Change:
    """Give the run a name."""
    return lambda lie: setattr(lie, "name", name)


def using(*artifacts: str) -> Change:
    """Say that the run used other artifacts than it did."""
    return lambda lie: setattr(lie, "uses", list(artifacts))


def failed(lie: Lie) -> None:
    """End the run with an error."""
    lie.exit_code = 1


def without_model(lie: Lie) -> None:
    """Log no model."""
    lie.logs_model = False


def file(name: str, body: bytes) -> Change:
    """Put another file into the artifact, or in the place of one."""
    return lambda lie: lie.files.update({name: body})


def without_file(name: str) -> Change:
    """Leave a file out."""

    def change(lie: Lie) -> None:
        lie.files.pop(name, None)

    return change


def reference(name: str, address: str) -> Change:
    """Log a reference in the place of a file."""
    return lambda lie: lie.references.update({name: address})


def with_model(body: bytes) -> Change:
    """Put another `model.joblib` there; size and SHA-256 are told truly."""

    def change(lie: Lie) -> None:
        lie.files[MODEL] = body
        everywhere(model_sha256=sha256(body), model_bytes=len(body))(lie)

    return change


def with_predictions(values: "np.ndarray[Any, Any]") -> Change:
    """Put other predictions there; their hash is told truly."""

    def change(lie: Lie) -> None:
        lie.files[PREDICTIONS] = npy(values)
        body = np.ascontiguousarray(values, dtype="<f8").tobytes()
        everywhere(predictions_sha256=sha256(body))(lie)

    return change


def shifted(by: float) -> Change:
    """Put nearly the same predictions there; their hash is told truly."""

    def change(lie: Lie) -> None:
        values = np.load(io.BytesIO(lie.files[PREDICTIONS]), allow_pickle=False)
        with_predictions(values + by)(lie)

    return change


def with_safe(body: bytes) -> Change:
    """Put another `model.skops` there; its SHA-256 is told truly."""

    def change(lie: Lie) -> None:
        lie.files[SAFE] = body
        everywhere(skops_sha256=sha256(body))(lie)

    return change


def pickled(code: str) -> Change:
    """Put a pickle into `model.joblib` that leaves its mark and then runs code."""

    def change(lie: Lie) -> None:
        with_model(marked_pickle(lie.mark, code))(lie)

    return change


def marked_predictions(lie: Lie) -> None:
    """Leave a mark by the array of predictions."""
    lie.files[PREDICTIONS] = marked_array(lie.mark)


def marked_models(lie: Lie) -> None:
    """Leave a mark by both model files, and by the patch of the run; what is told is true."""
    pickled("")(lie)
    with_safe(marked_safe(lie.mark))(lie)
    # What Python imports by itself when it starts in the patched tree.
    lie.patch = (
        "diff --git a/sitecustomize.py b/sitecustomize.py\nnew file mode 100644\n"
        "--- /dev/null\n+++ b/sitecustomize.py\n@@ -0,0 +1 @@\n"
        f"+open({str(lie.mark)!r}, 'w').close()\n"
    )


def also_logging(*changes: Change) -> Change:
    """Let the run log another lie's model before its own."""

    def change(lie: Lie) -> None:
        other = Lie.copied(lie.honest, lie.mark)
        for one in changes:
            one(other)
        lie.models.append(other)

    return change


def trained(rows: str = "train", **config: object) -> Change:
    """Fit for real, with another config or on rows that a trial does not train on, and say so.

    Args:
        rows: which parts it is trained on: "train", "train validation", "train test".
        config: what differs from the honest one; told truly.
    """

    def change(lie: Lie) -> None:
        files, scores = _fit(lie, rows, config)
        facts = json.loads(files.pop(FACTS))
        lie.files, lie.facts, lie.metadata = files, facts, dict(facts)
        lie.config = dict(facts["config"])
        told = {name: facts[name] for name in lie.summary if name in facts}
        lie.summary.update({**told, **scores})

    return change


def by_heart(lie: Lie) -> None:
    """Put an estimator there that holds every row of the table, with the scores that it has."""
    import joblib
    from sklearn.neighbors import KNeighborsRegressor

    model = joblib.load(io.BytesIO(lie.honest.files[MODEL]))
    frame = pd.read_csv(lie.honest.csv)
    target = frame.columns[-1]
    matrix = model.features.transform(frame[list(model.inputs)])
    model.estimator = KNeighborsRegressor(1).fit(matrix, frame[target])
    body = io.BytesIO()
    joblib.dump(model, body, compress=3)
    with_model(body.getvalue())(lie)
    truth = frame[target].to_numpy()[_validation_rows(lie)]
    with_predictions(truth)(lie)
    scored(val_rmse=0.0, val_mae=0.0, val_r2=1.0)(lie)


def _validation_rows(lie: Lie) -> "np.ndarray[Any, Any]":
    from housing_sweep.housing.problem import PROBLEM
    from housing_sweep.tabular.split import make_split
    from housing_sweep.tabular.tables import read_csv

    return make_split(PROBLEM, read_csv(PROBLEM, lie.honest.csv), "random", 0).validation


def _fit(
    lie: Lie, parts: str, changed: Mapping[str, object]
) -> tuple[dict[str, bytes], dict[str, float]]:
    from housing_sweep.housing.problem import PROBLEM
    from housing_sweep.pipeline.train import model_files
    from housing_sweep.pipeline.values import FetchedDataset
    from housing_sweep.tabular import evaluation
    from housing_sweep.tabular.fit import fit
    from housing_sweep.tabular.split import make_split
    from housing_sweep.tabular.tables import read_csv
    from housing_sweep.tabular.trial_config import TrialConfig

    truth = lie.honest.facts
    frame = read_csv(PROBLEM, lie.honest.csv)
    config = TrialConfig.from_sweep({**truth["config"], **changed}, PROBLEM)
    split = make_split(PROBLEM, frame, config.split, config.split_seed)
    chosen = np.concatenate([getattr(split, part) for part in parts.split()])
    result = fit(PROBLEM, config, frame, replace(split, train=chosen), lambda _: False)
    target = frame[PROBLEM.target.name].to_numpy()[split.validation]
    dataset = FetchedDataset(
        path=truth["dataset"],
        digest=truth["dataset_digest"],
        csv=lie.honest.csv,
        sha256=truth["dataset_sha256"],
        source=truth["dataset_source"],
        problem=PROBLEM,
    )
    folder = Path(tempfile.mkdtemp())
    half = evaluation.interval(target, result.predictions)
    model_files.write(folder, config, result, split, dataset, interval90=half)
    return {one.name: one.read_bytes() for one in folder.iterdir()}, result.scores


class _Marks:
    """Pickled, it is code that runs when it is loaded."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, (self.code,)


def marked_pickle(mark: Path, code: str = "") -> bytes:
    """Return a pickle that leaves a file when it is loaded, and then runs code."""
    return pickle.dumps(_Marks(f"open({str(mark)!r}, 'w').close()\n{code}"))


def marked_array(mark: Path) -> bytes:
    """Return a .npy file of objects, one of which leaves a file when it is loaded."""
    body = io.BytesIO()
    code = f"open({str(mark)!r}, 'w').close()"
    np.save(body, np.array([_Marks(code)], dtype=object), allow_pickle=True)
    return body.getvalue()


def marked_safe(mark: Path) -> bytes:
    """Return a `model.skops` whose content asks for `os.mkdir` to be called."""
    path = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}
    node = {
        "__class__": "mkdir",
        "__module__": "os",
        "__loader__": "ReduceNode",
        "__reduce__": {
            "args": {
                "__class__": "tuple",
                "__module__": "builtins",
                "__loader__": "TupleNode",
                "content": [{**path, "content": json.dumps(str(mark)), "is_json": True}],
                "__id__": 2,
            }
        },
        "content": {},
        "__id__": 1,
        "protocol": 2,
        "_skops_version": "0.16.0",
    }
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("schema.json", json.dumps(node))
        archive.writestr("1.pkl", marked_pickle(mark))
    return body.getvalue()


def npy(values: "np.ndarray[Any, Any]") -> bytes:
    """Return an array as a .npy file."""
    body = io.BytesIO()
    np.save(body, values, allow_pickle=False)
    return body.getvalue()


def npy_header(header: str) -> bytes:
    """Return a .npy file with a header of one's own and no values."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x02\x00" + len(text).to_bytes(4, "little") + text


def sha256(body: bytes) -> str:
    """Return a SHA-256 as hex digits."""
    import hashlib

    return hashlib.sha256(body).hexdigest()


def publish_table(project: str, rows: int = 600) -> str:
    """Publish a small synthetic table; return its name."""
    from tests.tamper import tables

    return tables.publish(project, lambda content: None, rows)


def make_sweep(project: str, **parameters: object) -> str:
    """Create a sweep of trials with `CONFIG`; return its id."""
    values = {"dataset": f"{TABLE}:latest", **CONFIG, **parameters}
    spec = {
        "method": "grid",
        "metric": {"name": "val_rmse", "goal": "minimize"},
        "parameters": {name: {"value": value} for name, value in values.items()},
    }
    return str(wandb.sweep(spec, project=project))


def run_trial(project: str, sweep: str | None = None, **config: object) -> str:
    """Run an honest trial; return its ENTITY/PROJECT/ID."""
    from housing_sweep.pipeline import trial

    os.environ["WANDB_PROJECT"] = project
    before = set(_run_paths(project))
    join_sweep(sweep)
    trial.run({"dataset": f"{TABLE}:latest", **CONFIG, **config})
    [path] = set(_run_paths(project)) - before
    return path


def _run_paths(project: str) -> list[str]:
    return ["/".join(run.path) for run in wandb.Api().runs(project)]
