"""One backend: its address, a login, and how to ask. Every adapter here stands on one.

Nothing else in this package reads the environment for an address or a key (a trial's own run does,
by the SDK: its agent set the environment). So two of them, to two servers, live in one process.
"""

import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import wandb

from housing_sweep.errors import BadInput, Unavailable
from housing_sweep.pipeline.wandb_io import sdk_errors
from housing_sweep.pipeline.wandb_io.convert import artifact_path
from housing_sweep.registry.references import COLLECTION, SweepId, SweepRef

REACH_SECONDS = 10.0
SESSION = ("base_url", "api_key", "identity_token_file")
"""What `wandb.init` changes in the settings of the process. Source: wbauth/settings.py."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A login on one backend.

    Attributes:
        url: its address, without a slash at the end.
        key: the API key; "" where the SDK logs in by an identity token.
        entity: the entity that is meant where none is named.
        project: the project that is meant where none is named.
        who: the user whose key it is.
        api: the SDK's `wandb.Api`, bound to address, key and entity.
    """

    url: str
    key: str = field(repr=False)
    entity: str
    project: str
    who: str
    api: Any = field(repr=False, compare=False)
    _apis: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _versions: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(
        cls, url: str | None = None, key: str | None = None, entity: str | None = None
    ) -> Self:
        """Log in; what is not given comes from the environment and `wandb login`.

        Args:
            url: of the backend; default WANDB_BASE_URL, else the one that was logged in to.
            key: an API key for it.
            entity: meant where none is named; default WANDB_ENTITY, else the user's own.

        Raises:
            BadInput: no API key; an address of another backend without a key for it.
            NotLoggedIn: the backend does not know the key.
            Unavailable: nothing answers there.
        """
        own = sdk_errors.backend_url().rstrip("/")
        address = (url or own).rstrip("/")
        if address != own and not key:
            raise BadInput(
                f"no API key is given for {address}; the environment's is for {own}",
                fix="give the key of that backend too",
            )
        _require_answer(address)
        with sdk_errors.reading("log in", "run `wandb login`", url=address):
            api = wandb.Api(overrides={"base_url": address}, api_key=key)
            who, home = str(api.viewer.username), str(api.default_entity)
            # The environment's entity and project are names on the environment's backend.
            mine = api.settings if address == own else {}
            entity = entity or mine.get("entity") or home
            project = str(mine.get("project") or COLLECTION)
            token = key or str(api.api_key or "")
            api = _api(address, token, entity)
        return cls(address, token, entity, project, who, api)

    @property
    def home(self) -> SweepRef:
        """The entity and project that are meant where none is named."""
        return SweepRef(self.entity, self.project, SweepId(""))

    def reading(self, what: str, fix: str = "") -> AbstractContextManager[None]:
        """Turn wandb's errors into ours while something is read here; see `sdk_errors`."""
        return sdk_errors.reading(what, fix, url=self.url)

    def writing(self, what: str) -> AbstractContextManager[None]:
        """Turn wandb's errors into ours while something is written here; see `sdk_errors`."""
        return sdk_errors.writing(what, url=self.url)

    def api_of(self, entity: str) -> Any:
        """Return an Api whose entity this is: it chooses the organization's registry."""
        if entity not in self._apis:
            same = entity == self.entity
            self._apis[entity] = self.api if same else _api(self.url, self.key, entity)
        return self._apis[entity]

    def list_runs(self, path: str, filters: dict[str, Any], order: str, page: int) -> Any:
        """Return a project's runs, `page` per request, as they are looked at."""
        self.api.flush()  # it answers an equal question from its memory, for as long as it lives
        # Not lazy: a lazy listing asks again for every run whose summary is looked at.
        return self.api.runs(
            path, filters=filters, order=order, per_page=page, lazy=False, include_sweeps=False
        )

    def artifact(self, name: str, fix: str = "") -> Any:
        """Return the SDK's artifact; one that is named by its number is asked for once.

        Raises:
            NotFound: it is not there.
        """
        if name in self._versions:
            return self._versions[name]
        with self.reading(f"read {name}", fix):
            artifact = self.api.artifact(name)
        if name == artifact_path(artifact):
            self._versions[name] = artifact
        return artifact

    @contextmanager
    def run(self, what: str, **options: Any) -> Iterator[Any]:
        """Open a run on this backend, whatever the environment says; it ends with the block.

        Args:
            what: for the message of an error: "log the report of a/b/c".
            options: of `wandb.init`.
        """
        login = wandb.Settings(base_url=self.url, api_key=self.key or None)
        # An agent of this process leaves WANDB_RUN_ID behind (0.28.2): a new run would be that one.
        options["id"] = options.get("id") or secrets.token_hex(4)
        with self.writing(what), _environment_kept():
            run = wandb.init(settings=login, **options)
        with self.writing(what), run:
            yield run


def _api(url: str, key: str, entity: str) -> Any:
    return wandb.Api(overrides={"base_url": url, "entity": entity}, api_key=key or None)


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Give the SDK its own settings back: `wandb.init` makes a run's login that of the process.

    The next backend of this environment would be the one that was last written to.
    """
    settings: Any = wandb.setup().settings
    before = {name: getattr(settings, name) for name in SESSION}
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)


def _require_answer(url: str) -> None:
    """Ask once: of an unreachable server the SDK says "failed login", and that after 24 s."""
    try:
        # S310: the address wandb itself uses, or one that the caller names.
        with urllib.request.urlopen(f"{url}/healthz", timeout=REACH_SECONDS):  # noqa: S310
            pass
    except urllib.error.HTTPError as error:
        error.close()  # it answers; whether it knows this path does not matter
    except ValueError:
        raise BadInput(f"{url!r} is not an address", fix="e.g. http://127.0.0.1:8080") from None
    except OSError as error:
        raise Unavailable(
            f"nothing answers at {url}: {getattr(error, 'reason', error)}",
            fix="start `housing-sweep server`, or correct WANDB_BASE_URL",
        ) from None
