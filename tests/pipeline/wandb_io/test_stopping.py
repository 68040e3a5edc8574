"""Work that an interrupt must not leave half done, interrupted here."""

import contextvars
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from housing_sweep.pipeline.wandb_io import stopping
from housing_sweep.pipeline.wandb_io.stopping import StopAsked, heard_soon, undisturbed

Interrupt = Callable[[], None]


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    """Send the main thread a SIGINT, from another one, and return when it was heard there."""
    heard, main = threading.Event(), threading.main_thread().ident
    assert main is not None

    def handle(*_: object) -> None:
        heard.set()
        raise KeyboardInterrupt

    def send() -> None:
        heard.clear()
        signal.pthread_kill(main, signal.SIGINT)
        assert heard.wait(10)

    before = signal.signal(signal.SIGINT, handle)
    yield send
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_is_passed_over_until_the_work_is_done(
    interrupt: Interrupt, capsys: pytest.CaptureFixture[str]
) -> None:
    done = []

    def work() -> None:
        interrupt()
        done.append("saved")

    for _ in range(50):  # some come while the work's thread has hardly begun
        undisturbed(work)
    assert done == ["saved"] * 50
    assert "interrupt again to give that up" in capsys.readouterr().err


def test_a_second_interrupt_is_of_a_person_who_insists(interrupt: Interrupt) -> None:
    leave = threading.Event()

    def work() -> None:
        interrupt()
        interrupt()
        leave.wait(10)

    with pytest.raises(KeyboardInterrupt):
        undisturbed(work)
    leave.set()


def test_what_the_work_raises_is_raised_where_it_is_waited_for() -> None:
    def work() -> None:
        raise ValueError("the disk is full")

    with pytest.raises(ValueError, match="the disk is full"):
        undisturbed(work)


def test_the_work_sees_the_context_of_its_caller() -> None:
    word = contextvars.ContextVar("word", default="nothing")
    word.set("mine")
    seen: list[str] = []
    undisturbed(lambda: seen.append(word.get()))
    assert seen == ["mine"]


def test_ctrl_c_is_no_stop_of_the_backend() -> None:
    """A run without the SDK's interface is one of an SDK that has no checker: nothing is asked."""
    with pytest.raises(KeyboardInterrupt) as caught, heard_soon(object()):
        raise KeyboardInterrupt
    assert not isinstance(caught.value, StopAsked)


def test_where_no_thread_can_be_had_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(stopping, "BEGIN_SECONDS", 0.01)
    with pytest.raises(RuntimeError, match="can't start"):
        undisturbed(lambda: None)
