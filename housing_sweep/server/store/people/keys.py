"""Rows of API keys: digests only. A key is shown once, when it is made."""

import secrets
import sqlite3
from dataclasses import dataclass

from housing_sweep.errors import Conflict
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people.users import (
    PUBLIC_KEY_CHARS,
    USER_COLUMNS,
    User,
    UserId,
    key_digest,
    user_of,
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of a user; `name` is its first characters."""

    id: int
    user_id: UserId
    name: str
    description: str | None
    created_at: float


_NAMES = "id, user_id, public_id, description, created_at"
_KEY = "SELECT k.id, k.user_id, k.public_id, k.description, k.created_at FROM api_keys k"


def new_api_key() -> str:
    """Return a fresh key of 48 characters; the SDK accepts 40 and more."""
    return secrets.token_hex(24)


def add(
    db: sqlite3.Connection, user_id: UserId, api_key: str, *, description: str | None, now: float
) -> ApiKey:
    """Let a key stand for a user; only its digest is kept. Adding it again changes nothing.

    Raises:
        Conflict: the key is another user's.
    """
    digest = key_digest(api_key)
    with write(db):
        row = db.execute(f"{_KEY} WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            row = db.execute(
                "INSERT INTO api_keys (user_id, public_id, digest, description, created_at)"
                f" VALUES (?, ?, ?, ?, ?) RETURNING {_NAMES}",
                (user_id, _public_id(db, user_id, api_key), digest, description, now),
            ).fetchone()
    key = ApiKey(*row)
    if key.user_id != user_id:
        raise Conflict("this API key belongs to another user", fix="use another key")
    return key


def _public_id(db: sqlite3.Connection, user_id: UserId, api_key: str) -> str:
    """Return the start of a key, long enough to tell it from the user's others.

    The SDK deletes a key by the position of its name in the list, so names must differ.
    """
    taken = {key.name for key in of_user(db, user_id)}
    longest = len(api_key) // 2
    for length in range(PUBLIC_KEY_CHARS, longest):
        if api_key[:length] not in taken:
            return api_key[:length]
    return f"{api_key[:longest]}-{len(taken)}"


def of_user(db: sqlite3.Connection, user_id: UserId) -> list[ApiKey]:
    """Return a user's keys, oldest first."""
    return [ApiKey(*row) for row in db.execute(f"{_KEY} WHERE user_id = ? ORDER BY id", (user_id,))]


def find_by_id(db: sqlite3.Connection, key_id: int) -> ApiKey | None:
    """Return a key, whoever asks."""
    row = db.execute(f"{_KEY} WHERE id = ?", (key_id,)).fetchone()
    return None if row is None else ApiKey(*row)


def holder(db: sqlite3.Connection, api_key: str) -> tuple[User, int] | None:
    """Return whose key this is and the key's number; every request asks, in one look."""
    row = db.execute(
        f"SELECT {USER_COLUMNS}, k.id FROM users u JOIN api_keys k ON k.user_id = u.id"
        " WHERE k.digest = ?",
        (key_digest(api_key),),
    ).fetchone()
    return None if row is None else (user_of(tuple(row)[:-1]), int(row[-1]))


def delete(db: sqlite3.Connection, key_id: int) -> None:
    """Make a key worthless, from the next request on."""
    with write(db):
        db.execute("DELETE FROM api_keys WHERE id = ?", (key_id,))


def find(db: sqlite3.Connection, api_key: str) -> ApiKey | None:
    """Return the row of a key; none stands for nobody."""
    row = db.execute(f"{_KEY} WHERE digest = ?", (key_digest(api_key),)).fetchone()
    return None if row is None else ApiKey(*row)
