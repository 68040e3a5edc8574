"""Whether anybody built a model again: as its promotion says, or else here and now."""

from housing_sweep.errors import Refused, plain
from housing_sweep.pipeline.judge import expect
from housing_sweep.pipeline.judge.build_cache import BuildCache
from housing_sweep.pipeline.judge.builder import Builder
from housing_sweep.pipeline.judge.fresh_process import Children
from housing_sweep.pipeline.judge.prove import Prover
from housing_sweep.pipeline.ports import Backend
from housing_sweep.pipeline.values import FetchedModel, Say
from housing_sweep.pipeline.wandb_io.downloads import cache_folder
from housing_sweep.registry.alias_history import Move
from housing_sweep.registry.proof import How, Proof
from housing_sweep.registry.references import Target
from housing_sweep.registry.selection import Model

BUILT = (How.IDENTICAL.value, How.REBUILT.value)
BUILD_IT = "promote it: housing-sweep promote builds it again, and records that"


def require_proof(
    backend: Backend,
    model: Model,
    files: FetchedModel,
    say: Say,
    children: Children | None = None,
) -> str:
    """Return how it is known that a model is what its trial says: `recorded`, or `built here`.

    A promotion that is on record with the SHA-256 of this very file is believed: the file that is
    loaded cannot run code, whoever wrote the record. Any other model is built again, which takes a
    fit unless this machine built it before.

    Args:
        backend: has the records, and the dataset.
        model: the artifact.
        files: of it, here, their hashes agreeing.
        say: told what is being done.
        children: that build; default new processes.

    Raises:
        Refused: it was promoted unverified, or it is not what was built.
        NotFound: its dataset is gone.
    """
    target = Target("any", collection=str(files.facts.problem.get("name")))
    moves = backend.promotions.moves(backend.registry.home, target, every_alias=True)
    own = [move for move in moves if move.applied and move.artifact_id == model.id]
    if any(_proves(move, files) for move in own):
        return "recorded"
    if any(move.proof == How.UNVERIFIED.value for move in own):
        raise Refused(
            f"{model.name} is unverified: nobody built it again, its run's word was taken",
            fix="promote it without --unverified, or download its files and decide yourself",
        )
    say(f"{model.name} is on no promotion's record")
    prove_here(backend, model, target, say, children=children)
    return "built here"


def prove_here(
    backend: Backend,
    model: Model,
    target: Target,
    say: Say,
    dataset: str = "",
    children: Children | None = None,
) -> Proof:
    """Return the proof of a model that is built again to the bit, here and now.

    It takes a fit, unless this machine built the same before.

    Args:
        backend: has its run, its sweep and the dataset.
        model: the artifact.
        target: where it is promoted to: of a run without a sweep, the collection's dataset counts.
        say: told what is being done.
        dataset: NAME:VERSION that it must have been trained on; default what its sweep's spec says.
        children: that build; default new processes.

    Raises:
        Refused: it is not what was built, or another environment built it.
        NotFound: its dataset is gone.
    """
    run = backend.runs.made_by(model)
    if run is None:
        raise Refused(
            f"the run that made {model.name} was deleted: nothing proves it", fix=BUILD_IT
        )
    builder = Builder(BuildCache(cache_folder() / "builds"), say, children)
    try:
        prover = Prover(backend.runs, backend.artifacts, builder, say)
        prover.expectation = lambda: expect.of_model(backend, model, run, target, dataset)
        proved = prover.version(model)
    finally:
        builder.close()
    if isinstance(proved, str):
        raise Refused(f"{model.name} is rejected: {plain(proved)}", fix="name another version")
    if proved.proof.how is not How.IDENTICAL:
        raise Refused(f"{model.name} cannot be proved here, where {proved.proof.why}", fix=BUILD_IT)
    return proved.proof


def _proves(move: Move, files: FetchedModel) -> bool:
    built = (move.model_sha256, move.skops_sha256)
    return move.proof in BUILT and built == (files.sha256, files.safe_sha256)
