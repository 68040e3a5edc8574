"""What an empty data folder is given: an organisation, a user and a key."""

import getpass
import json
import re

from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.store.db import Database, write
from housing_sweep.server.store.people import keys, users

DEFAULT_ORGANIZATION = "local-org"


def first_start(database: Database, config: ServerConfig, now: float) -> None:
    """Give an empty database a default organisation, a user named after the OS user, and a key.

    The key is written to `config.client_env` (mode 0600) for `housing-sweep env`; the database
    keeps its digest only.
    """
    db = database.connection()
    with write(db):
        if db.execute("SELECT 1 FROM organizations WHERE is_default").fetchone() is None:
            users.create_organization(db, DEFAULT_ORGANIZATION, is_default=True, now=now)
        if config.client_env.exists():
            return
        name = _user_name()
        if users.user_by_name(db, name) is None and users.entity_by_name(db, name) is not None:
            name = f"{name}-owner"  # a team or an organisation was given that name before
        user = users.user_by_name(db, name) or users.create_user(
            db, name, email=None, is_admin=True, now=now
        )
        key = keys.new_api_key()
        keys.add(db, user.id, key, description="made at the first start", now=now)
        config.client_env.touch(mode=0o600)
        config.client_env.write_text(json.dumps({"user": name, "api_key": key}))


def _user_name() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # no such user in a bare container
        name = "local"
    return re.sub(r"[^A-Za-z0-9_-]", "-", name).lstrip("-_") or "local"
