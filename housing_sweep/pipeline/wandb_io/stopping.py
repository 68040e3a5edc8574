"""Hear soon that a trial shall stop, and not at all once it is done but for saving.

A stop comes with the backend's answer to a piece of history, at once; but the SDK asks wandb-core
only every 15 s whether it came, and many of our trials are over by then. So core is asked more
often while a trial fits: by the SDK's own checker, over a local socket, not over the network.
"""

import contextlib
import contextvars
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

ASK_SECONDS = 0.2
BEGIN_SECONDS = 5.0
"""A thread that has not begun by then never was: the interrupt came before it, or memory is out."""


class StopAsked(KeyboardInterrupt):
    """The backend asked the run to stop; nobody pressed Ctrl-C."""


@contextlib.contextmanager
def heard_soon(run: Any) -> Iterator[None]:
    """Interrupt the main thread within the block, as the SDK would, soon after a stop was asked.

    Where an SDK has no such checker (it is not public), its own slower one is left alone.
    Source: wandb/sdk/lib/run_stopping.py, the same from 0.28.2 to 0.31.0.

    Raises:
        StopAsked: in the main thread.
    """
    requested = threading.Event()
    try:
        from wandb.sdk import wandb_setup
        from wandb.sdk.lib import interrupt, run_stopping

        def stop() -> None:
            requested.set()
            interrupt.interrupt_main()  # type: ignore[no-untyped-call]

        checker = run_stopping.RunStopChecker(
            wandb_setup.singleton().asyncer, run._interface, stop, poll_interval=ASK_SECONDS
        )
    except (ImportError, AttributeError, TypeError):
        yield
        return
    checker.start()
    try:
        yield
    except KeyboardInterrupt:
        if requested.is_set():
            raise StopAsked from None
        raise
    finally:
        checker.stop_soon()


def undisturbed(work: Callable[[], None]) -> None:
    """Do work that an interrupt must not leave half done: in a thread, which gets none of them.

    A stop that comes after a trial's last iteration (agents send SIGTERM, the SDK SIGINT, its
    function agent an exception into the thread) would else leave a stopped trial with a model. So
    the first one is passed over; a second one, of a person who insists, ends the wait.

    Raises:
        KeyboardInterrupt: the second one; the work may still go on.
    """
    failed: list[BaseException] = []
    begun, done = threading.Event(), threading.Event()

    def carefully() -> None:
        begun.set()
        try:
            work()
        except BaseException as error:  # noqa: BLE001  raised again where it is waited for
            failed.append(error)
        finally:
            done.set()

    target = contextvars.copy_context().run
    worker = threading.Thread(target=target, args=(carefully,), name="undisturbed", daemon=True)
    try:
        worker.start()  # it waits for the thread to begin, and may be interrupted there
        _wait(done)
    except BaseException as error:  # any kind: the function agent's is an Exception
        if not begun.wait(BEGIN_SECONDS):  # there is no thread, and nothing half done
            raise
        if isinstance(error, KeyboardInterrupt):
            note = "done, saving what was made; interrupt again to give that up"
            print(note, file=sys.stderr)  # noqa: T201
        _wait(done)
    if failed:
        raise failed[0]


def _wait(done: threading.Event) -> None:
    # Not `Thread.join`: interrupted, it calls the thread ended (CPython 3.11). And in pieces: an
    # exception that another thread sets waits for the next bytecode.
    while not done.is_set():
        done.wait(0.1)
