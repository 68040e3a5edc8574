"""Conversations of released SDKs, said again to the server as it is now, without the SDK.

A new release is recorded by `scripts/record_wire VERSION`, and told from the one before by
`scripts/record_wire --diff OLD NEW`.
"""

import gzip
import json
from pathlib import Path

import pytest

from housing_sweep.server.app import make_server
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.store.people import keys, users
from tests.support.asgi import Asker
from tests.support.bare_http import basic
from tests.support.inprocess import START
from tests.wire import conversation
from tests.wire.conversation import Exchange, Names, differences

TIMED = ".data.project.sweep.state "
"""A sweep ends a moment after its last trial, in the background: here nobody waits for it."""


*OLDER, NEWEST = conversation.versions()


@pytest.mark.parametrize(
    "version", [*(pytest.param(version, marks=pytest.mark.slow) for version in OLDER), NEWEST]
)
def test_the_server_answers_as_it_did(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, wrong = Names(), []
    exchanges = conversation.read(version)
    assert len(exchanges) > 50
    name, key = conversation.user_of(exchanges), keys.new_api_key()
    monkeypatch.setenv("LOGNAME", name)  # a server's first user is named after who starts it
    server = make_server(ServerConfig(data_dir=tmp_path / "server"))
    db, asker = server.services.database.connection(), Asker(server)
    user = users.user_by_name(db, name)
    assert user is not None
    keys.add(db, user.id, key, description=None, now=START)
    for number, exchange in enumerate(exchanges):
        status, answer = _say(asker, exchange, names, key)
        where = f"{number}: {exchange.method} {exchange.path[:60]}"
        if status != exchange.status:
            wrong.append(f"{where}: {status}, not {exchange.status}: {answer[:200]!r}")
            continue
        old, new = _json(exchange.answer), _json(answer)
        names.learn(old, new)
        wrong += [
            f"{where}: {line}" for line in differences(old, new) if not line.startswith(TIMED)
        ]
    server.close()
    assert not wrong, "\n".join(wrong)


def _say(asker: Asker, exchange: Exchange, names: Names, key: str) -> tuple[int, bytes]:
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    headers["authorization"] = basic(key)
    body, packed = exchange.body, headers.get("content-encoding") == "gzip"
    text = (gzip.decompress(body) if packed else body).decode("utf-8", "surrogateescape")
    said = names.translate(text).encode("utf-8", "surrogateescape")
    if packed:
        said = gzip.compress(said)
    path = names.translate(exchange.path)
    answer = asker.request(exchange.method, path, said, **headers)
    return answer.status, answer.body


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None
