"""All jobs: those that run, and those that have ended for as long as they are kept."""

import asyncio
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from gpff.plan import Plan, compile
from gpff.spec import Limits, Spec
from studio.engine.scheduler import Lane
from studio.job import Job, Listener, Order, Workshop
from studio.keys import LOCAL
from studio.protocol import GenerateSpec
from studio.receipts import Receipts
from studio.specs import to_spec
from studio.trajectories import Trajectories

QUICK_SAMPLES = 8
QUICK_SCAFFOLD = 24

_NUMBER = re.compile("[0-9]{1,10}")


class Jobs:
    """Starts jobs, gives each a number that no other has, and finds them again.

    retain_bytes, retain_s: bounds of what is kept, see `Trajectories`. grace_s: how long a job that must be followed
    goes on when no one does; paused_s: how long any other may stay paused then. `observers`: each makes a listener for
    every job that is started from then on.
    """

    def __init__(
        self,
        workshop: Workshop,
        retain_bytes: int = 256 * 2**20,
        retain_s: float = 900.0,
        grace_s: float = 30.0,
        paused_s: float = 3600.0,
    ) -> None:
        self.observers: list[Callable[[Job], Listener]] = []
        self.trajectories = Trajectories(retain_bytes, retain_s, self._forget)
        self.receipts: Receipts[Job] = Receipts(lambda number: number in self._jobs)
        self._workshop = workshop
        self._grace_s, self._paused_s = grace_s, paused_s
        self._jobs: dict[int, Job] = {}
        self._unfinished: set[int] = set()
        self._starting = 0  # that were let in, and whose specs are being compiled
        self._unattended: set[int] = set()  # jobs that no one needs to follow
        self._alone: dict[int, asyncio.TimerHandle] = {}  # jobs that no one follows: when they are cancelled
        self._sweeper: asyncio.TimerHandle | None = None
        self._last_number = secrets.randbits(32)

    def __len__(self) -> int:
        """Jobs that have not ended, and those that are about to be."""
        return len(self._unfinished) + self._starting

    def find(self, id: str, owner: str = LOCAL) -> Job | None:
        """The job of this `owner`, running or kept; None as well when it is another's."""
        job = self._jobs.get(int(id)) if _NUMBER.fullmatch(id) else None
        return job if job is not None and job.owner == owner else None

    def of(self, owner: str, before: int | None = None) -> Iterator[Job]:
        """The jobs of this `owner`, running and kept, the newest first; those older than the number `before`."""
        for job in reversed(self._jobs.values()):  # kept in the order in which they were started
            if job.owner == owner and (before is None or self._age(job.number) > self._age(before)):
                yield job

    async def start(
        self,
        wire: GenerateSpec,
        client: str,
        listener: Listener | None = None,
        *,
        owner: str = LOCAL,
        lane: Lane = "interactive",
        deadline_s: float | None = None,
    ) -> Job:
        """Check a spec and queue it; `listener` hears the rest. Raises `InputError` and `NotReady`.

        A job that is not taken tells its listener `Busy` and is not kept.
        """
        seed = secrets.randbelow(2**31) if wire.seed is None else wire.seed
        asked = wire, seed, self._workshop.limits
        self._starting += 1  # whoever waits for the last job to end waits for this one, too
        try:
            spec, plan = _compile(*asked) if _is_quick(wire) else await asyncio.to_thread(_compile, *asked)
        finally:
            self._starting -= 1
        wire = wire.model_copy(update={"seed": seed})
        return self._begin(Order(wire, spec, plan, client, owner, lane, deadline_s), listener)

    def branch(
        self,
        job: Job,
        step: int,
        seed: int | None,
        client: str,
        listener: Listener | None = None,
        *,
        lane: Lane = "interactive",
        deadline_s: float | None = None,
    ) -> Job:
        """A new job that goes on from the newest kept frame of `job` at `step`; of the same owner.

        `seed` None: with the same noise; else with that of another seed. Raises `InputError` and `NotReady`.
        """
        point = job.trajectory.checkpoint(step)
        spec, plan = point.spec, point.plan
        if seed is not None:
            keys = np.stack([np.full(plan.n_molecules, seed, dtype=np.int64), plan.keys[:, 1]], axis=1)
            spec, plan = replace(spec, seed=seed), replace(plan, keys=keys)
        wire = job.wire.model_copy(update={"seed": spec.seed})
        return self._begin(Order(wire, spec, plan, client, job.owner, lane, deadline_s, point.state), listener)

    def follow(self, job: Job, listener: Listener) -> None:
        """Tell `listener` of a job from now on."""
        job.follow(listener)
        self._watch(job)

    def leave(self, job: Job, listener: Listener) -> None:
        """`listener` is gone. A job that has lost its last one is cancelled, unless someone follows it in time.

        Jobs that were started without a listener go on, unless they are paused.
        """
        job.unfollow(listener)
        self._watch(job)

    def close(self) -> None:
        """Cancel all."""
        for number in list(self._unfinished):
            self._jobs[number].cancel()
        if self._sweeper is not None:
            self._sweeper.cancel()

    def _begin(self, order: Order, listener: Listener | None) -> Job:
        job = Job(self._new_number(), order, self._workshop, self.trajectories, self._new_number, self.observers)
        if listener is None:
            self._unattended.add(job.number)
        else:
            job.follow(listener)
        self._jobs[job.number] = job
        self._unfinished.add(job.number)
        job.when_ended(lambda: self._ended(job))
        job.when_held(lambda: self._watch(job))
        job.start()
        return job

    def _watch(self, job: Job) -> None:
        """Give a job that no one follows its time, if it must be followed or would hold its place for ever."""
        self._keep(job)
        must = job.number not in self._unattended
        if not (job.ended or job.followed) and (must or job.state == "paused"):
            wait_s = self._grace_s if must else self._paused_s
            self._alone[job.number] = asyncio.get_running_loop().call_later(wait_s, self._abandon, job)

    def _abandon(self, job: Job) -> None:
        del self._alone[job.number]
        job.cancel()

    def _keep(self, job: Job) -> None:
        timer = self._alone.pop(job.number, None)
        if timer is not None:
            timer.cancel()

    def _ended(self, job: Job) -> None:
        self._unfinished.discard(job.number)
        self._unattended.discard(job.number)
        self._keep(job)
        if not job.taken:
            self._forget(job.number)
        self._sweep()

    def _sweep(self) -> None:
        """Forget what is too old, now and whenever there is more."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        wait_s = self.trajectories.sweep()
        loop = asyncio.get_running_loop()
        self._sweeper = None if wait_s is None else loop.call_later(wait_s, self._sweep)

    def _forget(self, number: int) -> None:
        self._jobs.pop(number, None)
        self.receipts.forget(number)

    def _age(self, number: int) -> int:
        """How many numbers ago this one was given."""
        return (self._last_number - number) % 2**32

    def _new_number(self) -> int:
        """Counted on from a number drawn at the start: none comes twice, nor do those of an earlier life."""
        while True:
            self._last_number = (self._last_number + 1) % 2**32
            if self._last_number != 0 and self._last_number not in self._jobs:
                return self._last_number


def _is_quick(wire: GenerateSpec) -> bool:
    """Whether `_compile` takes a fraction of a millisecond: less than it takes a busy machine to begin a thread."""
    kept = 0 if wire.scaffold is None else len(wire.scaffold.numbers)
    return wire.n_samples <= QUICK_SAMPLES and wire.shape is None and kept <= QUICK_SCAFFOLD


def _compile(wire: GenerateSpec, seed: int, limits: Limits) -> tuple[Spec, Plan]:
    spec = to_spec(wire, seed, limits)
    return spec, compile(spec)
