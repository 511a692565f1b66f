"""The engine's loop body: every running job takes a step, and all of them share one call of the network.

GPFF takes no time input, so molecules at any step of any sampler may go through the network together, and
a molecule's result does not depend on its batch mates. `step()` is: admit → pick → propose → one call →
advance → publish. No transport and no clock: `studio.engine.process` runs it in a process of its own.
"""

import logging
from dataclasses import dataclass, field

import numpy as np

from gpff import samplers
from gpff.molecules import Bools, Floats, pointers
from gpff.plan import Plan
from gpff.samplers import ForceFn, State
from studio.engine.messages import (
    Cancel,
    Cancelled,
    Command,
    Crashed,
    Done,
    Event,
    Pause,
    Queued,
    Refused,
    Resume,
    Rewind,
    Snapshot,
    Start,
    Steer,
    Steered,
)
from studio.engine.scheduler import QueueFull, Scheduler, Ticket

log = logging.getLogger(__name__)

RETRY_AFTER_S = 1.0


@dataclass
class _Run:
    start: Start
    state: State | None = None  # None while it waits


@dataclass(eq=False)
class _Share:
    """One job's part of a network call: its proposal, and the forces that came back."""

    run: _Run
    state: State
    proposal: Floats
    forces: Floats = field(default_factory=lambda: np.zeros((0, 3)))


class Engine:
    """Runs jobs on `forces`. Commands change what the next step does; both answer with events."""

    def __init__(self, forces: ForceFn, scheduler: Scheduler) -> None:
        self._forces = forces
        self._scheduler = scheduler
        self._runs: dict[int, _Run] = {}

    @property
    def has_work(self) -> bool:
        """Whether `step` would do anything."""
        return self._scheduler.has_work

    def handle(self, command: Command) -> list[Event]:
        """Apply a command. One for a job that has ended meanwhile does nothing."""
        match command:
            case Start():
                return [self._start(command)]
            case Cancel(job):
                self._scheduler.remove(job)
                return [] if self._runs.pop(job, None) is None else [Cancelled(job)]
            case Pause(job):
                self._scheduler.pause(job)
            case Resume(job):
                self._scheduler.resume(job)
        return []

    def step(self) -> list[Event]:
        """One step of the jobs whose turn it is."""
        events = [event for job in self._scheduler.admit() for event in self._admit(job)]
        shares = [share for job in self._scheduler.pick() for share in self._propose(job, events)]
        if shares and self._evaluate(shares, events):
            for share in shares:
                events += self._advance(share)
        return events

    def _start(self, start: Start) -> Event:
        plan = start.plan
        try:
            cost = _cost(plan, np.ones(plan.n_molecules, dtype=bool))
            position = self._scheduler.submit(Ticket(start.job, start.client, cost))
        except QueueFull as full:
            return Refused(start.job, str(full), RETRY_AFTER_S)
        self._runs[start.job] = _Run(start)
        return Queued(start.job, position)

    def _admit(self, job: int) -> list[Event]:
        run = self._runs[job]
        try:
            run.state = run.start.state or samplers.init(run.start.plan)
        except Exception as error:
            return [self._crash(job, error)]
        return [Snapshot(job, run.state)]

    def _propose(self, job: int, events: list[Event]) -> list[_Share]:
        run = self._runs[job]
        assert run.state is not None, "a job in a batch has been admitted"
        plan, state = run.start.plan, run.state
        try:
            proposal = samplers.propose(plan, state)
        except Exception as error:
            events.append(self._crash(job, error))
            return []
        return [_Share(run, state, proposal)]

    def _evaluate(self, shares: list[_Share], events: list[Event]) -> bool:
        """One call of the network for all shares. When it raises, every one of them ends with the reason."""
        asked = [samplers.question(share.run.start.plan, share.state, share.proposal) for share in shares]
        numbers, positions, sizes = (np.concatenate(part) for part in zip(*asked, strict=True))
        ptr = pointers(sizes)
        try:
            forces = self._forces(numbers, positions, ptr)
            if forces.shape != (ptr[-1], 3):
                raise ValueError(f"forces: expected shape ({ptr[-1]}, 3), got {forces.shape}")
        except Exception as error:
            events += [self._crash(share.run.start.job, error) for share in shares]
            return False
        ends = np.cumsum([len(own_numbers) for own_numbers, _, _ in asked])
        for share, part in zip(shares, np.split(forces, ends[:-1]), strict=True):
            share.forces = samplers.answer(share.run.start.plan, share.state, part)
        return True

    def _advance(self, share: _Share) -> list[Event]:
        run, plan, job = share.run, share.run.start.plan, share.run.start.job
        try:
            state = samplers.advance(plan, share.state, share.proposal, share.forces)
        except Exception as error:
            return [self._crash(job, error)]
        run.state = state
        if samplers.finished(plan, state):
            self._forget(job)
            return [Done(job, Snapshot(job, state))]
        if state.active.sum() != share.state.active.sum():
            self._scheduler.reprice(job, _cost(plan, state.active))
        return [Snapshot(job, state)] if state.step % run.start.stride == 0 else []

    def _crash(self, job: int, error: Exception) -> Event:
        log.error("job %d ended by an error", job, exc_info=error)
        self._forget(job)
        return Crashed(job, f"{type(error).__name__}: {error}")

    def _forget(self, job: int) -> None:
        self._scheduler.remove(job)
        self._runs.pop(job, None)


def _cost(plan: Plan, active: Bools) -> int:
    """Ordered pairs of atoms that a step of the active molecules evaluates."""
    return int((np.diff(plan.ptr)[active] ** 2).sum())
