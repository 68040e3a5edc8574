"""Sweeps and artifact versions as users spell them, parsed once."""

import re
from dataclasses import dataclass
from typing import NewType, Self
from urllib.parse import unquote, urlsplit

from housing_sweep.errors import BadInput

RunId = NewType("RunId", str)
SweepId = NewType("SweepId", str)

REGISTRY = "wandb-registry-model"
COLLECTION = "california-housing"
"""The problem where nothing names another: its dataset, registry collection and project."""

DEFAULT_DATASET = f"{COLLECTION}:latest"
MODEL_FILE, FACTS_FILE, PREDICTIONS_FILE = "model.joblib", "model.json", "predictions.npy"
SAFE_MODEL_FILE = "model.skops"
"""What a model artifact holds: the model (as a pickle, whose SHA-256 proves it, and as a file that
cannot run code, which is what is loaded), the facts about it, its validation predictions."""

_SWEEP_FIX = "give ENTITY/PROJECT/ID, PROJECT/ID, ID, or the sweep's URL"

_MODEL_FIX = "give registry:ALIAS, ENTITY/PROJECT/NAME:VERSION, or a run's ENTITY/PROJECT/ID"


@dataclass(frozen=True, slots=True)
class SweepRef:
    """A sweep as named by a user.

    Attributes:
        entity: user or team, or "" for the default one.
        project: its project, or "" for the default one.
        id: the sweep's id.
    """

    entity: str
    project: str
    id: SweepId

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the sweep that `ENTITY/PROJECT/ID`, `PROJECT/ID`, `ID` or a URL names.

        Raises:
            BadInput: the text has none of these forms.
        """
        parts = _parts(text, "sweeps")
        if not 1 <= len(parts) <= 3 or any(re.search(r"[\s:?#%]", part) for part in parts):
            raise BadInput(f"{text!r} is not a sweep", fix=_SWEEP_FIX)
        entity, project, sweep = ["", "", *parts][-3:]
        return cls(entity, project, SweepId(sweep))

    def __str__(self) -> str:
        return "/".join(part for part in (self.entity, self.project, self.id) if part)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a promotion goes: an alias of a collection in a registry."""

    alias: str
    registry: str = REGISTRY
    collection: str = COLLECTION

    def __post_init__(self) -> None:
        """Refuse an alias that W&B would refuse or that it sets by itself.

        Raises:
            BadInput: empty, `latest`, a version like `v3`, or with characters not allowed.
        """
        if self.alias == "latest" or re.fullmatch(r"v\d+", self.alias):
            raise BadInput(
                f"the alias {self.alias!r} is set by W&B alone", fix="use staging or production"
            )
        if not re.fullmatch(r"[\w.-]{1,128}", self.alias):
            raise BadInput(
                f"{self.alias!r} is not an alias",
                fix="use letters, digits, '-', '_' and '.', such as staging",
            )

    @property
    def path(self) -> str:
        """Return `registry/collection`, what artifacts are linked to."""
        return f"{self.registry}/{self.collection}"

    def __str__(self) -> str:
        return f"{self.path}:{self.alias}"


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model as named by a user: by alias in the registry, by artifact, or by its run.

    Attributes:
        alias: alias or vN in the registry collection, or "".
        artifact: ENTITY/PROJECT/NAME:VERSION or less of it, or "".
        run: ENTITY/PROJECT/ID or less of it, or "".
    """

    alias: str = ""
    artifact: str = ""
    run: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the model that a text names.

        `registry:production` is an alias, `model-x:v0` and `E/P/model-x:v0` are artifacts, `E/P/ID`
        and `P/ID` are runs, and a bare word is an alias if it is one of the registry, else a run.

        Raises:
            BadInput: the text has none of these forms.
        """
        parts = _parts(text, "runs")
        path = "/".join(parts)
        if not 1 <= len(parts) <= 3 or re.search(r"[\s?#%]", path) or path.count(":") > 1:
            raise BadInput(f"{text!r} is not a model", fix=_MODEL_FIX)
        head, colon, tail = path.partition(":")
        if colon and not (head and tail):
            raise BadInput(f"{text!r} is not a model", fix=_MODEL_FIX)
        if head == "registry" and colon:
            return cls(alias=tail)
        if colon:
            return cls(artifact=path)
        if len(parts) == 1:
            return cls(alias=path, run=path)
        return cls(run=path)


def full_path(path: str, entity: str, project: str) -> str:
    """Return ENTITY/PROJECT/NAME of a path that may lack its first parts."""
    given = path.split("/")
    return "/".join([entity, project, ""][: 3 - len(given)] + given)


def artifact_name(reference: str) -> str:
    """Return the bare name of an artifact reference such as ENTITY/PROJECT/NAME:VERSION.

    A dataset's name is its problem's, and that of the collection its models go to.
    """
    return reference.rpartition("/")[2].partition(":")[0]


def _parts(text: str, kind: str) -> list[str]:
    """Return the parts of a path or URL; before the id, a URL says `sweeps` or `runs`."""
    path = text.strip()
    if "://" in path:
        path = unquote(urlsplit(path).path)
    parts = [part for part in path.strip("/").split("/") if part]
    if len(parts) >= 3 and parts[-2] == kind:
        del parts[-2]
    return parts
