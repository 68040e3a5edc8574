"""What an agent is told: a pure function of the sweep and the agent, asked at every heartbeat.

A trial is reserved before it is told, so this module speaks of numbers, not of points:
`RunTrial(None)` asks for the next number, `RunTrial(name)` offers a waiting trial. The rules:

- a paused sweep says nothing; a cancelled one tells every agent to exit at once, which kills its
  trials (the SDK's agent does that); a finished one lets running trials end first;
- waiting trials go before new ones, so that a lost trial is not left for the end;
- no new trial beyond the run cap, the last point, or once the target is reached;
- an idle agent of an exhausted sweep waits while a trial may come back to the queue: handed out
  and not started, being preempted, or to be retried should it fail;
- a trial asked to stop is told on its own stream first, and through its agent only when it lives
  on, because the agent's way (SIGTERM) loses the lines not yet sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

STOP_PATIENCE_SECONDS = 20.0
"""The SDK asks its stream every 15 s whether it should stop."""

OPEN_STATES = frozenset({"PENDING", "RUNNING"})
"""States in which a sweep hands out trials and may end by itself."""


@dataclass(frozen=True, slots=True)
class SweepView:
    """A sweep, as far as a decision needs it; nothing here grows with the number of trials.

    Attributes:
        state: PENDING, RUNNING, PAUSED, FINISHED or CANCELED.
        reserved: trials made so far.
        cap: trials there may be (`run_cap`), or None.
        points_left: there is a point nobody tried, as far as is known.
        makes_points: the server chooses points itself; False when a scheduler or a controller does.
        target_reached: some trial is as good as `metric.target` asks.
        waiting: the trial in the queue to offer first, if any.
        may_return: trials that may come back to the queue.
    """

    state: str
    reserved: int
    cap: int | None = None
    points_left: bool = True
    makes_points: bool = True
    target_reached: bool = False
    waiting: str | None = None
    may_return: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether no new trial will ever be made."""
        full = self.cap is not None and self.reserved >= self.cap
        return full or self.target_reached or not self.points_left


@dataclass(frozen=True, slots=True)
class AgentView:
    """What one agent holds.

    Attributes:
        running: names of the trials it says are alive.
        capacity: trials it may run at once.
        stop_asked: (trial, seconds since its stop was asked) of those alive.
    """

    running: frozenset[str]
    capacity: int = 1
    stop_asked: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True, slots=True)
class RunTrial:
    """Run a waiting trial, or (None) the next new one."""

    trial: str | None


@dataclass(frozen=True, slots=True)
class StopTrial:
    """End a trial by force."""

    trial: str


@dataclass(frozen=True, slots=True)
class ExitAgent:
    """Leave."""


Command = RunTrial | StopTrial | ExitAgent


def decide(sweep: SweepView, agent: AgentView) -> Command | None:
    """Return the next command for one agent, or None: wait and ask again."""
    for trial, seconds in agent.stop_asked:
        if trial in agent.running and seconds >= STOP_PATIENCE_SECONDS:
            return StopTrial(trial)
    if sweep.state == "CANCELED":
        return ExitAgent()
    if sweep.state == "FINISHED":
        return None if agent.running else ExitAgent()
    if sweep.state not in OPEN_STATES:
        return None
    if len(agent.running) < agent.capacity and not sweep.target_reached:
        if sweep.waiting is not None:
            return RunTrial(sweep.waiting)
        if sweep.makes_points and not sweep.exhausted:
            return RunTrial(None)
    idle = not agent.running and sweep.exhausted
    return ExitAgent() if idle and (sweep.target_reached or not sweep.may_return) else None


def is_over(sweep: SweepView, alive: int) -> bool:
    """Return whether a sweep has ended by itself: nothing new to come, nothing alive.

    Args:
        sweep: the sweep.
        alive: its trials that are in the queue or running.
    """
    return sweep.state in OPEN_STATES and sweep.exhausted and alive == 0
