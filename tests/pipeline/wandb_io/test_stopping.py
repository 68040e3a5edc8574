"""Work that an interrupt must not leave half done, interrupted here."""

import _thread
import contextvars
import threading
import time

import pytest

from housing_sweep.pipeline.wandb_io.stopping import StopAsked, heard_soon, undisturbed


def test_an_interrupt_is_passed_over_until_the_work_is_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = []

    def work() -> None:
        _thread.interrupt_main()
        time.sleep(0.3)
        done.append("saved")

    undisturbed(work)
    assert done == ["saved"]
    assert "interrupt again to give that up" in capsys.readouterr().err


def test_a_second_interrupt_is_of_a_person_who_insists() -> None:
    leave = threading.Event()

    def work() -> None:
        for _ in range(2):
            _thread.interrupt_main()
            time.sleep(0.3)
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
