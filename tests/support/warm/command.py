"""The command itself, run by `python -IS`: only what is built in, it starts hundreds of times.

Asks the parent for a fork and lives as long: signals go to the fork, its end is the command's end,
and the command's end by SIGKILL is the fork's.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import array
import marshal
import os
import sys

READ_AT_IMPORT = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "OMP_", "OPENBLAS_", "MKL_", "MALLOC_")
"""Variables that a process which already began and imported would not look at again."""
FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
ANSWER = 4
"""Bytes of the parent's answer: the exit code, negative for a signal."""


def read_at_import(env: "dict[str, str] | os._Environ[str]") -> dict[str, str]:
    """Return the part of an environment that a fork cannot change."""
    kept = {name: value for name, value in env.items() if name.startswith(READ_AT_IMPORT)}
    if kept.get("PYTHONWARNINGS") == "ignore":  # which a fork can do
        del kept["PYTHONWARNINGS"]
    return kept


def can_fork(arguments: list[str]) -> bool:
    """Tell whether a fork does what Python would do with these arguments, here and now."""
    if arguments[:1] == ["-P"]:
        # Whatever shadows a library in this folder must have its chance against `-P`.
        modules = [name for name in os.listdir() if name.endswith(".py")]  # noqa: PTH208
        return can_fork(arguments[1:]) and not modules
    if not arguments or not (arguments[0] in {"-c", "-m"} or os.path.isfile(arguments[0])):  # noqa: PTH113
        return False
    others = [int(name) for name in os.listdir("/proc/self/fd") if int(name) > 2]  # noqa: PTH208
    return not any(os.get_inheritable(fd) for fd in others if os.path.exists(f"/proc/self/fd/{fd}"))  # noqa: PTH110


def main(python: str, program: str, address: str, base: dict[str, str]) -> None:
    """Run a command in a fork.

    Args:
        python: the interpreter that is imitated.
        program: path of the command's own script; empty for the interpreter.
        address: where the parent listens.
        base: `read_at_import` of the parent.
    """
    arguments = [program, *sys.argv[1:]] if program else sys.argv[1:]
    if read_at_import(os.environ) != base or not can_fork(arguments):
        os.execv(python, [python, *arguments])
    ignored = _signal.getsignal(_signal.SIGINT) == _signal.SIG_IGN
    line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    line.connect(address)
    own = address.removesuffix("parent") + "python"  # what it starts itself is no colder
    job = marshal.dumps((arguments, dict(os.environ), os.getcwd(), ignored, own))  # noqa: PTH109
    streams = array.array("i", (0, 1, 2)).tobytes()
    line.sendmsg([len(job).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    line.sendall(job)
    for name in FORWARDED:
        number = getattr(_signal, name)
        if not (number == _signal.SIGINT and ignored):
            _signal.signal(number, lambda number, _frame: line.sendall(bytes([number])))
    answer = line.recv(ANSWER)
    if len(answer) < ANSWER:
        os.write(2, b"the warm parent of the tests is gone\n")
        os._exit(70)
    code = int.from_bytes(answer, "big", signed=True)
    if code < 0:
        _signal.signal(-code, _signal.SIG_DFL) if -code not in {9, 19} else None
        os.kill(os.getpid(), -code)
    os._exit(code)
