"""Where things came from and what became of them, as a tree: text, JSON and Mermaid."""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from housing_sweep.registry.alias_history import Move
from housing_sweep.registry.model_facts import DatasetFacts, ModelFacts
from housing_sweep.search.score import Score, score_of

VALIDATION_ERROR = score_of({})
"""What a run without a sweep is ranked by: val_rmse."""


@dataclass(frozen=True, slots=True)
class ArtifactOrigin:
    """An artifact version as the backend tells it.

    Attributes:
        kind: model or dataset.
        name: entity/project/name:version.
        digest: of its manifest.
        model: what a trial of ours recorded with it, or None.
        data: what was recorded with a dataset, or None.
        links: (registry version, its aliases) for each link.
        made_by: path of the run that logged it, or "".
        used_by: paths of the runs that used it, as many as were asked for.
    """

    kind: str
    name: str
    digest: str
    model: ModelFacts | None = None
    data: DatasetFacts | None = None
    links: tuple[tuple[str, tuple[str, ...]], ...] = ()
    made_by: str = ""
    used_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rank:
    """A place among the finished runs of a sweep, from 1, and how many they are."""

    place: int
    of: int


@dataclass(frozen=True, slots=True)
class RunOrigin:
    """A run as the backend tells it.

    Attributes:
        path: entity/project/id.
        score: what it is ranked by: its sweep's objective, else val_rmse.
        value: of the score, or None.
        sweep: entity/project/id, or "".
        rank: in its sweep; None if unknown.
        inputs, outputs: names of artifacts.
    """

    path: str
    name: str
    state: str
    job_type: str
    user: str
    created_at: str
    commit: str
    score: Score = VALIDATION_ERROR
    value: float | None = None
    sweep: str = ""
    rank: Rank | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One thing in the tree.

    Attributes:
        kind: model, run, sweep, dataset, code, environment or alias.
        name: unique within its kind.
        facts: what is known of it, in order.
        relation: what it is to the node above: "made by", "from", "promoted".
        children: below it.
    """

    kind: str
    name: str
    facts: tuple[tuple[str, str], ...] = ()
    relation: str = ""
    children: tuple["Node", ...] = field(default=())

    def as_json(self) -> dict[str, object]:
        """Return the tree for programs."""
        return {
            "kind": self.kind,
            "name": self.name,
            "relation": self.relation,
            "facts": dict(self.facts),
            "children": [child.as_json() for child in self.children],
        }


def model_tree(
    model: ArtifactOrigin,
    run: RunOrigin | None,
    data: ArtifactOrigin | None,
    moves: Sequence[Move],
    origin: Node | None = None,
) -> Node:
    """Return a model's tree: what became of it, then where it came from.

    Args:
        model: the artifact.
        run: that made it, or None if it was deleted.
        data: the dataset version the run used.
        moves: of every alias, oldest first; those of this model are shown.
        origin: tree of the model it is a refit of, or None.
    """
    names = {name for name, _ in model.links}
    became = [_promotion(move) for move in moves if move.version in names and move.applied]
    came = [origin] if origin else []
    if run is not None:
        came.append(run_tree(run, model, data))
    return Node(
        "model",
        model.name,
        tuple(
            _facts(
                ("registry", _links(model)),
                ("SHA-256", model.model.model_sha256 if model.model else ""),
                ("bytes", str(model.model.model_bytes) if model.model else ""),
            )
        ),
        children=(*became, *came),
    )


def run_tree(run: RunOrigin, model: ArtifactOrigin | None, data: ArtifactOrigin | None) -> Node:
    """Return a run's tree: its sweep, dataset, code and environment."""
    recorded = model.model if model else None
    children = []
    if run.sweep:
        rank = f"{run.rank.place} of {run.rank.of} by {run.score.name}" if run.rank else ""
        children.append(Node("sweep", run.sweep, tuple(_facts(("rank", rank))), "a trial of"))
    if data is not None:
        children.append(dataset_node(data, "trained on"))
    code = tuple(_facts(("code SHA-256", recorded.code_sha256[:16] if recorded else "")))
    children.append(Node("code", run.commit or "no commit recorded", code, "with"))
    if recorded:
        libraries = sorted(recorded.libraries.items())
        spelt = ", ".join(f"{name} {version}" for name, version in libraries)
        children.append(Node("environment", spelt, (), "in"))
    facts = _facts(
        ("by", run.user),
        ("at", run.created_at[:19].replace("T", " ")),
        ("state", run.state),
        (run.score.name, "" if run.value is None else f"{run.value:.6g}"),
    )
    return Node("run", run.path, tuple(facts), "made by", tuple(children))


def dataset_node(data: ArtifactOrigin, relation: str = "", children: Sequence[Node] = ()) -> Node:
    """Return a dataset version with its source."""
    facts = data.data or DatasetFacts()
    lines = _facts(
        ("source", facts.source),
        ("rows", "" if facts.rows is None else str(facts.rows)),
        ("SHA-256", facts.sha256),
        ("published by", data.made_by),
    )
    return Node("dataset", data.name, tuple(lines), relation, tuple(children))


def descendant(model: ArtifactOrigin, run: RunOrigin | None) -> Node:
    """Return a model that came from a dataset, in one line."""
    facts = _facts(
        ("registry", _links(model) or "not promoted"),
        ("run", model.made_by),
        ("by", run.user if run else ""),
        *([(run.score.name, f"{run.value:.6g}")] if run and run.value is not None else []),
    )
    return Node("model", model.name, tuple(facts), "trained into")


def best_first(run: RunOrigin | None) -> tuple[bool, str, float]:
    """Return the sort key of a run among others: by score, each kind for itself; none last."""
    if run is None or run.value is None:
        return True, "", 0.0
    return False, run.score.name, run.score.loss(run.value)


def mermaid(root: Node) -> str:
    """Return the tree as a Mermaid flowchart, for Markdown pages that draw it."""
    return "\n".join(["flowchart LR", *_mermaid(root, "n0")]) + "\n"


def _mermaid(node: Node, number: str) -> Iterator[str]:
    facts = "".join(f"<br/>{key}: {_cut(value)}" for key, value in node.facts)
    yield f'  {number}["{node.kind}<br/>{_cut(node.name)}{facts}"]'
    for index, child in enumerate(node.children):
        below = f"{number}_{index}"
        label = f"|{child.relation}|" if child.relation else ""
        yield from _mermaid(child, below)
        yield f"  {number} -->{label} {below}"


def _cut(text: str) -> str:
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return html.escape(short).replace("#", "#35;")


def _promotion(move: Move) -> Node:
    facts = _facts(
        ("by", move.who),
        ("at", move.at[:19].replace("T", " ")),
        ("displaced", move.displaced or "nothing"),
        ("why", move.reason),
    )
    name = f"{move.alias} to {move.version.rpartition(':')[2]}"
    return Node(
        move.kind, name, tuple(facts), "rolled back" if move.kind == "rollback" else "promoted"
    )


def _links(model: ArtifactOrigin) -> str:
    return "; ".join(
        f"{name} ({', '.join(aliases)})" if aliases else name for name, aliases in model.links
    )


def _facts(*facts: tuple[str, str]) -> Iterator[tuple[str, str]]:
    return ((key, value) for key, value in facts if value)
