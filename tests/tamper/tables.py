"""Tables that lie: versions of the dataset that a member of the project publishes by hand."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import wandb

from tests.tamper import forge

ROWS = 600


@dataclass
class Content:
    """What a version of the dataset holds; it starts as the honest one.

    Attributes:
        frame: the table.
        csv: bytes in its place.
        schema: `schema.json`; None: it has none.
        metadata: of the artifact; SHA-256 and rows are added to it, if they are not said.
        references: name in the artifact -> address.
    """

    frame: pd.DataFrame
    schema: bytes | None
    csv: bytes | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)


Edit = Callable[[Content], None]


@dataclass(frozen=True)
class Table:
    """One version.

    Attributes:
        id: of the case.
        does: what differs from the honest one.
        says: a pattern of what the promotion must say.
    """

    id: str
    does: Edit
    says: str


def publish(project: str, does: Edit, rows: int = ROWS) -> str:
    """Publish a version of the dataset; return its name."""
    from housing_sweep.housing import synthetic
    from housing_sweep.housing.problem import PROBLEM
    from housing_sweep.tabular import dataset_files
    from housing_sweep.tabular.extras import LoadedTable
    from housing_sweep.tabular.tables import check_frame

    frame = check_frame(PROBLEM, synthetic.make(rows), "a table")
    honest = dataset_files.files_of(LoadedTable(PROBLEM, frame, "synthetic", "a table"))
    content = Content(frame, honest.schema)
    does(content)
    csv = content.csv
    if csv is None:
        csv = dataset_files.csv_bytes(PROBLEM, content.frame)
    metadata = {
        "source": "synthetic",
        "rows": len(content.frame),
        "sha256": hashlib.sha256(csv).hexdigest(),
        **content.metadata,
    }
    # Equal files would be the version that is there already, with its metadata.
    note = json.dumps(metadata).encode() if content.metadata else None
    files = {PROBLEM.file: csv, dataset_files.SCHEMA_NAME: content.schema, "note": note}
    with _run(project) as run:
        artifact = wandb.Artifact(forge.TABLE, "dataset", metadata=metadata)
        for name, body in files.items():
            if name in content.references:
                artifact.add_reference(content.references[name], name=name, checksum=False)
            elif body is not None:
                with artifact.new_file(name, "wb") as file:
                    file.write(body)
        logged = run.log_artifact(artifact).wait()
        return f"{run.entity}/{project}/{forge.TABLE}:{logged.version}"


def _run(project: str) -> Any:
    forge.join_sweep(None)
    return wandb.init(project=project, settings=wandb.Settings(**forge.SETTINGS))


def all_of(*edits: Edit) -> Edit:
    """Return several edits as one."""

    def edit(content: Content) -> None:
        for one in edits:
            one(content)

    return edit


def rows_twice(content: Content) -> None:
    """Have every row twice, so that most test rows were trained on."""
    content.frame = pd.concat([content.frame, content.frame], ignore_index=True)


def price_hidden(noise: float) -> Edit:
    """Return a table whose AveOccup is the price, with a little noise."""

    def edit(content: Content) -> None:
        import numpy as np

        target = content.frame.columns[-1]
        price = content.frame[target].to_numpy()
        shaken = price * (1 + noise * np.random.default_rng(0).standard_normal(len(price)))
        content.frame = content.frame.assign(AveOccup=shaken.clip(0.7))

    return edit


def with_schema(body: bytes | None) -> Edit:
    """Return a table that says something else of itself."""
    return lambda content: setattr(content, "schema", body)


def with_csv(body: bytes) -> Edit:
    """Return a table of other bytes; their SHA-256 is told truly."""
    return lambda content: setattr(content, "csv", body)


def with_metadata(**values: object) -> Edit:
    """Return a table whose metadata lies."""
    return lambda content: content.metadata.update(values)


def with_problem(**changes: object) -> Edit:
    """Return a table that says that it is about something else."""

    def edit(content: Content) -> None:
        from housing_sweep.housing.problem import PROBLEM

        problem = {**PROBLEM.as_document(), **changes}
        content.schema = json.dumps({"version": 2, "problem": problem}).encode()

    return edit


def with_reference(name: str, address: str) -> Edit:
    """Return a table that lies elsewhere."""
    return lambda content: content.references.update({name: address})


LEAKY = (
    Table("every-row-twice", rows_twice, r"duplicate|twice"),
    Table("price-in-a-feature", price_hidden(0.0), r"AveOccup.*(gives|tells|rank|target)"),
    Table("price-in-a-feature-with-noise", price_hidden(0.003), r"AveOccup"),
)
"""Honest trials can be run on them, and must not be promoted."""

_TWO_COLUMNS = b"MedInc,HouseAge\n1,2\n"

BROKEN = (
    Table("sha256-left-out", with_metadata(sha256=None), r"SHA-256|sha256"),
    Table("sha256-of-another", with_metadata(sha256="0" * 64), r"SHA-256"),
    Table("sha256-with-a-null", with_metadata(sha256="a\0b"), r"SHA-256|sha256"),
    Table("sha256-too-long", with_metadata(sha256="a" * 5000), r"SHA-256|sha256"),
    Table("sha256-is-a-path", with_metadata(sha256="../../../../etc/passwd"), r"SHA-256|sha256"),
    Table("sha256-is-a-list", with_metadata(sha256=["a"]), r"SHA-256|sha256"),
    Table("schema-deep", with_schema(b"[" * 100_000 + b"]" * 100_000), r"schema\.json"),
    Table("schema-not-json", with_schema(b"\xff\xfe"), r"schema\.json"),
    Table("schema-digits", with_schema(b'{"problem": ' + b"9" * 9000 + b"}"), r"schema\.json"),
    Table("schema-is-a-reference", with_reference("schema.json", "file:///etc/hosts"), r""),
    Table(
        "table-is-a-reference",
        all_of(with_csv(b"elsewhere"), with_reference("housing.csv", "file:///etc/hosts")),
        r"housing\.csv|download",
    ),
    Table("file-elsewhere", with_problem(file="../../../../etc/passwd"), r"file"),
    Table("problem-with-a-margin", with_problem(margin=1e9), r"margin|problem|dataset"),
    Table("problem-of-nobody", with_problem(name="../../x"), r"name"),
    Table("problem-without-columns", with_problem(columns=[]), r"columns"),
    Table("table-empty", with_csv(b""), r""),
    Table("table-of-two-columns", with_csv(_TWO_COLUMNS), r""),
    Table("table-of-nonsense", with_csv(b"\0" * 1000), r""),
)
"""No trial can be run on them; a copy of an honest one says that it was."""


def tell_leaky(project: str) -> dict[str, str]:
    """Run an honest trial on each leaky table; return the sweep of each."""
    sweeps = {}
    for table in LEAKY:
        dataset = publish(project, table.does)
        sweeps[table.id] = forge.make_sweep(project, dataset=dataset)
        forge.run_trial(project, sweeps[table.id], dataset=dataset)
    return sweeps


def tell_broken(project: str, honest: forge.Honest, mark: Any) -> dict[str, str]:
    """Log a copy of an honest trial on each broken table; return the sweep of each."""
    sweeps = {}
    for table in BROKEN:
        try:
            dataset = publish(project, table.does)
        except ValueError:  # wandb itself refuses it
            continue
        artifact = wandb.Api().artifact(dataset)
        sweeps[table.id] = forge.make_sweep(project, dataset=dataset)
        lie = forge.Lie.copied(honest, mark)
        lie.uses = [dataset]
        forge.inside("config", dataset=dataset)(lie)
        forge.everywhere(dataset=dataset, dataset_digest=artifact.digest)(lie)
        lie.log(project, sweeps[table.id])
    return sweeps


def tell_later_version(project: str) -> dict[str, Any]:
    """Publish a leaky version when the sweep has begun; three runs use it, one does not."""
    first = forge.publish_table(project, ROWS)
    sweep = forge.make_sweep(project)
    honest = forge.run_trial(project, sweep)
    time.sleep(1.1)  # moments are told in seconds
    later = publish(project, rows_twice)
    liars = [
        forge.run_trial(project, sweep, dataset=f"{forge.TABLE}:latest", seed=seed)
        for seed in (1, 2, 3)
    ]
    return {"sweep": sweep, "honest": honest, "liars": liars, "first": first, "later": later}


def delete_version(name: str) -> None:
    """Delete a version of the dataset."""
    wandb.Api().artifact(name).delete(delete_aliases=True)


def tell_deleted(project: str) -> Mapping[str, Any]:
    """Publish another version when the sweep has begun, and delete the one that it began with."""
    first = forge.publish_table(project, ROWS)
    sweep = forge.make_sweep(project)
    time.sleep(1.1)
    forge.publish_table(project, ROWS + 50)
    liar = forge.run_trial(project, sweep)
    delete_version(first)
    return {"sweep": sweep, "liar": liar, "first": first}


def tell_moved_alias(project: str) -> Mapping[str, Any]:
    """Move the alias that a sweep names to another version when the sweep has begun."""
    name = forge.publish_table(project, ROWS)
    first = wandb.Api().artifact(name)
    first.aliases = [*first.aliases, "agreed"]
    first.save()
    dataset = f"{forge.TABLE}:agreed"
    sweep = forge.make_sweep(project, dataset=dataset)
    honest = forge.run_trial(project, sweep, dataset=dataset)
    time.sleep(1.1)
    name = forge.publish_table(project, ROWS + 50)
    later = wandb.Api().artifact(name)
    later.aliases = [*later.aliases, "agreed"]
    later.save()
    liar = forge.run_trial(project, sweep, dataset=dataset)
    return {"sweep": sweep, "honest": honest, "liar": liar}


def tell_draft(project: str) -> Mapping[str, Any]:
    """Begin a version before the sweep, and commit it when the sweep has begun."""
    forge.publish_table(project, ROWS)
    forge.join_sweep(None)
    name = "a version that waits"
    with _run(project) as run:
        draft = wandb.Artifact(forge.TABLE, "dataset")
        with draft.new_file("part.txt") as file:
            file.write("x")
        run.upsert_artifact(draft, distributed_id=name)
    sweep = forge.make_sweep(project)
    honest = forge.run_trial(project, sweep)
    time.sleep(1.1)
    with _run(project) as run:
        draft = wandb.Artifact(forge.TABLE, "dataset", metadata={"sha256": "0" * 64})
        run.finish_artifact(draft, distributed_id=name)
    return {"sweep": sweep, "honest": honest}
