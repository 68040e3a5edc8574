"""Hear soon that a trial shall stop.

A stop comes with the backend's answer to a piece of history, at once; but the SDK asks wandb-core
only every 15 s whether it came, and many of our trials are over by then. So core is asked more
often while a trial fits: by the SDK's own checker, over a local socket, not over the network.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

ASK_SECONDS = 0.2


@contextlib.contextmanager
def heard_soon(run: Any) -> Iterator[None]:
    """Interrupt the main thread within the block, as the SDK would, soon after a stop was asked.

    Where an SDK has no such checker (it is not public), its own slower one is left alone.
    Source: wandb/sdk/lib/run_stopping.py, the same from 0.28.2 to 0.31.0.
    """
    try:
        from wandb.sdk import wandb_setup
        from wandb.sdk.lib import interrupt, run_stopping

        checker = run_stopping.RunStopChecker(
            wandb_setup.singleton().asyncer,
            run._interface,
            interrupt.interrupt_main,
            poll_interval=ASK_SECONDS,
        )
    except (ImportError, AttributeError, TypeError):
        yield
        return
    checker.start()
    try:
        yield
    finally:
        checker.stop_soon()
