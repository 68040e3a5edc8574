"""Follow a model, a run or a dataset both ways."""

from typing import Protocol

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.model_store import find_model
from housing_sweep.pipeline.ports import Backend
from housing_sweep.registry.history import Move
from housing_sweep.registry.lineage import (
    ArtifactFacts,
    Node,
    RunFacts,
    dataset_node,
    descendant,
    model_tree,
    run_tree,
)
from housing_sweep.registry.names import ModelRef, Target

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
    ref = ModelRef.parse(reference)
    if ref.artifact:
        home = backend.home()
        given = ref.artifact.split("/")
        full = "/".join([home.entity, home.project][: 3 - len(given)] + given)
        found = reader.artifact(full, uses=limit)
        if found.kind == "dataset":
            return _dataset(reader, found)
        return _model(backend, reader, found)
    try:
        return _model(backend, reader, reader.artifact(find_model(backend, reference).name))
    except NotFound:
        if not ref.run or ref.alias:
            raise
    run = reader.run(ref.run)  # a run without a model
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
    found = backend.moves(backend.home(), Target("any"), every_alias=True)
    return sorted(found, key=lambda move: move.at)


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
