"""A fresh process: what it is given, and what is said when it fails."""

import sys
from pathlib import Path

import pytest

from housing_sweep.pipeline.judge import fresh_process
from housing_sweep.pipeline.judge.fresh_process import ChildFailed, run_in_fresh_process

CHILD = """
import json, os, sys
command, request, answer = sys.argv[1:]
request = json.load(open(request))
if command == "answer":
    names = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "OMP_NUM_THREADS", "OTHER")
    seen = {name: os.environ.get(name) for name in names}
    json.dump({"request": request, "env": seen}, open(answer, "w"))
elif command == "refuse":
    sys.exit("a warning\\nerror: it was changed")
elif command == "die":
    os._exit(9)
elif command == "hang":
    import time
    time.sleep(60)
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder with a child that needs nothing but Python, to start within milliseconds."""
    package = tmp_path / "housing_sweep" / "pipeline"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    (package / "child.py").write_text(CHILD)
    return tmp_path


def test_a_child_gets_the_request_and_no_secret(
    code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "OTHER"):
        monkeypatch.setenv(name, "told")
    answer = run_in_fresh_process("answer", {"csv": "x", "n": [1, None]}, code)
    assert answer["request"] == {"csv": "x", "n": [1, None]}
    assert answer["env"] == {
        "WANDB_API_KEY": None,
        "WANDB_IDENTITY_TOKEN_FILE": None,
        "OMP_NUM_THREADS": "1",
        "OTHER": "told",
    }


@pytest.mark.parametrize(("command", "why"), [("refuse", "it was changed"), ("die", "exit code 9")])
def test_a_child_that_fails_is_told_by_its_last_word(command: str, why: str, code: Path) -> None:
    with pytest.raises(ChildFailed) as caught:
        run_in_fresh_process(command, {}, code)
    assert caught.value.what == why


def test_a_child_that_hangs_is_ended(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh_process, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(ChildFailed, match=r"hang took longer than 0\.2 s"):
        run_in_fresh_process("hang", {}, code)


def test_the_child_runs_with_the_python_that_runs_now(code: Path) -> None:
    (code / "housing_sweep" / "pipeline" / "child.py").write_text(
        "import json, sys; json.dump({'python': sys.executable}, open(sys.argv[3], 'w'))"
    )
    assert run_in_fresh_process("x", {}, code) == {"python": sys.executable}
