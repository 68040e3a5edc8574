"""One process that has imported what builders need, and forks one for each request.

A builder's imports take 1.9 s of CPU, and a promotion has five builders. Only our own code runs
there, and each builder is a process of its own all the same: it may crash, or be killed.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

AVAILABLE = sys.platform == "linux"
"""Elsewhere, what numpy and OpenMP have loaded does not always survive a fork."""


@dataclass(slots=True, eq=False)
class Forked:
    """A builder at work.

    Attributes:
        connection: what it says on stderr comes here; it ends when the builder does.
        pid: of the builder, which leads a process group; 0 until it has begun.
    """

    connection: socket.socket
    pid: int = 0

    def wait(self, seconds: float) -> str:
        """Return what it said on stderr, once it has ended.

        Raises:
            TimeoutError: it goes on for longer than this.
        """
        said, deadline = bytearray(), time.monotonic() + seconds
        while True:
            self.connection.settimeout(max(deadline - time.monotonic(), 1e-3))
            chunk = self.connection.recv(65536)
            if not chunk:
                break
            said += chunk
            if not self.pid and b"\n" in said:
                self.pid = int(said[: said.index(b"\n")])
        return bytes(said).partition(b"\n")[2].decode(errors="replace")

    def end(self) -> None:
        """Kill it, and all that it started."""
        if self.pid:
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class Nursery:
    """Forks builders; ends when this process does, or lets it go."""

    def __init__(self, module: str, env: Mapping[str, str]) -> None:
        """Start it, without waiting for its imports.

        Args:
            module: has a command `serve`, which calls `serve` below.
            env: of all builders.
        """
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, "serve", str(theirs.fileno())],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C reaches the parent, which ends it
            )

    def fork(self, arguments: Sequence[str]) -> Forked:
        """Begin a builder.

        Raises:
            OSError: the nursery died.
        """
        mine, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(
                self._control, [json.dumps(list(arguments)).encode()], [theirs.fileno()]
            )
        return Forked(mine)

    def close(self) -> None:
        """Let it go; builders at work are not touched."""
        self._control.close()
        try:
            self._process.wait(timeout=0.2)  # it ends by itself, unless it still imports
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _reap(*_: object) -> None:
    """Wait for builders that have ended; ignored, their CPU time would be nobody's."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def serve(control: socket.socket) -> list[str]:
    """Fork for each request until nobody can send one; return only in builders, their arguments.

    Args:
        control: of a `Nursery`.
    """
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 65536, 1)
        if not message:
            os._exit(0)
        connection = socket.socket(fileno=descriptors[0])
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            connection.sendall(f"{os.getpid()}\n".encode())
            os.dup2(connection.fileno(), 2)
            connection.close()
            arguments: list[str] = json.loads(message)
            return arguments
        connection.close()
