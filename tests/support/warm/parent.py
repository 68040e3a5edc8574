"""The process that imports everything once and forks for each command. Run as a script.

It has one thread and starts no process but its forks. A fork leaves `serve` with a job and runs it
at the top of this file, so that it ends as Python ends: uncaught errors, threads, exit handlers.
Only what comes after those is left out, the taking down of every module: 0.12 s of CPU a fork.
"""

import array
import atexit
import contextlib
import gc
import importlib
import marshal
import os
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import types
import warnings
import weakref
from pathlib import Path
from typing import NamedTuple

IMPORTED = (
    *("wandb", "wandb.apis.public", "wandb.wandb_agent", "pandas", "yaml", "PIL.Image"),
    *("sklearn.ensemble", "sklearn.inspection", "sklearn.linear_model", "sklearn.neighbors"),
    *("scipy.stats", "joblib", "uvicorn.loops.auto", "uvicorn.protocols.http.auto"),
    *("uvicorn.lifespan.on", "housing_sweep.server.serve", "housing_sweep.pipeline.trial"),
)
"""Never `wandb.cli`: it opens its log where the environment says at that moment."""


class Job(NamedTuple):
    """What a fork runs: arguments after `python`, and how it was started."""

    arguments: list[str]
    env: dict[str, str]
    folder: str
    ignores_interrupts: bool
    python: str


def import_all() -> None:
    """Import what commands need, as far as it is installed beside this Python."""
    from housing_sweep.cli.main import COMMANDS

    commands = [f"housing_sweep.cli.{module}" for module, _ in COMMANDS.values()]
    for name in (*IMPORTED, *commands):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    tasks = len(list(Path("/proc/self/task").iterdir()))
    assert tasks == 1, f"an import started {tasks - 1} threads: a fork would not have them"
    _folders_made()
    gc.collect()
    gc.freeze()


