"""Hear soon that a trial shall stop.

A stop comes with the backend's answer to a piece of history, at once; but the SDK asks wandb-core
only every 15 s whether it came, and many of our trials are over by then. So core is asked more
often while a trial fits: by the SDK's own checker, over a local socket, not over the network.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

ASK_SECONDS = 0.2


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
    asked = threading.Event()
    try:
        from wandb.sdk import wandb_setup
        from wandb.sdk.lib import interrupt, run_stopping

        def stop() -> None:
            asked.set()
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
        if asked.is_set():
            raise StopAsked from None
        raise
    finally:
        checker.stop_soon()
