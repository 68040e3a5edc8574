"""`serve(config)`: bind, announce, run until asked to stop."""

import json
import logging
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from housing_sweep.errors import BadInput, Damaged, NotFound
from housing_sweep.server.app import make_app, make_server
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.data_folder import failures_in_words
from housing_sweep.server.services.lock import exclusive
from housing_sweep.server.services.runtime import Server

Announce = Callable[[str, str | None], None]
"""Called with (url, api_key); the key at a folder's first start only: it is shown once."""


def serve(config: ServerConfig, announce: Announce) -> None:
    """Run a server until SIGINT or SIGTERM.

    Args:
        config: where and how.
        announce: called once the address is bound.

    Raises:
        BadInput: the port is taken, the address is not ours, or the data folder is newer.
        Conflict: another server runs on the data folder.
        Unavailable: the disk is full, or another process holds the database.
    """
    listener = bind(config.host, config.port)
    with failures_in_words(config.data_dir):
        _serve(config, listener, announce)


SWITCH_SECONDS = 0.0005
"""How long a thread computes while others wait for Python. A heartbeat comes back from SQLite some
twenty times, and each time waits this long behind every query that computes: with Python's 0.005,
0.4 s beside four of them."""


def _serve(config: ServerConfig, listener: socket.socket, announce: Announce) -> None:
    with listener, exclusive(config.data_dir):
        sys.setswitchinterval(SWITCH_SECONDS)
        server = make_server(config)
        url = f"http://{_spell(config.host)}:{listener.getsockname()[1]}"
        connection = read_client_env(config)
        _write_private(config.client_env, {**connection, "url": url})
        announce(url, None if "url" in connection else connection["api_key"])
        _Uvicorn(
            server,
            uvicorn.Config(
                make_app(server),
                log_level=logging.WARNING,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
                timeout_keep_alive=75,  # agents poll every 5 s, file streams every 15 s
                h11_max_incomplete_event_size=2**20,  # signed URLs and long file names
            ),
        ).run(sockets=[listener])


class _Uvicorn(uvicorn.Server):
    """Ends the streams to open pages first: it waits for every request to end by itself."""

    def __init__(self, server: Server, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._feed = server.services.live_feed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down, as after SIGTERM."""
        self._feed.close()
        await super().shutdown(sockets)


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket, before anything else is touched.

    Raises:
        BadInput: the port is taken, or the host is not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol must be named: asyncio switches Nagle's delay off only where it says TCP, and
    # with it on, every answer waited 40 ms for the client's acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise BadInput(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            fix="choose another --port (0 takes a free one), or stop what runs there",
        ) from None
    listener.set_inheritable(True)
    return listener


def read_client_env(config: ServerConfig) -> dict[str, str]:
    """Return what `housing-sweep env` prints: url, api_key and user of this data folder.

    Raises:
        BadInput: the file cannot be read by this user.
        NotFound: no server was ever started on this folder.
        Damaged: the file is not what a server wrote.
    """
    try:
        client_env = json.loads(config.client_env.read_text())
        client_env["api_key"], client_env["user"]
    except (ValueError, KeyError, TypeError):
        raise Damaged(
            f"{config.client_env} is damaged: it holds no key",
            fix="delete it: the next start of the server makes a new key for you",
        ) from None
    except FileNotFoundError:
        raise NotFound(
            f"no server was started on {config.data_dir} yet",
            fix="run `housing-sweep server` first, or name its folder with --data-dir",
        ) from None
    except OSError as error:
        raise BadInput(
            f"cannot read {config.client_env}: {error.strerror}",
            fix="run this as the user who runs the server, or set WANDB_API_KEY yourself",
        ) from None
    return {str(name): str(value) for name, value in client_env.items()}


def _write_private(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file)
    temporary.replace(path)


def _spell(host: str) -> str:
    address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    return f"[{address}]" if ":" in address and not address.startswith("[") else address
