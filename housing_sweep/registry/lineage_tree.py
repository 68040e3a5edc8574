"""Where things came from and what became of them, as a tree: text, JSON and Mermaid."""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from housing_sweep.registry.alias_history import Move


@dataclass(frozen=True, slots=True)
class ArtifactFacts:
    """An artifact version as the backend tells it.

    Attributes:
        kind: model or dataset.
        name: entity/project/name:version.
        digest: of its manifest.
        metadata: recorded with it.
        links: (registry version, its aliases) for each link.
        made_by: path of the run that logged it, or "".
        used_by: paths of the runs that used it, as many as were asked for.
    """

    kind: str
    name: str
    digest: str
    metadata: Mapping[str, object]
    links: tuple[tuple[str, tuple[str, ...]], ...] = ()
    made_by: str = ""
    used_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run as the backend tells it.

    Attributes:
        path: entity/project/id.
        sweep: entity/project/id, or "".
        rank: place among the finished runs of its sweep by val_rmse, from 1; None if unknown.
        of: finished runs of the sweep.
        inputs, outputs: names of artifacts.
    """

    path: str
    name: str
    state: str
    job_type: str
    user: str
    created_at: str
    commit: str
    score: float | None = None
    sweep: str = ""
    rank: int | None = None
    of: int | None = None
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
    model: ArtifactFacts,
    run: RunFacts | None,
    data: ArtifactFacts | None,
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
                ("SHA-256", _text(model.metadata.get("model_sha256"))),
                ("bytes", _text(model.metadata.get("model_bytes"))),
            )
        ),
        children=(*became, *came),
    )


def run_tree(run: RunFacts, model: ArtifactFacts | None, data: ArtifactFacts | None) -> Node:
    """Return a run's tree: its sweep, dataset, code and environment."""
    metadata = model.metadata if model else {}
    children = []
    if run.sweep:
        place = f"{run.rank} of {run.of} by val_rmse" if run.rank else ""
        children.append(Node("sweep", run.sweep, tuple(_facts(("rank", place))), "a trial of"))
    if data is not None:
        children.append(dataset_node(data, "trained on"))
    code = tuple(_facts(("code SHA-256", _text(metadata.get("code_sha256"))[:16])))
    children.append(Node("code", run.commit or "no commit recorded", code, "with"))
    libraries = metadata.get("libraries")
    if isinstance(libraries, Mapping):
        told = ", ".join(f"{name} {version}" for name, version in sorted(libraries.items()))
        children.append(Node("environment", told, (), "in"))
    facts = _facts(
        ("by", run.user),
        ("at", run.created_at[:19].replace("T", " ")),
        ("state", run.state),
        ("val_rmse", "" if run.score is None else f"{run.score:.6g}"),
    )
    return Node("run", run.path, tuple(facts), "made by", tuple(children))


def dataset_node(data: ArtifactFacts, relation: str = "", children: Sequence[Node] = ()) -> Node:
    """Return a dataset version with its source."""
    facts = _facts(
        ("source", _text(data.metadata.get("source"))),
        ("rows", _text(data.metadata.get("rows"))),
        ("SHA-256", _text(data.metadata.get("sha256"))),
        ("published by", data.made_by),
    )
    return Node("dataset", data.name, tuple(facts), relation, tuple(children))


def descendant(model: ArtifactFacts, run: RunFacts | None) -> Node:
    """Return a model that came from a dataset, in one line."""
    facts = _facts(
        ("registry", _links(model) or "not promoted"),
        ("run", model.made_by),
        ("by", run.user if run else ""),
        ("val_rmse", "" if run is None or run.score is None else f"{run.score:.6g}"),
    )
    return Node("model", model.name, tuple(facts), "trained into")


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
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    return html.escape(shown).replace("#", "#35;")


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


def _links(model: ArtifactFacts) -> str:
    return "; ".join(
        f"{name} ({', '.join(aliases)})" if aliases else name for name, aliases in model.links
    )


def _facts(*facts: tuple[str, str]) -> Iterator[tuple[str, str]]:
    return ((key, value) for key, value in facts if value)


def _text(value: object) -> str:
    return "" if value is None else str(value)
