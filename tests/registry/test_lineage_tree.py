"""Trees as people and programs read them."""

from dataclasses import replace

from housing_sweep.registry.alias_history import Move
from housing_sweep.registry.lineage_tree import (
    ArtifactOrigin,
    Rank,
    RunOrigin,
    best_first,
    mermaid,
    model_tree,
)
from housing_sweep.registry.model_facts import DatasetFacts
from housing_sweep.search.score import Goal, Score
from tests.support.fakes import FACTS

VERSION = "org/wandb-registry-model/california-housing:v3"
MODEL = ArtifactOrigin(
    "model",
    "e/p/model-a:v0",
    "d",
    FACTS,
    links=((VERSION, ("production",)),),
    made_by="e/p/a",
)
RUN = RunOrigin(
    "e/p/a", "a", "finished", "trial", "ada", "2026-01-02T03:04:05Z", "f" * 40, value=0.4
)
DATA = ArtifactOrigin("dataset", "e/p/d:v0", "d", None, DatasetFacts("x", "csv", 9))


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
    odd = ArtifactOrigin("model", 'e/p/m"<#:v0', "d")
    drawn = mermaid(model_tree(odd, None, None, []))
    assert drawn == 'flowchart LR\n  n0["model<br/>e/p/m&quot;&lt;#35;:v0"]\n'


def test_a_run_tells_its_rank_and_score_by_what_its_sweep_optimises() -> None:
    run = replace(RUN, score=Score("val_r2", Goal.MAXIMIZE), sweep="e/p/s", rank=Rank(3, 40))
    made = next(c for c in model_tree(MODEL, run, None, []).children if c.kind == "run")
    assert dict(made.facts)["val_r2"] == "0.4"
    assert dict(made.children[0].facts) == {"rank": "3 of 40 by val_r2"}


def test_of_several_runs_the_best_comes_first_whichever_way_is_good() -> None:
    high = [replace(RUN, score=Score("val_r2", Goal.MAXIMIZE), value=v) for v in (0.1, 0.9, None)]
    assert [run.value for run in sorted(high, key=best_first)] == [0.9, 0.1, None]
    low = [replace(RUN, value=v) for v in (None, 0.9, 0.1)]
    assert [run.value for run in sorted(low, key=best_first)] == [0.1, 0.9, None]
    assert sorted([None, low[1]], key=best_first) == [low[1], None]