class Parent:
    """Answers commands on a socket until `lifeline` closes.

    Attributes:
        commands: by process number of a fork, the connection of its command.
    """

    def __init__(self, listener: socket.socket, lifeline: int, table: Path) -> None:
        self.commands: dict[int, socket.socket] = {}
        self._listener, self._lifeline, self._table = listener, lifeline, table
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        self._is_warm = False

    def serve(self) -> Job:
        """Fork for each command. Returns only in a fork."""
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for waited_for in (self._listener, self._lifeline, self._wake_read):
            self._selector.register(waited_for, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    job = self._fork()
                    if job is not None:
                        return job
                elif key.fileobj is self._wake_read:
                    self._bury()
                elif key.fileobj == self._lifeline:
                    self._end()
                else:
                    self._forward(key.data)

    def _fork(self) -> Job | None:
        """Fork for the command that calls; return its job in the fork, None here."""
        connection, _ = self._listener.accept()
        job, streams = _receive(connection)
        if job is None:
            connection.close()
            return None
        if not self._is_warm:
            import_all()
            self._is_warm = True
        child = os.fork()
        if child == 0:
            self._leave()
            connection.close()
            _become(job, streams)
            return job
        with contextlib.suppress(OSError):  # whoever of the two comes first
            os.setpgid(child, child)
        for stream in streams:
            os.close(stream)
        self.commands[child] = connection
        (self._table / str(_process_of(connection))).write_text(str(child))
        self._selector.register(connection, selectors.EVENT_READ, child)
        return None

    def _leave(self) -> None:
        """In a fork: let go of everything that is the parent's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for end in (self._listener, self._wake_read, self._wake_write, *self.commands.values()):
            end.close()
        os.close(self._lifeline)

    def _end(self) -> None:
        """End with the tests: what they left running ends too."""
        for child in self.commands:
            with contextlib.suppress(OSError):
                os.killpg(child, signal.SIGKILL)
        sys.exit(0)

    def _forward(self, child: int) -> None:
        """Send a fork the signals that its command got; a command that is gone was killed."""
        connection = self.commands.get(child)
        if connection is None:  # it ended a moment ago
            return
        try:
            numbers = connection.recv(64)
        except ConnectionError:
            numbers = b""
        for number in numbers:
            os.kill(child, number)
        if not numbers:
            os.killpg(child, signal.SIGKILL)
            self._selector.unregister(connection)

    def _bury(self) -> None:
        """Tell the commands of forks that ended how they ended."""
        with contextlib.suppress(BlockingIOError):
            self._wake_read.recv(4096)
        while self.commands:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            connection = self.commands.pop(child)
            (self._table / str(_process_of(connection))).unlink(missing_ok=True)
            with contextlib.suppress(KeyError):
                self._selector.unregister(connection)
            with contextlib.suppress(OSError):
                code = os.waitstatus_to_exitcode(status)
                connection.sendall(code.to_bytes(4, "big", signed=True))
            connection.close()


def _process_of(connection: socket.socket) -> int:
    """Return the number of the process at the other end."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 3 * 4)
    return array.array("i", credentials)[0]


def _receive(connection: socket.socket) -> tuple[Job | None, list[int]]:
    """Return what a command asks for and its three streams; no job when it is gone already."""
    header, extra, *_ = connection.recvmsg(8, socket.CMSG_SPACE(3 * 4))
    streams = array.array("i")
    for _, _, data in extra:
        streams.frombytes(data)
    size, parts = int.from_bytes(header, "big"), bytearray()
    while len(parts) < size and (part := connection.recv(size - len(parts))):
        parts += part
    if not header or len(parts) < size:
        for stream in streams:
            os.close(stream)
        return None, []
    return Job(*marshal.loads(parts)), list(streams)


def _become(job: Job, streams: list[int]) -> None:
    """In a fork: take the streams, signals, environment and folder of the command."""
    os.setpgid(0, 0)  # who kills its own group does not mean the tests
    for own, stream in enumerate(streams):
        os.dup2(stream, own)
        os.close(stream)
    stop = signal.SIG_IGN if job.ignores_interrupts else signal.default_int_handler
    signal.signal(signal.SIGINT, stop)
    os.environ.clear()
    os.environ.update(job.env)
    os.chdir(job.folder)
    sys.executable = job.python
    if job.env.get("PYTHONWARNINGS") == "ignore":
        warnings.simplefilter("ignore")
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    for made in _folders_made():
        fresh = tempfile.TemporaryDirectory("-of-a-fork")
        made._finalizer.detach()  # type: ignore[attr-defined]
        made.name, made.__dict__["fresh"] = fresh.name, fresh


def _folders_made() -> list[tempfile.TemporaryDirectory[str]]:
    """Return the folders that imports made for this process, which go when a process ends."""
    ends: list[weakref.finalize[..., object]] = list(weakref.finalize._registry)  # type: ignore[attr-defined]
    folders = [made for end in ends for made in (end.peek() or ())[:1]]
    made = [folder for folder in folders if isinstance(folder, tempfile.TemporaryDirectory)]
    assert len(made) == len(ends), ends
    return made


def run(job: Job) -> None:
    """Run what the arguments say as Python does: `-c CODE`, `-m MODULE` or a script, after `-P`."""
    is_safe = job.arguments[0] == "-P"
    kind, *rest = job.arguments[1:] if is_safe else job.arguments
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    main.__dict__["__builtins__"] = __builtins__
    first = {"-c": "", "-m": job.folder}.get(kind, str(Path(kind).resolve().parent))
    sys.path[:1] = [] if is_safe else [first]
    if kind == "-c":
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), main.__dict__)
    elif kind == "-m":
        sys.argv = ["-m", *rest[1:]]
        sys.modules.pop(rest[0], None)
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [kind, *rest]
        main.__file__ = str(Path(kind).absolute())
        exec(compile(Path(kind).read_bytes(), kind, "exec"), main.__dict__)


class End:
    """The exit handler that runs last, because it was registered first: ends a fork at once.

    Attributes:
        code: exit code; negative is a signal.
    """

    code = 0

    def __call__(self) -> None:
        """Flush what was printed and exit."""
        try:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None and not stream.closed:
                    stream.flush()
        except OSError:
            self.code = self.code or 120  # as Python does
        if self.code < 0:
            signal.signal(-self.code, signal.SIG_DFL)
            os.kill(os.getpid(), -self.code)
        os._exit(self.code)


def exit_code(error: BaseException) -> int:
    """Return what Python exits with after an error that nobody caught."""
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code & 0xFF if isinstance(error.code, int) else 1
    return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


if __name__ == "__main__":
    end = End()
    atexit.register(end)
    inherited = socket.socket(fileno=int(sys.argv[1]))
    inherited.set_inheritable(False)
    job = Parent(inherited, lifeline=os.dup(0), table=Path(sys.argv[2])).serve()
    try:
        run(job)
    except BaseException as error:
        end.code = exit_code(error)
        raise
