"""Builders that are forked: each a process of its own, whatever becomes of the others."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from housing_sweep.pipeline.judge import fresh_process
from housing_sweep.pipeline.judge.fresh_process import ChildFailed, Children
from housing_sweep.pipeline.nursery import AVAILABLE

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="builders are not forked on this system")

TINY = """
import json, os, socket, sys, time
arguments = sys.argv[1:]
if arguments[0] == "serve":
    from housing_sweep.pipeline.nursery import serve
    arguments = serve(socket.socket(fileno=int(arguments[1])))
command, question, answer = arguments
request = json.load(open(question))
if command == "answer":
    us = {"pid": os.getpid(), "parent": os.getppid(), "group": os.getpgid(0)}
    json.dump({**us, "key": os.environ.get("WANDB_API_KEY"), **request}, open(answer, "w"))
elif command == "refuse":
    sys.exit("a warning\\nerror: it was changed")
elif command == "raise":
    raise ValueError("not that")
elif command == "die":
    os.kill(os.getpid(), 11)
elif command == "hang":
    open(request["began"], "w").write(str(os.getpid()))
    time.sleep(600)
"""


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    """Children of a module that needs nothing but Python."""
    (tmp_path / "tiny_child.py").write_text(TINY)
    monkeypatch.setattr(fresh_process, "MODULE", "tiny_child")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    monkeypatch.setenv("WANDB_API_KEY", "a secret")
    children = Children()
    yield children
    children.kill()


def test_each_is_a_process_of_its_own_without_secrets(children: Children) -> None:
    one, two = (children.run("answer", {"n": n}) for n in (1, 2))
    assert (one["n"], two["n"]) == (1, 2)
    assert len({one["pid"], two["pid"], os.getpid()}) == 3
    assert one["parent"] == two["parent"] != os.getpid()
    assert one["group"] == one["pid"]
    assert one["key"] is None


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("refuse", "it was changed"),
        ("raise", "ValueError: not that"),
        ("die", "die ended without an answer"),
    ],
)
def test_one_that_fails_says_why_and_harms_no_other(
    children: Children, command: str, why: str
) -> None:
    with pytest.raises(ChildFailed) as caught:
        children.run(command, {})
    assert caught.value.what == why
    assert children.run("answer", {"n": 3})["n"] == 3


def test_one_that_hangs_is_ended(children: Children, tmp_path: Path) -> None:
    children.run("answer", {})  # what follows is not the time of a start
    began = tmp_path / "began"
    with pytest.raises(ChildFailed, match=r"hang took longer than 0\.5 s"):
        children.run("hang", {"began": str(began)}, limit_seconds=0.5)
    _wait_until_gone(int(began.read_text()))


def test_all_end_together_and_no_more_begin(children: Children, tmp_path: Path) -> None:
    began, caught = tmp_path / "began", []

    def hang() -> None:
        with pytest.raises(ChildFailed) as error:
            children.run("hang", {"began": str(began)})
        caught.append(error.value)

    thread = threading.Thread(target=hang)
    thread.start()
    while thread.is_alive() and not (began.exists() and began.read_text()):
        time.sleep(0.01)
    children.kill()
    thread.join()
    _wait_until_gone(int(began.read_text()))
    assert len(caught) == 1
    with pytest.raises(ChildFailed, match="given up"):
        children.run("answer", {})


def test_a_nursery_that_was_killed_is_a_clear_error(children: Children) -> None:
    parent = children.run("answer", {})["parent"]
    assert isinstance(parent, int)
    os.kill(parent, 9)
    with pytest.raises(ChildFailed, match=r"no process can be started|without an answer"):
        children.run("answer", {})


def _wait_until_gone(pid: int) -> None:
    while Path(f"/proc/{pid}").exists() and "State:\tZ" not in _status(pid):
        time.sleep(0.01)


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return "State:\tZ"
