"""Why a model is not believed: what it claims of itself against what is found.

Three places tell of a model: the summary of its run, the metadata of its artifact, and `model.json`
in it. Whether any of them is true is another question (`proof`); here they must agree.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Self

from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.selection import Candidate, Model

SCORES = ("val_rmse", "val_mae", "val_r2")
AGREED = ("model_sha256", "predictions_sha256", "split_fingerprint", "dataset_digest")
"""Facts of `model.json` that the summary of a run tells, too."""

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


@dataclass(frozen=True, slots=True)
class FileHashes:
    """SHA-256 of what an artifact really holds, computed here.

    Attributes:
        model: of `model.joblib`.
        predictions: of the values in `predictions.npy`; "" if it has none.
        safe: of `model.skops`; "" if it has none.
    """

    model: str
    predictions: str = ""
    safe: str = ""


def why_not_loaded(claims: Claims, hashes: FileHashes, installed: Mapping[str, str]) -> str:
    """Return why a model must not be loaded, or "".

    Args:
        claims: what is told of it.
        hashes: of its files.
        installed: library -> version in this environment.
    """
    return why_untrue(claims, hashes) or why_other_libraries(claims.facts.libraries, installed)


def why_untrue(claims: Claims, hashes: FileHashes) -> str:
    """Return where a model's files, facts, metadata and run contradict each other, or ""."""
    facts, metadata = claims.facts, claims.metadata
    if metadata is None:
        return claims.why_no_metadata or "its metadata does not tell what model.json does"
    if metadata is not None:
        for item in fields(facts):
            one, two = getattr(facts, item.name), getattr(metadata, item.name)
            if one != two and item.name != "more":  # a note by hand is no lie
                return (
                    f"{item.name} is {spelled(one)} in model.json, {spelled(two)} in its metadata"
                )
    for name in AGREED:
        one, two = getattr(facts, name), claims.summary.get(name)
        if two is not None and one != two:
            return f"{name} is {spelled(one)} in model.json, {spelled(two)} in its run"
    for name, value in (
        ("model_sha256", hashes.model),
        ("predictions_sha256", hashes.predictions),
        ("skops_sha256", hashes.safe),
    ):
        recorded = getattr(facts, name)
        if value != recorded:
            file = _FILES[name]
            if not value:
                return f"it has no {file}"
            return f"{file} was changed: SHA-256 {spelled(value)}, recorded {spelled(recorded)}"
    return ""


_FILES = {
    "model_sha256": "model.joblib",
    "predictions_sha256": "predictions.npy",
    "skops_sha256": "model.skops",
}


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


def _loads(wrote: str, here: str) -> bool:
    """Return whether a version of ours loads what another one wrote: as old as itself, or older."""
    return _numbers(OLDEST) <= _numbers(wrote) <= _numbers(here)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _series(name: str, version: object) -> str:
    text = str(version)
    return text if name in EXACT else ".".join(text.split(".")[:2])


def spelled(value: object) -> str:
    """Return a value as a message tells it: no longer than a line, with nothing that acts."""
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, Mapping):
        value = dict(value)
    if value == "":
        return "empty"
    text = value if isinstance(value, str) and value.isprintable() else ascii(value)
    limit = 12 if re.fullmatch("[0-9a-f]{64}", text) else 60
    return text if len(text) <= limit else f"{text[:limit]}..."
