"""A fork behind a command is what a cold process would be: streams, exit, signals, environment."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.local_server import PATIENCE, SDK_PYTHON, WARM, child_env, warm
from tests.support.warm.commands import fork_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get(WARM), reason=f"{WARM} is empty: every command is cold"),
]


def run(
    python: str, *arguments: str, folder: Path, **env: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder, with something to read."""
    return subprocess.run(
        [python, *arguments],
        env=child_env(folder, **env),
        cwd=folder,
        input="said\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def ends_the_same(arguments: Sequence[str], folder: Path) -> None:
    """Run it cold and warm, and compare what is left of both: all but where an error was raised."""
    cold = run(SDK_PYTHON, *arguments, folder=folder)
    done = run(warm(SDK_PYTHON), *arguments, folder=folder)
    assert (done.returncode, done.stdout) == (cold.returncode, cold.stdout), done.stderr
    assert done.stderr.splitlines()[-1:] == cold.stderr.splitlines()[-1:]


@pytest.mark.parametrize(
    "code",
    [
        "import sys; print(sys.argv, sys.path[0], sys.stdin.read()); sys.exit(7)",
        "import __main__, os; print(os.getcwd(), os.environ['HOME'], __main__.__spec__, __name__)",
        "import __main__; print(hasattr(__main__, '__file__'))",
        "raise SystemExit",
        "raise SystemExit('told at the end')",
        "raise SystemExit(259)",
        "1 / 0",
        "import os, signal; os.kill(os.getpid(), signal.SIGINT); input()",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM); input()",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL); input()",
        "import atexit; atexit.register(print, 'last'); print('first')",
        "import threading as t, time; t.Thread(target=lambda: print(time.sleep(0.1))).start()",
        "import sys; sys.stdout.close()",
        "import os; print('lost'); os._exit(3)",
        "import signal; print([signal.getsignal(n) for n in (2, 15, 17, 28)])",
        "import os; print(sorted(os.listdir('/proc/self/fd')), os.getpgrp() in (0, 1))",
        "import threading; print(threading.active_count(), threading.current_thread().name)",
    ],
)
def test_code_ends_as_it_would(code: str, tmp_path: Path) -> None:
    ends_the_same(["-c", code, "one", "--two"], tmp_path)


def test_modules_scripts_and_flags_run_as_they_would(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import sys, __main__\nprint(sys.argv, sys.path[0], __name__, __main__.__file__)\n"
        "sys.exit(__main__.__spec__ and 3)"
    )
    ends_the_same(["program.py", "--lr=1"], tmp_path)
    ends_the_same(["-m", "program", "--lr=1"], tmp_path)
    ends_the_same(["-P", "-m", "json.tool"], tmp_path)
    ends_the_same(["-P", "-c", "import sys; print(sys.path, sys.argv)", "one"], tmp_path)
    ends_the_same(["-X", "utf8", "-c", "import sys; print(sys.flags.utf8_mode)"], tmp_path)
    ends_the_same(["nothing.py"], tmp_path)


IMPORTED = "import sys; print('sklearn' in sys.modules)"


def test_what_a_fork_could_not_change_is_started_cold(tmp_path: Path) -> None:
    assert run(warm(SDK_PYTHON), "-c", IMPORTED, folder=tmp_path).stdout == "True\n"
    cold = run(warm(SDK_PYTHON), "-c", IMPORTED, folder=tmp_path, PYTHONHASHSEED="1")
    assert (cold.stdout, cold.stderr) == ("False\n", "")


def test_a_module_that_lies_in_the_folder_has_its_chance_against_dash_p(tmp_path: Path) -> None:
    safe = run(warm(SDK_PYTHON), "-P", "-c", IMPORTED, folder=tmp_path, PYTHONWARNINGS="ignore")
    assert (safe.stdout, safe.stderr) == ("True\n", "")
    (tmp_path / "sklearn.py").touch()
    assert run(warm(SDK_PYTHON), "-P", "-c", IMPORTED, folder=tmp_path).stdout == "False\n"


def test_what_a_fork_starts_is_no_colder_and_what_needs_more_than_three_streams_is(
    tmp_path: Path,
) -> None:
    code = f"""
import os, subprocess, sys
ends = os.pipe()
for more in ((), ends):
    command = [sys.executable, "-c", {IMPORTED!r}]
    print(subprocess.run(command, capture_output=True, text=True, pass_fds=more).stdout.strip())
"""
    assert run(warm(SDK_PYTHON), "-c", code, folder=tmp_path).stdout == "True\nFalse\n"


def test_forks_do_not_draw_the_same_numbers(tmp_path: Path) -> None:
    code = "import random, secrets, numpy; print(random.random(), numpy.random.rand())"
    drawn = [run(warm(SDK_PYTHON), "-c", code, folder=tmp_path).stdout.split() for _ in range(3)]
    assert len({number for numbers in drawn for number in numbers}) == 6


@pytest.mark.parametrize("name", ["wandb", "housing-sweep"])
def test_an_installed_command_starts_cold_as_it_does_warm(name: str, tmp_path: Path) -> None:
    installed = Path(sys.executable).parent / name
    cold = run(str(installed), "--help", folder=tmp_path)
    done = run(str(Path(warm(SDK_PYTHON)).parent / name), "--help", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, cold.stdout)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_the_command_is_one_to_the_fork(tmp_path: Path, how: signal.Signals) -> None:
    code = "import time; print('here', flush=True); time.sleep(600)"
    command = [warm(SDK_PYTHON), "-c", code]
    with subprocess.Popen(
        command, env=child_env(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        (fork,) = fork_of(os.environ[WARM], process.pid)
        process.send_signal(how)
        assert process.wait(PATIENCE) == -how
        assert process.stdout.read() == b""  # until the fork has let go of it: it has ended
    assert not Path(f"/proc/{fork}/cwd").exists()
