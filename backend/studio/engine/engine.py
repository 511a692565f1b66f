"""The engine's loop body: every running job takes a step, and all of them share one call of the network.

GPFF takes no time input, so molecules at any step of any sampler may go through the network together, and
a molecule's result does not depend on its batch mates. `step()` is: expire → admit → pick → propose → one call →
advance → publish. No transport: `studio.engine.process` runs it in a process of its own.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gpff import samplers
from gpff.errors import InputError
from gpff.joined import Joined, Kind, kind
from gpff.molecules import Bools, Floats, Ints, pointers
from gpff.plan import Plan
from gpff.samplers import ForceFn, State
from gpff.steering import steered
from studio.engine.messages import (
    Cancel,
    Cancelled,
    Command,
    Crashed,
    Done,
    Event,
    Expired,
    Pause,
    Queued,
    Refused,
    Report,
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
JOINED_KEPT = 8  # groups of jobs that are remembered put together


@dataclass(eq=False)
class _Run:
    job: int
    plan: Plan
    stride: int
    state: State | None = None  # None before it has begun
    kind: Kind | int | None = None  # which runs it may be joined with; None: to be found out
    shown: bool = False  # its first snapshot is out
    alone: bool = False

    @property
    def now(self) -> State:
        """Of a run that has begun, as all in a batch have."""
        assert self.state is not None
        return self.state


class Engine:
    """Runs jobs on `forces`. Commands change what the next step does; both answer with events."""

    def __init__(self, forces: ForceFn, scheduler: Scheduler, clock: Callable[[], float] = time.monotonic) -> None:
        self._forces = forces
        self._scheduler = scheduler
        self._clock = clock
        self._runs: dict[int, _Run] = {}
        self._network_s = self._samplers_s = 0.0
        self._batch: list[int] = []
        self._edges = 0
        self._joined: list[Joined] = []  # of the newest batches, the newest last

    @property
    def has_work(self) -> bool:
        """Whether `step` would do anything now."""
        return self._scheduler.has_work or self.idle_s == 0.0

    @property
    def idle_s(self) -> float | None:
        """Seconds until a deadline passes; None: there is none."""
        deadline = self._scheduler.next_deadline
        return None if deadline is None else max(0.0, deadline - self._clock())

    @property
    def batch(self) -> list[int]:
        """The jobs whose questions are before the network, or were last."""
        return self._batch

    def report(self, step_s: float, steps: int) -> Report:
        """How the newest step went, which took `step_s` with all that belongs to it."""
        return Report(
            step_s=step_s,
            overhead_s=max(0.0, step_s - self._network_s - self._samplers_s),
            samplers_s=self._samplers_s,
            batch_jobs=len(self._batch),
            batch_edges=self._edges,
            waiting=self._scheduler.n_waiting,
            running=self._scheduler.n_running,
            steps=steps,
        )

    # --- commands ----------------------------------------------------------------------------------------------------

    def handle(self, command: Command) -> list[Event]:
        """Apply a command. One for a job that has ended meanwhile does nothing."""
        if isinstance(command, Start):
            return [self._start(command)]
        run = self._runs.get(command.job)
        if run is None:
            return []
        match command:
            case Cancel(job):
                self._forget(job)
                return [Cancelled(job)]
            case Pause(job):
                self._scheduler.pause(job)
            case Resume(job):
                self._scheduler.resume(job)
            case Steer():
                return self._steer(run, command)
            case Rewind():
                return self._rewind(run, command)
        return []

    def _start(self, start: Start) -> Event:
        plan = start.plan
        active = np.ones(plan.n_molecules, dtype=bool) if start.state is None else start.state.active
        deadline = None if start.deadline_s is None else self._clock() + start.deadline_s
        ticket = Ticket(start.job, start.client, _cost(plan, active), start.lane, deadline, start.alone)
        try:
            position = self._scheduler.submit(ticket, start.paused)
        except QueueFull as full:
            return Refused(start.job, str(full), RETRY_AFTER_S)
        self._runs[start.job] = _Run(start.job, plan, start.stride, start.state, alone=start.alone)
        return Queued(start.job, position)

    def _steer(self, run: _Run, steer: Steer) -> list[Event]:
        try:
            run.state = run.state or samplers.init(run.plan)
            run.plan, run.kind = steered(run.plan, run.state, steer.blobs, steer.freeze), None
        except InputError as error:
            log.warning("job %d cannot be steered: %s", run.job, error)
        except Exception as error:
            return [self._crash(run.job, error)]
        return [] if run.state is None else [Steered(run.job, run.plan, run.state)]

    def _rewind(self, run: _Run, rewind: Rewind) -> list[Event]:
        run.plan, run.state, run.kind = rewind.plan or run.plan, rewind.state, None
        self._scheduler.reprice(run.job, _cost(run.plan, run.state.active))
        run.shown = True
        return [Steered(run.job, run.plan, run.state), Snapshot(run.job, run.state)]

    # --- a step ------------------------------------------------------------------------------------------------------

    def step(self, before: Callable[[list[int], list[Event]], bool] = lambda jobs, events: False) -> list[Event]:
        """One step of the jobs whose turn it is; what there is to tell of it.

        `before` is told the jobs when the network is about to be called, and what there is to tell by then: the first
        frames of newcomers need not wait for the call. It says whether it has told it on.
        """
        self._network_s, self._samplers_s, self._batch, self._edges = 0.0, 0.0, [], 0
        events: list[Event] = [self._expire(job) for job in self._scheduler.expire(self._clock())]
        for job in self._scheduler.admit():
            events += self._admit(self._runs[job])
        runs = [run for job in self._scheduler.pick() for run in self._ready(self._runs[job], events)]
        if runs:
            self._batch = [run.job for run in runs]
            if before(self._batch, events):
                events = []
            for run, state in self._forward(runs, events):
                events += self._publish(run, state)
        return events

    def _expire(self, job: int) -> Event:
        self._forget(job)
        return Expired(job)

    def _admit(self, run: _Run) -> list[Event]:
        if run.shown:
            return []
        try:
            run.state = run.state or samplers.init(run.plan)
        except Exception as error:
            return [self._crash(run.job, error)]
        run.shown = True
        return [Snapshot(run.job, run.state)]

    def _ready(self, run: _Run, events: list[Event]) -> list[_Run]:
        """The run, unless it is finished already: it was started or set back there."""
        if run.kind is not None or not samplers.finished(run.plan, run.now):
            return [run]
        events.append(self._done(run, run.now))
        return []

    def _forward(self, runs: list[_Run], events: list[Event]) -> list[tuple[_Run, State]]:
        """The next states of runs that share one call of the network.

        When anything raises, each is taken through a call of its own, so that only those that cannot be answered end.
        """
        try:
            return self._together(runs)
        except Exception as error:
            if len(runs) == 1:
                events.append(self._crash(runs[0].job, error))
                return []
            log.warning("a call for %d jobs failed (%s); each is tried alone", len(runs), error)
        return [pair for run in runs for pair in self._forward([run], events)]

    def _together(self, runs: list[_Run]) -> list[tuple[_Run, State]]:
        groups: dict[Kind | int, list[_Run]] = {}
        for run in sorted(runs, key=lambda run: run.job):  # so that the same jobs make the same groups
            if run.kind is None:
                run.kind = kind(run.plan, run.now) or run.job
            groups.setdefault(run.kind, []).append(run)
        joined = [(self._join(group), group, [run.now for run in group]) for group in groups.values()]
        began = time.perf_counter()
        proposals = [one.propose(states) for one, _, states in joined]
        questions = [one.question(states, x) for (one, _, states), x in zip(joined, proposals, strict=True)]
        self._samplers_s += time.perf_counter() - began
        whole = [np.concatenate(part) for part in zip(*questions, strict=True)] if len(questions) > 1 else questions[0]
        forces = self._call(*whole)
        began = time.perf_counter()
        moved: list[tuple[_Run, State]] = []
        start = 0
        for (one, group, states), x, (numbers, _, _) in zip(joined, proposals, questions, strict=True):
            stop = start + len(numbers)
            moved += zip(group, one.advance(states, x, forces[start:stop]), strict=True)
            start = stop
        self._samplers_s += time.perf_counter() - began
        return moved

    def _join(self, group: list[_Run]) -> Joined:
        """The runs as one, which they most likely were in one of the last steps."""
        plans = [run.plan for run in group]
        for i, known in enumerate(self._joined):
            if len(known.plans) == len(plans) and all(a is b for a, b in zip(known.plans, plans, strict=True)):
                self._joined.append(self._joined.pop(i))
                return known
        self._joined = [*self._joined[1 - JOINED_KEPT :], joined := Joined(plans)]
        return joined

    def _call(self, numbers: Ints, positions: Floats, sizes: Ints) -> Floats:
        ptr = pointers(sizes)
        began = time.perf_counter()
        forces = self._forces(numbers, positions, ptr)
        self._network_s += time.perf_counter() - began
        self._edges += _edges(sizes)
        if forces.shape != (ptr[-1], 3):
            raise ValueError(f"forces: expected shape ({ptr[-1]}, 3), got {forces.shape}")
        return np.asarray(forces, dtype=np.float64)

    def _publish(self, run: _Run, state: State) -> list[Event]:
        before, run.state = run.now, state
        if state.step >= run.plan.steps or state.active is not before.active:  # else none of its molecules has ended
            if samplers.finished(run.plan, state):
                return [self._done(run, state)]
            if np.count_nonzero(state.active) != np.count_nonzero(before.active):
                self._scheduler.reprice(run.job, _cost(run.plan, state.active))
        if state.step % run.stride:
            return []
        if run.alone:
            run.alone = False
            self._scheduler.trust(run.job)
        return [Snapshot(run.job, state)]

    # --- the end of a job --------------------------------------------------------------------------------------------

    def _done(self, run: _Run, state: State) -> Event:
        self._forget(run.job)
        return Done(run.job, Snapshot(run.job, state))

    def _crash(self, job: int, error: Exception) -> Event:
        log.error("job %d ended by an error", job, exc_info=error)
        self._forget(job)
        return Crashed(job, f"{type(error).__name__}: {error}")

    def _forget(self, job: int) -> None:
        self._scheduler.remove(job)
        self._runs.pop(job, None)


def _cost(plan: Plan, active: Bools) -> int:
    """Ordered pairs of atoms that a step of the active molecules evaluates: of what the network is shown of them."""
    return _edges((plan.molecules if plan.all_seen else plan.shown).sizes[active])


def _edges(sizes: Ints) -> int:
    return int(sizes @ sizes)
