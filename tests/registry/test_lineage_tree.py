"""Trees as people and programs read them."""

from housing_sweep.registry.alias_history import Move
from housing_sweep.registry.lineage_tree import ArtifactFacts, RunFacts, mermaid, model_tree

VERSION = "org/wandb-registry-model/california-housing:v3"
MODEL = ArtifactFacts(
    "model",
    "e/p/model-a:v0",
    "d",
    {"model_sha256": "abc", "libraries": {"numpy": "2.4.1"}, "code_sha256": "c" * 64},
    links=((VERSION, ("production",)),),
    made_by="e/p/a",
)
RUN = RunFacts("e/p/a", "a", "finished", "trial", "ada", "2026-01-02T03:04:05Z", "f" * 40, 0.4)
DATA = ArtifactFacts("dataset", "e/p/d:v0", "d", {"source": "csv", "rows": 9, "sha256": "x"})


def _move(version: str, *, applied: bool = True, kind: str = "promote") -> Move:
    return Move("r", "2026", kind, version, "", "ada", applied, alias="production")


def test_a_model_shows_its_own_moves_its_run_its_data_and_its_code() -> None:
    moves = [_move(VERSION), _move("other:v1"), _move(VERSION, applied=False)]
    tree = model_tree(MODEL, RUN, DATA, moves)
    assert [(node.relation, node.name) for node in tree.children] == [
        ("promoted", "production to v3"),
        ("made by", "e/p/a"),
    ]
    assert [node.kind for node in tree.children[1].children] == ["dataset", "code", "environment"]
    assert dict(tree.facts)["registry"] == f"{VERSION} (production)"


def test_a_deleted_run_leaves_a_tree_without_it() -> None:
    assert model_tree(MODEL, None, None, []).children == ()


def test_mermaid_escapes_what_would_break_it() -> None:
    odd = ArtifactFacts("model", 'e/p/m"<#:v0', "d", {})
    drawn = mermaid(model_tree(odd, None, None, []))
    assert drawn == 'flowchart LR\n  n0["model<br/>e/p/m&quot;&lt;#35;:v0"]\n'
