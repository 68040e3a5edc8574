"""Whether a model is what its run says: built again from config and data, and compared.

Trials are deterministic, so nothing that a run says needs to be believed, and no file of it loaded:
what the installed code builds from the same config and data has the same bits, or another
environment explains why not, or the run does not tell the truth.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import Enum

from housing_sweep.registry.model_facts import DatasetUse, ModelFacts
from housing_sweep.registry.reproduction import BITS, Line
from housing_sweep.registry.verification import (
    SCORES,
    Claims,
    FileHashes,
    library_differences,
    spelled,
    why_untrue,
)
from housing_sweep.search.score import Goal, Score, finite, score_of

UNVERIFIED_TAG = "unverified"
"""Of a registry version that nobody built again, for as long as it lives."""

TOLERANCE = 0.02
"""Most by which a score built in another environment may differ, as a share of it. Measured: one
trial (boosting, `geo_knn`, 150 iterations) has val_rmse 0.3776 under scikit-learn 1.8.0 and 0.3723
under 1.9.1, 1.4 %."""

LOGGED = 1e-9
"""Most by which a score in a run's summary may differ from the one in `model.json`, as a share of
it: the same double, written and read as JSON."""

SLOWER = 4.0
"""How many times longer a fit may take here than its run says, when runs are ranked by that."""

SIZES = ("model_bytes", "best_iteration")
RESIZED = 0.5
"""Most by which sizes may differ in another environment, as a share of them."""

IN_THE_BITS = ("scikit-learn",)
"""Libraries that write their version into a model file: equal bits, equal versions."""

_ENVIRONMENT = ("libraries", "code_sha256", "cpu")
_NOT_COMPARED = (*_ENVIRONMENT, *BITS, "scores", "more", "rebuilt_of")


class How(Enum):
    """How a version came to be believed."""

    IDENTICAL = "identical"  # its bytes are those that were built here
    REBUILT = "rebuilt here"  # another environment: what was built here is promoted instead
    UNVERIFIED = "unverified"  # nothing was built or loaded, because somebody said so


@dataclass(frozen=True, slots=True)
class Expected:
    """What all trials of a sweep have in common, by its spec; no run is asked.

    Attributes:
        dataset: the version that it names.
        split: kind of split, or None if the sweep varies it.
        split_seed: of the split, or None if the sweep varies it.
    """

    dataset: DatasetUse
    split: str | None = None
    split_seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How the bytes of a promoted model came to be, for its record.

    Attributes:
        how: proved, built here instead, or not at all.
        artifact: name of the artifact that was looked at.
        facts: of what was built here; None where nothing was.
        why: what differs between the two environments, or why nothing was built.
        lines: the facts compared.
        seconds: that the fit took here; None where nothing was fitted.
    """

    how: How
    artifact: str
    facts: ModelFacts | None = None
    why: str = ""
    lines: tuple[Line, ...] = ()
    seconds: float | None = None

    def as_json(self) -> dict[str, object]:
        """Return it for records and programs."""
        facts = self.facts
        built: dict[str, object] = {}
        if facts is not None:
            built = {
                "model_sha256": facts.model_sha256,
                "skops_sha256": facts.skops_sha256,
                "predictions_sha256": facts.predictions_sha256,
                "split_fingerprint": facts.split_fingerprint,
                "scores": dict(facts.scores),
                "libraries": dict(facts.libraries),
                "code_sha256": facts.code_sha256,
                "cpu": facts.cpu,
                "dataset": facts.dataset,
                "dataset_digest": facts.dataset_digest,
                "dataset_sha256": facts.dataset_sha256,
            }
        return {
            "how": self.how.value,
            "artifact": self.artifact,
            "why": self.why,
            "fit_seconds": self.seconds,
            "built": built,
            "compared": [
                {"name": one.name, "recorded": _plain(one.recorded), "built": _plain(one.rebuilt)}
                for one in self.lines
            ],
        }


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was built here from a trial's config and data.

    Attributes:
        facts: its `model.json`.
        seconds: that the fit took.
    """

    facts: ModelFacts
    seconds: float = field(default=math.nan)


def why_not_built(
    claims: Claims, hashes: FileHashes, expected: Expected, split: str, split_seed: int
) -> str:
    """Return why a trial's model need not be built again to be rejected, or "".

    Args:
        claims: what is told of it.
        hashes: of its files.
        expected: what its sweep says of all trials.
        split: kind, of its config.
        split_seed: of its config.
    """
    facts = claims.facts
    if facts.refit_of:
        return f"it says that it is a refit of {spelled(facts.refit_of)}: no trial's model"
    if facts.rebuilt_of and claims.summary:
        return f"it says that it was rebuilt of {spelled(facts.rebuilt_of)}: no trial's model"
    for name, value, spec in (
        ("dataset_digest", facts.dataset_digest, expected.dataset.digest),
        ("dataset", facts.dataset, expected.dataset.name),
        ("split", split, expected.split),
        ("split_seed", split_seed, expected.split_seed),
    ):
        if spec is not None and value != spec:
            return f"{name} is {spelled(value)} in model.json, that of its sweep {spelled(spec)}"
    return why_untrue(claims, hashes)


def weigh(
    artifact: str, claims: Claims, rebuilt: Rebuilt, score: Score | None = None
) -> Proof | str:
    """Return the proof that building a model again gave, or why the model is rejected.

    Args:
        artifact: its name.
        claims: what is told of it, consistent in itself (`why_untrue`).
        rebuilt: what the installed code made of the same config and data.
        score: what its run is ranked by; None where no run is.
    """
    facts, built = claims.facts, rebuilt.facts
    lines = tuple(_lines(facts, built))
    other = environment_differences(facts, built)
    same_bits = all(line.same for line in lines)
    if same_bits:
        untrue = next(_untrue(facts, built), "")
        wrong = untrue or _why_not_logged(claims, rebuilt, score, same_bits=True)
        return wrong or _proof(How.IDENTICAL, artifact, rebuilt, lines, "")
    first = next(line for line in lines if not line.same)
    if not other:
        return _says(first.name, first.recorded, first.rebuilt)
    if facts.split_fingerprint != built.split_fingerprint:
        return _says("split_fingerprint", facts.split_fingerprint, built.split_fingerprint)
    same_rows = facts.predictions_sha256 == built.predictions_sha256
    for name, here in built.scores.items():
        recorded, unit = facts.scores.get(name), 1.0 if name == "val_r2" else 0.0
        if same_rows and not _same_double(recorded, here):
            return f"{_says(name, recorded, here)}, of the same predictions"
        if recorded is None or abs(recorded - here) > TOLERANCE * max(unit, abs(here)):
            return f"{_says(name, recorded, here)}; that is more than {'; '.join(other)} explains"
    wrong = _why_not_logged(claims, rebuilt, score, same_bits=False)
    return wrong or _proof(How.REBUILT, artifact, rebuilt, lines, "; ".join(other))


def environment_differences(recorded: ModelFacts, built: ModelFacts) -> tuple[str, ...]:
    """Return what differs between where a model was made and here; CPU, code, libraries."""
    differences = list(library_differences(recorded.libraries, built.libraries))
    if recorded.code_sha256 != built.code_sha256:
        differences.append("the code of housing-sweep differs")
    if recorded.cpu and recorded.cpu != built.cpu:
        differences.append(f"CPU {recorded.cpu}, here {built.cpu}")
    return tuple(differences)


def _same_double(one: float | None, two: float) -> bool:
    """Return whether two scores are the same, but for the order in which a library sums."""
    return one is not None and abs(one - two) <= LOGGED * max(1.0, abs(two))


def unverified(artifact: str) -> Proof:
    """Return the proof of a model that nobody built again, because somebody said so."""
    return Proof(
        how=How.UNVERIFIED, artifact=artifact, why="--unverified: its run's word, nothing was built"
    )


def _proof(how: How, artifact: str, rebuilt: Rebuilt, lines: tuple[Line, ...], why: str) -> Proof:
    seconds = rebuilt.seconds if math.isfinite(rebuilt.seconds) else None
    return Proof(
        how=how, artifact=artifact, facts=rebuilt.facts, why=why, lines=lines, seconds=seconds
    )


def _lines(recorded: ModelFacts, built: ModelFacts) -> Iterator[Line]:
    for name in SCORES:
        yield Line(name, recorded.scores.get(name), built.scores.get(name))
    for name in (*BITS, *(["skops_sha256"] if recorded.skops_sha256 else [])):
        yield Line(name, getattr(recorded, name), getattr(built, name))


def _untrue(recorded: ModelFacts, built: ModelFacts) -> Iterator[str]:
    """Yield facts that are false although the bits are right: somebody wrote them by hand."""
    for item in fields(recorded):
        one, two = getattr(recorded, item.name), getattr(built, item.name)
        if item.name not in _NOT_COMPARED and one != two:
            yield _says(item.name, one, two)
    for name in IN_THE_BITS:
        one, two = recorded.libraries.get(name), built.libraries.get(name)
        if one != two:
            yield _says(f"{name}'s version", one, two)
    if set(recorded.scores) != set(built.scores):
        yield _says("scores", sorted(recorded.scores), sorted(built.scores))


def _why_not_logged(
    claims: Claims, rebuilt: Rebuilt, score: Score | None, *, same_bits: bool
) -> str:
    """Return which value in its run's summary is not its model's, or ""."""
    facts = rebuilt.facts
    truths = {**facts.scores, **{name: float(getattr(facts, name)) for name in SIZES}}
    ranked = score.name if score else ""
    for name, truth in truths.items():
        reader = score if score and name == ranked else Score(name, Goal.MINIMIZE)
        if name in SCORES and name != ranked:
            reader = score_of({}, name)
        logged = reader.raw(claims.summary)
        if logged is None and name != ranked:
            continue
        value, share = finite(logged), TOLERANCE if name in SCORES else RESIZED
        allowed = LOGGED * max(1.0, abs(truth)) if same_bits else share * abs(truth)
        if value is None or not abs(value - truth) <= allowed:
            return f"{name} is {spelled(logged)} in its run, built again it is {spelled(truth)}"
    if score is None or ranked in truths:
        return ""
    if ranked == "fit_seconds":
        logged_seconds, seconds = score.read(claims.summary), rebuilt.seconds
        if logged_seconds is not None and logged_seconds * SLOWER < seconds:
            return f"fit_seconds is {logged_seconds:.3g} in its run, here it took {seconds:.3g}"
        return ""
    return (
        f"{ranked} is its run's word alone, building again gives {', '.join(truths)} only;"
        " --unverified takes its word"
    )


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int | float) else spelled(value)


def _says(name: str, recorded: object, built: object) -> str:
    return f"{name} is {spelled(recorded)} in model.json, built again it is {spelled(built)}"
