"""Follow a model, a run or a dataset both ways."""

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.ports import Backend, Lineage
from housing_sweep.pipeline.use.find_model import find_model
from housing_sweep.registry.alias_history import Move
from housing_sweep.registry.lineage_tree import (
    ArtifactOrigin,
    Node,
    RunOrigin,
    best_first,
    dataset_node,
    descendant,
    model_tree,
    run_tree,
)
from housing_sweep.registry.references import ModelRef, Target, full_path

MOST_RUNS = 200
"""Runs of a dataset that are looked at, unless more are asked for."""


def lineage(backend: Backend, reader: Lineage, reference: str, limit: int = MOST_RUNS) -> Node:
    """Return the tree of whatever a reference names.

    Args:
        backend: finds models by name, and the moves of aliases.
        reader: reads the nodes.
        reference: registry:ALIAS, an artifact (model or dataset), or a run.
        limit: runs of a dataset that are looked at.

    Raises:
        NotFound: there is no such thing.
    """
    ref, home = ModelRef.parse(reference), backend.registry.home
    if ref.artifact:
        path = full_path(ref.artifact, home.entity, home.project)
        artifact = reader.artifact(path, uses=limit)
        if artifact.kind == "dataset":
            return _dataset(reader, artifact)
        return _model(backend, reader, artifact)
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


def _model(backend: Backend, reader: Lineage, model: ArtifactOrigin) -> Node:
    run = reader.run(model.made_by) if model.made_by else None
    refit_of = model.model.refit_of if model.model else ""
    origin = _model(backend, reader, reader.artifact(refit_of)) if refit_of else None
    data = None if run is None else _data(reader, run)
    return model_tree(model, run, data, _moves(backend, model), origin)


def _moves(backend: Backend, model: ArtifactOrigin) -> list[Move]:
    if not model.links:
        return []
    return backend.promotions.moves(backend.registry.home, Target("any"), every_alias=True)


def _data(reader: Lineage, run: RunOrigin) -> ArtifactOrigin | None:
    inputs = (reader.artifact(name) for name in run.inputs)
    return next((artifact for artifact in inputs if artifact.kind == "dataset"), None)


def _dataset(reader: Lineage, data: ArtifactOrigin) -> Node:
    children = []
    for path in data.used_by:
        run = reader.run(path)
        if run.job_type == "promote":
            continue
        for name in run.outputs:
            model = reader.artifact(name)
            if model.kind == "model":
                children.append((best_first(run), descendant(model, run)))
    return dataset_node(data, children=[node for _, node in sorted(children, key=lambda c: c[0])])
