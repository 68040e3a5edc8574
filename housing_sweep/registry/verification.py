"""Why a model is not believed: what it claims of itself against what is found.

Three places tell of a model: the summary of its run, the metadata of its artifact, and `model.json`
in it. Someone who edits one of them, or the file, is found out by the others: the file must have
the SHA-256 that all of them name, and its predictions the scores that the run logged.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

TOLERANCE = 1e-9
"""Largest difference between a logged and a recomputed score; relative where scores are above 1,
since the last bits of a target in 100,000s are worth more than that."""

SCORES = ("val_rmse", "val_mae", "val_r2")
AGREED = ("model_sha256", "predictions_sha256", "split_fingerprint", "dataset_digest")
"""Facts that summary, metadata and model.json tell alike."""

EXACT, SERIES = ("scikit-learn", "housing-sweep"), ("python", "numpy")
"""Libraries whose version must be the same for loading, and those whose first two numbers must.

scikit-learn promises nothing for a model of another version; of the others only the outcome counts,
and that is recomputed."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What is told of a model.

    Attributes:
        summary: of its run; empty where there is none to ask.
        metadata: of its artifact.
        facts: `model.json`, empty if there is none.
    """

    summary: Mapping[str, object] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_refit(self) -> bool:
        """Whether it was trained on the validation rows too, so that it has no score."""
        return bool(self.facts.get("refit_of"))


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
    if not facts:
        return "it has no model.json: not a model of housing-sweep"
    for key in AGREED:
        for where, claimed in (("its metadata", claims.metadata), ("its run", claims.summary)):
            if key in claimed and claimed[key] != facts.get(key):
                here, there = _short(facts.get(key)), _short(claimed[key])
                return f"{key} is {here} in model.json, {there} in {where}"
    if file_sha256 != facts.get("model_sha256"):
        recorded = _short(facts.get("model_sha256"))
        return f"model.joblib was changed: SHA-256 {_short(file_sha256)}, recorded {recorded}"
    if sweep_data and facts.get("dataset_digest") != sweep_data:
        return (
            f"it was trained on other data ({facts.get('dataset')}) than the rest of the sweep,"
            " so its score cannot be compared"
        )
    return why_other_libraries(facts.get("libraries"), installed)


def why_other_libraries(recorded: object, installed: Mapping[str, str]) -> str:
    """Return which library's version keeps a model from being loaded here, or ""."""
    if not isinstance(recorded, Mapping):
        return "model.json does not say which libraries wrote it"
    wrong = [
        f"{name} {recorded.get(name)}, installed is {installed.get(name)}"
        for name in (*EXACT, *SERIES)
        if _series(name, recorded.get(name)) != _series(name, installed.get(name))
    ]
    return f"it needs {'; '.join(wrong)}" if wrong else ""


def library_differences(
    recorded: Mapping[str, object], installed: Mapping[str, str]
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
            for where, claimed in (("its run", claims.summary), ("model.json", _scores(claims))):
                logged = claimed.get(name)
                if logged is None and where != "model.json" and not claims.summary:
                    continue
                if not _close(logged, scores[name]):
                    return f"{name} is {logged} in {where}, recomputed {scores[name]:.9g}"
    allowed = _allowed(scores["val_rmse"])
    if predictions_differ_by is not None and not predictions_differ_by <= allowed:
        return f"its predictions differ from the saved ones by up to {predictions_differ_by:.3g}"
    return ""


def usual_dataset(digests: Iterable[object]) -> str:
    """Return the dataset digest most runs of a sweep have, the first of them in a draw; or ""."""
    known = Counter(digest for digest in digests if isinstance(digest, str) and digest)
    return known.most_common(1)[0][0] if known else ""


def _scores(claims: Claims) -> Mapping[str, object]:
    scores = claims.facts.get("scores")
    return scores if isinstance(scores, Mapping) else {}


def _close(logged: object, recomputed: float) -> bool:
    if isinstance(logged, bool) or not isinstance(logged, int | float):
        return False
    return math.isfinite(logged) and abs(logged - recomputed) <= _allowed(recomputed)


def _allowed(score: float) -> float:
    return TOLERANCE * max(1.0, abs(score))


def _series(name: str, version: object) -> str:
    text = str(version)
    return text if name in EXACT else ".".join(text.split(".")[:2])


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:12]}..." if len(text) > 20 else text
