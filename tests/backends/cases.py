"""What each port promises, said once for every backend: the fake, and each SDK with a server.

A case takes a world and asserts. They run in the order in which they stand; the last ones write.
"""

import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from housing_sweep.errors import HousingSweepError, NotFound, Refused
from housing_sweep.registry.references import SweepId, SweepRef, Target
from housing_sweep.search.score import Goal, Score
from tests.backends.world import (
    CSV,
    FOREIGN,
    MODEL_BYTES,
    RULED,
    SAFE_BYTES,
    TRIALS,
    WITH_MODEL,
    World,
)

RMSE, R2 = Score("val_rmse", Goal.MINIMIZE), Score("val_r2", Goal.MAXIMIZE)
WORST = Score("val_rmse", Goal.MAXIMIZE)


def refused(kind: type[HousingSweepError], work: Callable[[], object]) -> str:
    """Return what an error of a kind says; anything else fails."""
    try:
        work()
    except kind as error:
        return error.what
    raise AssertionError(f"no {kind.__name__}")


def a_sweep_is_told_with_what_it_optimises(world: World) -> None:
    facts = world.sweeps.sweep(world.sweep)
    assert facts.ref == world.sweep
    assert facts.objectives == {"val_rmse": Goal.MINIMIZE}
    missing = SweepRef(world.sweep.entity, world.sweep.project, SweepId("a401"))
    refused(NotFound, lambda: world.sweeps.sweep(missing))


def finished_runs_come_in_the_order_of_their_scores(world: World) -> None:
    for score, order in (
        (RMSE, ["best", "good"]),
        (WORST, ["good", "best"]),
        (R2, ["good", "best"]),
    ):
        runs = list(world.sweeps.finished(world.sweep, score))
        assert {world.label(run) for run in runs} == set(TRIALS) - {"failed"}
        scored = [world.label(r) for r in runs if score.read(r.summary) is not None]
        assert scored == order


def scores_that_are_kept_as_rules_rank_too(world: World) -> None:
    runs = list(world.sweeps.finished(world.ruled, RMSE))
    assert [world.label(run) for run in runs] == sorted(RULED, key=lambda label: RULED[label])
    assert [RMSE.read(run.summary) for run in runs] == sorted(RULED.values())


def unfinished_runs_come_apart_and_no_more_than_asked_for(world: World) -> None:
    runs = world.sweeps.unfinished(world.sweep, RMSE, 5)
    assert [(world.label(run), run.state) for run in runs] == [("failed", "failed")]
    assert world.sweeps.unfinished(world.sweep, RMSE, 0) == ()


def all_trials_come_in_the_order_of_creation(world: World) -> None:
    runs = world.sweeps.trials(world.sweep)
    assert [world.label(run) for run in runs] == list(TRIALS)
    assert [run.finished for run in runs] == [state == "finished" for state, _ in TRIALS.values()]
    values = [RMSE.read(run.summary) for run in runs]
    assert values == [0.4, 0.3, None, None, None, 0.1]
    assert "not a finite number" in RMSE.why_unscored(runs[2].summary)


def a_run_is_read_by_its_path(world: World) -> None:
    assert world.label(world.trial("good")) == "good"
    missing = f"{world.sweep.entity}/{world.sweep.project}/a401bcd"
    assert "a401bcd" in refused(NotFound, lambda: world.runs.run(missing))


def a_run_tells_its_model_and_its_data(world: World) -> None:
    model = world.runs.model_of(world.trial(WITH_MODEL))
    assert model is not None
    assert model.name == f"{world.sweep.entity}/{world.sweep.project}/model-{_id(world)}:v0"
    assert world.runs.model_of(world.trial("none")) is None
    data = world.runs.dataset_of(world.trial(WITH_MODEL))
    assert data is not None
    assert (data.name, data.digest) == (world.facts.dataset, world.facts.dataset_digest)
    assert data.source == "synthetic"


def a_model_tells_its_facts_and_who_made_it(world: World) -> None:
    name = f"{world.sweep.entity}/{world.sweep.project}/model-{_id(world)}:v0"
    model = world.artifacts.model(name)
    assert model.name == name
    assert model.facts == world.facts
    made = world.runs.made_by(model)
    assert made is not None
    assert world.label(made) == WITH_MODEL
    refused(NotFound, lambda: world.artifacts.model(name.replace(_id(world), "a401")))


def a_model_is_fetched_with_the_hash_of_what_came(world: World) -> None:
    model = world.runs.model_of(world.trial(WITH_MODEL))
    assert model is not None
    with tempfile.TemporaryDirectory() as folder:
        files = world.artifacts.fetch_model(model, Path(folder))
        assert files.path.read_bytes() == MODEL_BYTES
        assert files.sha256 == world.facts.model_sha256
        assert files.facts == world.facts
        assert files.predictions is not None
        assert files.predictions.read_bytes() == b"numbers"
        assert files.safe_path is not None
        assert files.safe_path.read_bytes() == SAFE_BYTES


