"""Keys just made, until their maker has seen them once; never on disk."""

import threading

from housing_sweep.server.store.people.users import UserId


class FreshKeys:
    """Keys of service accounts, each waiting for the user who made it.

    The SDK makes an account with one request and reads its key with the next
    (`Team.create_service_account`), while the database keeps digests only.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[UserId, UserId], str] = {}
        self._lock = threading.Lock()

    def put(self, maker: UserId, account: UserId, api_key: str) -> None:
        """Keep a key until its maker looks."""
        with self._lock:
            self._waiting[maker, account] = api_key

    def pop_once(self, viewer: UserId, account: UserId) -> str | None:
        """Return the key, once, to the user who made the account."""
        with self._lock:
            return self._waiting.pop((viewer, account), None)
