"""What a request handler may ask for: one server's services, and one request's context."""

import time
from collections.abc import Callable
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
        cache: rows already read for this request, keyed by the reader; use it against N+1.
    """

    services: Services
    db: Connection
    base_url: str
    user: User | None
    writer: str | None = None
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
        """Return an absolute, self-authorising URL of this server.

        Uploads and downloads carry no authorization header (wandb-core sends PUT and GET bare).

        Args:
            path: absolute path, already quoted.
            scope: what the URL allows, checked by the endpoint: `allows="put"`, `blob=...`.
        """
        return f"{self.base_url}{path}?token={self.services.signer.sign(scope)}"
