"""A login, and how to ask: what every backend here stands on."""

import urllib.error
import urllib.request
from typing import Any

import wandb

from housing_sweep.errors import Unavailable
from housing_sweep.pipeline.wandb_io.convert import artifact_path
from housing_sweep.pipeline.wandb_io.sdk_errors import our_errors
from housing_sweep.registry.references import COLLECTION, SweepRef

REACH_SECONDS = 10.0


class Session:
    """Whatever answers at `WANDB_BASE_URL`.

    Raises:
        BadInput: no API key, or a wrong one.
        Unavailable: nothing answers there.
    """

    def __init__(self) -> None:
        _require_answer(str(wandb.setup().settings.base_url))
        with our_errors("log in"):
            self._api = wandb.Api()
            self._apis: dict[str, Any] = {}
            self._versions: dict[str, Any] = {}
            self._who = str(self._api.viewer.username)

    @property
    def who(self) -> str:
        """The user whose key is used."""
        return self._who

    def default_project(self) -> tuple[str, str]:
        """Return the (entity, project) that wandb uses here."""
        with our_errors("read the settings"):
            entity = self._api.settings["entity"] or self._api.default_entity
            return str(entity), str(self._api.settings["project"] or COLLECTION)

    def _as(self, ref: SweepRef) -> Any:
        """Return an Api whose entity is the sweep's: it chooses the organization's registry."""
        if ref.entity not in self._apis:
            self._apis[ref.entity] = wandb.Api(overrides={"entity": ref.entity})
        return self._apis[ref.entity]

    def _list(self, ref: SweepRef, filters: dict[str, Any], order: str, page: int) -> Any:
        # Not lazy: a lazy listing asks again for every run whose summary is looked at.
        return self._api.runs(
            f"{ref.entity}/{ref.project}",
            filters=filters,
            order=order,
            per_page=page,
            lazy=False,
            include_sweeps=False,
        )

    def _artifact(self, name: str) -> Any:
        """Return a version; one that is named by its number is asked for once."""
        if name in self._versions:
            return self._versions[name]
        with our_errors(f"read {name}"):
            found = self._api.artifact(name)
        if name == artifact_path(found):
            self._versions[name] = found
        return found


def _require_answer(url: str) -> None:
    """Ask once: of an unreachable server the SDK says "failed login", and that after 24 s."""
    try:
        # S310: the address wandb itself uses, nobody else's input.
        with urllib.request.urlopen(f"{url}/healthz", timeout=REACH_SECONDS):  # noqa: S310
            pass
    except urllib.error.HTTPError as error:
        error.close()  # it answers; whether it knows this path does not matter
    except OSError as error:
        raise Unavailable(
            f"nothing answers at {url}: {getattr(error, 'reason', error)}",
            fix="start `housing-sweep server`, or correct WANDB_BASE_URL",
        ) from None
