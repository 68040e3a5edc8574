"""What a request handler may ask for: one server's services, and one request's context."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from housing_sweep.errors import NotLoggedIn
from housing_sweep.server.content.blobs import BlobStore
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.fresh_keys import FreshKeys
from housing_sweep.server.services.live_feed import LiveFeed
from housing_sweep.server.services.signing import Signer
from housing_sweep.server.services.suggestions import Suggestions
from housing_sweep.server.store.db import Connection, Database
from housing_sweep.server.store.people.users import User
from housing_sweep.server.store.steady import Steady


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One server's parts, made once by `app.py`."""

    config: ServerConfig
    database: Database
    blobs: BlobStore
    signer: Signer
    suggestions: Suggestions = field(default_factory=Suggestions)
    fresh_keys: FreshKeys = field(default_factory=FreshKeys)
    live_feed: LiveFeed = field(default_factory=LiveFeed)
    clock: Callable[[], float] = time.time


@dataclass(slots=True, kw_only=True)
class Context:
    """One request: who asks, at which address, and the services.

    Attributes:
        base_url: scheme and host the client used; returned URLs start with it, so that they work
            through a proxy or a tunnel.
        writer: of a run that several processes write together, which of them asks.
        login: what the user is known by, as numbers: the `key`, or a browser's `session`. A URL
            that is made for this request ends with it.
        cache: rows already read for this request, keyed by the reader; use it against N+1.
    """

    services: Services
    db: Connection
    base_url: str
    user: User | None
    writer: str | None = None
    login: Mapping[str, str] = field(default_factory=dict)
    cache: dict[object, object] = field(default_factory=dict)

    @classmethod
    def own(cls, services: Services) -> Self:
        """Return a context for the server's own work: nobody asks, no URL is answered."""
        return cls(services=services, db=services.database.connection(), base_url="", user=None)

    @property
    def now(self) -> float:
        """Seconds since the epoch, from the server's clock."""
        return self.services.clock()

    @property
    def steady(self) -> Steady:
        """The clock that leases go by; the system's may jump."""
        return self.services.database.steady

    @property
    def surely_now(self) -> float:
        """Seconds since the epoch, unless that is further ahead than the time that went by.

        What is dated, and deleted when its time is over, goes by this.
        """
        return min(self.now, self.steady.now())

    @property
    def viewer(self) -> User:
        """The user who asks.

        Raises:
            NotLoggedIn: the request carried no valid API key.
        """
        if self.user is None:
            raise NotLoggedIn("user is not logged in", fix="run `wandb login --relogin`")
        return self.user

    def url(self, path: str, **scope: str) -> str:
        """Return an absolute, self-authorising URL of this server, good for what the viewer may.

        Uploads and downloads carry no authorization header (wandb-core sends PUT and GET bare), so
        that the token says whose request it was made for: when it is used, they must still be here
        and may still do it.

        Args:
            path: absolute path, already quoted.
            scope: what the URL allows, checked by the endpoint: `allows="put"`, `blob=...`.
        """
        whose = {"user": str(self.viewer.id), **self.login}
        return f"{self.base_url}{path}?token={self.services.signer.sign({**scope, **whose})}"