def what_is_no_model_of_ours_is_refused(world: World) -> None:
    model = world.runs.model_of(world.trial(FOREIGN))
    assert model is not None
    with tempfile.TemporaryDirectory() as folder:
        said = refused(Refused, lambda: world.artifacts.fetch_model(model, Path(folder)))
        assert "no model.joblib" in said
        assert world.artifacts.fetch_predictions(model, Path(folder)) is None


def a_dataset_is_fetched_whichever_way_it_is_named(world: World) -> None:
    for name in (world.facts.dataset, world.facts.dataset.replace(":v0", ":latest")):
        data = world.artifacts.fetch_dataset(name)
        assert data.path == world.facts.dataset
        assert data.csv.read_bytes() == CSV
        assert data.sha256 == world.facts.dataset_sha256
    missing = world.facts.dataset.replace("california", "401")
    refused(NotFound, lambda: world.artifacts.fetch_dataset(missing))


def an_alias_is_put_on_a_linked_version(world: World) -> None:
    registry, target = world.registry, Target("staging")
    model = world.runs.model_of(world.trial(WITH_MODEL))
    assert model is not None
    assert registry.champion(world.sweep, target) is None
    version = registry.link(world.sweep, target, model)
    assert registry.link(world.sweep, target, model) == version
    assert (version.source, version.source_id) == (model.name, model.id)
    registry.move_alias(world.sweep, target, version)
    registry.move_alias(world.sweep, target, version)
    assert registry.champion(world.sweep, target) == version
    for name in ("staging", version.version):
        assert registry.version(world.sweep, target.path, name) == version
    assert registry.version(world.sweep, target.path, "v401") is None
    assert registry.home.project


def a_promotion_is_recorded_open_then_applied_or_withdrawn(world: World) -> None:
    promotions, target = world.promotions, Target("staging")
    assert promotions.who
    record = {
        "decision": "promote",
        "alias": "staging",
        "target": target.path,
        "displaced": "",
        "challenger": {"of": "e/p/model-x:v0", "built": "", "artifact_id": "id-x", "run": "e/p/x"},
        "who": promotions.who,
    }
    with promotions.write(world.sweep, target, None, record) as run:
        run.uses(world.facts.dataset)
    unfinished = promotions.open_record(world.sweep, target)
    assert unfinished is not None
    assert (unfinished.of, unfinished.who) == ("e/p/model-x:v0", promotions.who)
    with promotions.write(world.sweep, target, unfinished.run_id, record) as run:
        run.applied({"promoted": "r/c:v0"})
    assert promotions.open_record(world.sweep, target) is None
    with promotions.write(world.sweep, target, None, record | {"displaced": "r/c:v0"}) as run:
        run.withdrawn("another was faster")
    assert promotions.open_record(world.sweep, target) is None
    moves = promotions.moves(world.sweep, target)
    recorded = [(move.version, move.displaced, move.applied) for move in moves]
    assert recorded == [("r/c:v0", "", True), ("", "r/c:v0", False)], moves
    assert promotions.moves(world.sweep, Target("production")) == []
    assert len(promotions.moves(world.sweep, Target("production"), every_alias=True)) == 2


def a_stored_model_is_read_again_and_deleted(world: World) -> None:
    (model,) = world.stored_models.models_of(world.path(WITH_MODEL))
    assert model.run == _id(world)
    assert model.size > 0
    assert list(world.stored_models.models_of(world.path("none"))) == []
    again = world.stored_models.read_again(model)
    assert again is not None
    assert again.name == model.name
    world.stored_models.delete(model)
    assert world.stored_models.read_again(model) is None
    assert list(world.stored_models.models_of(world.path(WITH_MODEL))) == []


def _id(world: World) -> str:
    return world.ids[WITH_MODEL]


CASES: tuple[Callable[[World], None], ...] = (
    a_sweep_is_told_with_what_it_optimises,
    finished_runs_come_in_the_order_of_their_scores,
    scores_that_are_kept_as_rules_rank_too,
    unfinished_runs_come_apart_and_no_more_than_asked_for,
    all_trials_come_in_the_order_of_creation,
    a_run_is_read_by_its_path,
    a_run_tells_its_model_and_its_data,
    a_model_tells_its_facts_and_who_made_it,
    a_model_is_fetched_with_the_hash_of_what_came,
    what_is_no_model_of_ours_is_refused,
    a_dataset_is_fetched_whichever_way_it_is_named,
    an_alias_is_put_on_a_linked_version,
    a_promotion_is_recorded_open_then_applied_or_withdrawn,
    a_stored_model_is_read_again_and_deleted,
)


def outcomes(world: World) -> dict[str, str]:
    """Return of each case "", or how it failed."""
    found = {}
    for case in CASES:
        try:
            case(world)
            found[case.__name__] = ""
        except Exception:  # noqa: BLE001  told to whoever asked, in another process
            found[case.__name__] = traceback.format_exc()
    return found
