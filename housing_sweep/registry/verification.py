"""Why a model is not believed: what it claims of itself against what is found.

Three places tell of a model: the summary of its run, the metadata of its artifact, and `model.json`
in it. Someone who edits one of them, or the file, is found out by the others: the file must have
the SHA-256 that all of them name, and its predictions the scores that the run logged.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from housing_sweep.errors import Refused
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.selection import Candidate, Model
from housing_sweep.search.score import finite, score_of

TOLERANCE = 1e-9
"""Largest difference between a logged and a recomputed score; relative where scores are above 1,
since the last bits of a target in 100,000s are worth more than that."""

SCORES = ("val_rmse", "val_mae", "val_r2")
AGREED = ("model_sha256", "predictions_sha256", "split_fingerprint", "dataset_digest")
"""Facts that summary, metadata and model.json tell alike."""

EXACT, SERIES, OWN = ("scikit-learn",), ("python", "numpy"), "housing-sweep"
"""Libraries whose version must be the same for loading, and those whose first two numbers must.

scikit-learn promises nothing for a model of another version; of the others only the outcome counts,
and that is recomputed. What we wrote ourselves, a later version of ours loads (`OLDEST`)."""

OLDEST = "0.1.0"
"""The oldest housing-sweep whose models this one loads; `tests/golden` holds one of each."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What is told of a model.

    Attributes:
        facts: `model.json`.
        metadata: of its artifact, or None if there is none.
        why_no_metadata: what is wrong with the metadata, or "".
        summary: of its run, as it stands; empty where there is none to ask.
    """

    facts: ModelFacts
    metadata: ModelFacts | None = None
    why_no_metadata: str = ""
    summary: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Model, facts: ModelFacts, run: Candidate | None) -> Self:
        """Return what a model, its `model.json` and the run that made it tell."""
        return cls(facts, model.facts, model.why_no_facts, run.summary if run else {})

    @property
    def is_refit(self) -> bool:
        """Whether it was trained on the validation rows too, so that it has no score."""
        return bool(self.facts.refit_of)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What a model did when it was loaded in a fresh process.

    Attributes:
        scores: of its predictions for the validation rows.
        differ: most by which they differ from the saved ones; None if none were saved.
    """

    scores: Mapping[str, float]
    differ: float | None

    @classmethod
    def parse(cls, answer: Mapping[str, object]) -> Self:
        """Return what the process answered.

        Raises:
            Refused: the answer lacks a score, or holds something else.
        """
        scores, differ = answer.get("scores"), answer.get("differ")
        values = scores if isinstance(scores, Mapping) else {}
        numbers = {name: finite(values.get(name)) for name in SCORES}
        known = {name: number for name, number in numbers.items() if number is not None}
        if len(known) < len(SCORES) or not (differ is None or isinstance(differ, float)):
            missing = [name for name in SCORES if name not in known] or ["differ"]
            raise Refused(f"what it predicts cannot be scored: {', '.join(missing)} is no number")
        return cls(known, differ)


def why_not_loaded(
    claims: Claims, file_sha256: str, installed: Mapping[str, str], sweep_data: str = ""
) -> str:
    """Return why a model file must not be loaded, or "".

    Args:
        claims: what is told of it.
        file_sha256: of the file `model.joblib` here.
        installed: library -> version in this environment.
        sweep_data: digest of the dataset that the sweep's runs used, or "".
    """
    facts = claims.facts
    if claims.why_no_metadata:
        return claims.why_no_metadata
    for key in AGREED:
        recorded = getattr(facts, key)
        elsewhere = {"its run": claims.summary.get(key, recorded)}
        if claims.metadata is not None:
            elsewhere["its metadata"] = getattr(claims.metadata, key)
        for where, value in elsewhere.items():
            if value != recorded:
                return f"{key} is {_short(recorded)} in model.json, {_short(value)} in {where}"
    if file_sha256 != facts.model_sha256:
        recorded = _short(facts.model_sha256)
        return f"model.joblib was changed: SHA-256 {_short(file_sha256)}, recorded {recorded}"
    if sweep_data and facts.dataset_digest != sweep_data:
        return (
            f"it was trained on other data ({facts.dataset}) than the rest of the sweep,"
            " so its score cannot be compared"
        )
    return why_other_libraries(facts.libraries, installed)


def why_other_libraries(recorded: Mapping[str, str], installed: Mapping[str, str]) -> str:
    """Return which library's version keeps a model from being loaded here, or ""."""
    other = [
        name
        for name in (*EXACT, *SERIES)
        if _series(name, recorded.get(name)) != _series(name, installed.get(name))
    ]
    if not _loads(recorded.get(OWN, ""), installed.get(OWN, "")):
        other.append(OWN)
    wrong = [f"{name} {recorded.get(name)}, installed is {installed.get(name)}" for name in other]
    return f"it needs {'; '.join(wrong)}" if wrong else ""


def library_differences(
    recorded: Mapping[str, str], installed: Mapping[str, str]
) -> tuple[str, ...]:
    """Return each library whose version differs: `numpy 2.4.0, here 2.3.1`."""
    return tuple(
        f"{name} {version}, here {installed.get(name, 'not installed')}"
        for name, version in sorted(recorded.items())
        if installed.get(name) != version
    )


def why_not_equal(
    claims: Claims, scores: Mapping[str, float], predictions_differ_by: float | None
) -> str:
    """Return why recomputed results do not confirm a model, or "".

    Args:
        claims: what is told of it.
        scores: recomputed from the file on the recorded split.
        predictions_differ_by: most by which predictions differ from those saved with the model, in
            the target's unit; None if none were saved.
    """
    if not claims.is_refit:
        for name in SCORES:
            logged: dict[str, object] = {"model.json": claims.facts.scores.get(name)}
            if claims.summary:
                logged["its run"] = score_of({}, name).raw(claims.summary)
            for where, value in reversed(logged.items()):
                if not _close(value, scores[name]):
                    return f"{name} is {value} in {where}, recomputed {scores[name]:.9g}"
    allowed = _allowed(scores["val_rmse"])
    if predictions_differ_by is not None and not predictions_differ_by <= allowed:
        return f"its predictions differ from the saved ones by up to {predictions_differ_by:.3g}"
    return ""


def usual_dataset(digests: Iterable[object]) -> str:
    """Return the dataset digest most runs of a sweep have, the first of them in a draw; or ""."""
    known = Counter(digest for digest in digests if isinstance(digest, str) and digest)
    return known.most_common(1)[0][0] if known else ""


def _close(logged: object, recomputed: float) -> bool:
    value = finite(logged)
    return value is not None and abs(value - recomputed) <= _allowed(recomputed)


def _allowed(score: float) -> float:
    return TOLERANCE * max(1.0, abs(score))


def _loads(wrote: str, here: str) -> bool:
    """Return whether a version of ours loads what another one wrote: as old as itself, or older."""
    return _numbers(OLDEST) <= _numbers(wrote) <= _numbers(here)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _series(name: str, version: object) -> str:
    text = str(version)
    return text if name in EXACT else ".".join(text.split(".")[:2])


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:12]}..." if len(text) > 20 else text
