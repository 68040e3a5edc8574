"""Follow a model, a run or a dataset both ways."""

from typing import Protocol

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.ports import Backend
from housing_sweep.pipeline.use.find_model import find_model
from housing_sweep.registry.alias_history import Move
from housing_sweep.registry.lineage_tree import (
    ArtifactFacts,
    Node,
    RunFacts,
    dataset_node,
    descendant,
    model_tree,
    run_tree,
)
from housing_sweep.registry.references import ModelRef, Target, full_path

MOST_RUNS = 200
"""Runs of a dataset that are looked at, unless more are asked for."""


class Reader(Protocol):
    """Reads single nodes of the graph."""

    def artifact(self, name: str, uses: int = 0) -> ArtifactFacts:
        """Return an artifact version, with up to `uses` runs that used it."""

    def run(self, path: str) -> RunFacts:
        """Return a run with its artifacts and its rank in its sweep."""


def lineage(backend: Backend, reader: Reader, reference: str, limit: int = MOST_RUNS) -> Node:
    """Return the tree of whatever a reference names.

    Args:
        backend: finds models by name, and the moves of aliases.
        reader: reads the nodes.
        reference: registry:ALIAS, an artifact (model or dataset), or a run.
        limit: runs of a dataset that are looked at.

    Raises:
        NotFound: there is no such thing.
    """
    ref, home = ModelRef.parse(reference), backend.home()
    if ref.artifact:
        found = reader.artifact(full_path(ref.artifact, home.entity, home.project), uses=limit)
        if found.kind == "dataset":
            return _dataset(reader, found)
        return _model(backend, reader, found)
    try:
        return _model(backend, reader, reader.artifact(find_model(backend, reference).name))
    except NotFound as missing:
        if not ref.run:
            raise
        try:  # a run without a model
            run = reader.run(full_path(ref.run, home.entity, home.project))
        except NotFound:
            raise missing from None
    return run_tree(run, None, _data(reader, run))


def _model(backend: Backend, reader: Reader, model: ArtifactFacts) -> Node:
    run = reader.run(model.made_by) if model.made_by else None
    refit_of = str(model.metadata.get("refit_of") or "")
    origin = _model(backend, reader, reader.artifact(refit_of)) if refit_of else None
    data = None if run is None else _data(reader, run)
    return model_tree(model, run, data, _moves(backend, model), origin)


def _moves(backend: Backend, model: ArtifactFacts) -> list[Move]:
    if not model.links:
        return []
    return backend.moves(backend.home(), Target("any"), every_alias=True)


def _data(reader: Reader, run: RunFacts) -> ArtifactFacts | None:
    facts = (reader.artifact(name) for name in run.inputs)
    return next((found for found in facts if found.kind == "dataset"), None)


def _dataset(reader: Reader, data: ArtifactFacts) -> Node:
    children = []
    for path in data.used_by:
        run = reader.run(path)
        if run.job_type == "promote":
            continue
        for name in run.outputs:
            model = reader.artifact(name)
            if model.kind == "model":
                children.append((run.score, descendant(model, run)))
    best_first = sorted(children, key=lambda pair: (pair[0] is None, pair[0] or 0.0))
    return dataset_node(data, children=[node for _, node in best_first])
