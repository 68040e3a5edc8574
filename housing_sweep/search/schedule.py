"""What an agent is told: a pure function of the sweep, the agent and the clock.

A trial is reserved before it is told, so this module speaks of numbers, not of points: `Run(None)`
asks for the next number, `Run(name)` offers a waiting trial again. The rules:

- a paused sweep says nothing; a cancelled one tells every agent to exit at once, which kills its
  trials (the SDK's agent does that); a finished one lets running trials end first;
- waiting trials go before new ones, so that a lost trial is not left for the end;
- no new trial beyond the run cap, the grid's end, or once the target is reached;
- an idle agent of an exhausted sweep waits while a trial that was handed out has not started: it
  may have to be offered again;
- a trial asked to stop is told on its own stream first, and through its agent only when it lives
  on, because the agent's way (SIGTERM) loses the lines not yet sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

STOP_PATIENCE_SECONDS = 20.0
"""The SDK asks its stream every 15 s whether it should stop."""


@dataclass(frozen=True, slots=True)
class SweepView:
    """A sweep, as far as a decision needs it; nothing here grows with the number of trials.

    Attributes:
        state: PENDING, RUNNING, PAUSED, FINISHED or CANCELED.
        reserved: trials made so far.
        cap: trials there may be: run_cap, the grid's size, the smaller of both, or None.
        accepts_new: False for sweeps that a `wandb sweep-scheduler` feeds.
        target_reached: some trial is as good as `metric.target` asks.
        waiting: the pending trial to offer first, if any.
        unstarted: trials handed out that have not started yet.
    """

    state: str
    reserved: int
    cap: int | None
    accepts_new: bool = True
    target_reached: bool = False
    waiting: str | None = None
    unstarted: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether no new trial will ever be made."""
        full = self.cap is not None and self.reserved >= self.cap
        return full or self.target_reached


@dataclass(frozen=True, slots=True)
class AgentView:
    """What one agent holds.

    Attributes:
        running: names of the trials it says are alive.
        handed: trials it was told to run that are neither in `running` nor ended: just starting.
        capacity: trials it may run at once.
        stop_asked: (trial, seconds since its stop was asked) of those alive.
    """

    running: frozenset[str]
    handed: int = 0
    capacity: int = 1
    stop_asked: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Run a waiting trial, or (None) the next new one."""

    trial: str | None


@dataclass(frozen=True, slots=True)
class Stop:
    """End a trial by force."""

    trial: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave."""


Command = Run | Stop | Exit


def decide(sweep: SweepView, agent: AgentView) -> Command | None:
    """Return the next command for one agent, or None: wait and ask again."""
    for trial, seconds in agent.stop_asked:
        if trial in agent.running and seconds >= STOP_PATIENCE_SECONDS:
            return Stop(trial)
    if sweep.state == "CANCELED":
        return Exit()
    if sweep.state == "PAUSED":
        return None
    busy = len(agent.running) + agent.handed
    if sweep.state == "FINISHED":
        return None if busy else Exit()
    if busy < agent.capacity:
        if sweep.waiting is not None and not sweep.target_reached:
            return Run(sweep.waiting)
        if sweep.accepts_new and not sweep.exhausted:
            return Run(None)
    if busy or not sweep.exhausted:
        return None
    return None if sweep.unstarted and not sweep.target_reached else Exit()


def is_over(sweep: SweepView, alive: int) -> bool:
    """Return whether a sweep has ended by itself: nothing new to come, nothing alive.

    Args:
        sweep: the sweep.
        alive: its trials that are pending or running.
    """
    return sweep.state in ("PENDING", "RUNNING") and sweep.exhausted and alive == 0
