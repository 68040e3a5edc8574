"""Keys that somebody may still see: those just made, and those that a browser logged in with.

In memory only, and never on disk, where the database keeps digests: a restart forgets them.
"""

import threading

from housing_sweep.server.store.people.sessions import SessionId
from housing_sweep.server.store.people.users import UserId


class FreshKeys:
    """Keys of service accounts, each waiting for the user who made it, and keys of sessions.

    The SDK makes an account with one request and reads its key with the next
    (`Team.create_service_account`). `wandb login` sends people to `/authorize`, which shows the key
    of the session.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[UserId, UserId], str] = {}
        self._of_sessions: dict[SessionId, str] = {}
        self._lock = threading.Lock()

    def put(self, maker: UserId, account: UserId, api_key: str) -> None:
        """Keep a key until its maker looks."""
        with self._lock:
            self._waiting[maker, account] = api_key

    def pop_once(self, viewer: UserId, account: UserId) -> str | None:
        """Return the key, once, to the user who made the account."""
        with self._lock:
            return self._waiting.pop((viewer, account), None)

    def keep(self, session: SessionId, api_key: str, alive: set[SessionId]) -> None:
        """Keep a session's key until it ends; drop those of sessions that are not `alive`."""
        with self._lock:
            self._of_sessions = {one: key for one, key in self._of_sessions.items() if one in alive}
            self._of_sessions[session] = api_key

    def of_session(self, session: SessionId) -> str | None:
        """Return the key to show in a session; None after a restart."""
        with self._lock:
            return self._of_sessions.get(session)

    def forget(self, session: SessionId) -> None:
        """Drop the key of a session that ends; twice is harmless."""
        with self._lock:
            self._of_sessions.pop(session, None)
