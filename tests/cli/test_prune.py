"""`housing-sweep prune`: what it says, and what it deletes."""

import json

import pytest

from housing_sweep.registry.prune_rules import StoredModel
from tests.cli.conftest import Ask
from tests.support.fakes import FakeBackend, candidate


@pytest.fixture
def backend() -> FakeBackend:
    """Three trials with a model each; the worst one's is linked."""
    trials = [candidate(name, score) for name, score in (("a", 0.1), ("b", 0.2), ("c", 0.3))]
    models = {
        run.id: [StoredModel(f"e/p/model-{run.id}:v0", f"id-{run.id}", run.id, 1000)]
        for run in trials
    }
    models[trials[2].id] = [
        StoredModel("e/p/model-c:v0", "id-c", trials[2].id, 1000, linked_to=("r/c:v0",))
    ]
    return FakeBackend(trials, stored={str(run): stored for run, stored in models.items()})


def test_a_dry_run_says_what_would_go_and_deletes_nothing(ask: Ask, backend: FakeBackend) -> None:
    backend.writes_left = 0
    code, out, _ = ask("prune", "s", "--keep", "1", "--dry-run", backend=backend)
    assert code == 0
    assert "would delete         1,000 B  e/p/model-b:v0" in out
    assert "kept    e/p/model-c:v0: linked to r/c:v0" in out
    assert "1 models would be deleted, 1,000 bytes; the best 1 trials by val_rmse stay" in out


def test_the_answer_for_programs_is_what_was_done(ask: Ask, backend: FakeBackend) -> None:
    code, out, _ = ask("prune", "s", "--keep", "1", "--json", backend=backend)
    answer = json.loads(out)
    assert code == 0
    assert answer["deleted"] == [{"model": "e/p/model-b:v0", "bytes": 1000}]
    assert answer["kept"] == [{"model": "e/p/model-c:v0", "why": "linked to r/c:v0"}]
    assert {run for run, models in backend.stored.items() if models} == {"a", "c"}


def test_a_metric_that_nobody_has_is_exit_2_and_deletes_nothing(
    ask: Ask, backend: FakeBackend
) -> None:
    backend.writes_left = 0
    code, _, said = ask("prune", "s", "--metric", "val_rsme", "--goal", "minimize", backend=backend)
    assert code == 2
    assert "val_rmse" in said


@pytest.mark.parametrize("keep", ["-1", "all"])
def test_a_number_to_keep_that_is_none_is_bad_input(
    keep: str, ask: Ask, backend: FakeBackend
) -> None:
    backend.writes_left = 0
    assert ask("prune", "s", "--keep", keep, backend=backend)[0] == 2
