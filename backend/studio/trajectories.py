"""The frames that are kept, of jobs that run and of jobs that have ended, within a bound of bytes and of age.

Every frame is kept with the sampler's state and the spec and plan that it was made by, so that a run can go on
from any of them. Frames and states share their arrays: what a frame costs is its positions in float64 and a little
more. When the bound is reached, whole jobs go, the one that ended first before all others; when only running jobs are
left, the largest is thinned out, but for its first and its newest frame.
"""

import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass

import numpy as np

from gpff.errors import InputError
from gpff.molecules import Bools, Ints
from gpff.plan import Plan
from gpff.samplers import State, finished
from gpff.spec import Spec
from studio.codec import Frame

FRAME_BYTES = 1000  # of a frame's objects
ARRAY_BYTES = 640  # of an array that came out of a pickle, beside what it holds
VIEW_BYTES = 144  # of one that shares its bytes with others, as those of a state do
JOB_BYTES, ATOM_BYTES = 16_384, 400  # of a job without frames: its spec, its plan, its result and its receipt


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A frame with all that a run needs to go on from it."""

    frame: Frame
    spec: Spec
    plan: Plan
    state: State


class Trajectory:
    """The kept frames of one job, in the order in which they were made.

    After a rewind the steps go back; sequence numbers never do. `numbers [n_atoms]`, `ptr [n_samples + 1]`:
    which atoms each sample has.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._state_bytes = 0
        self.numbers: Ints = plan.numbers
        self.ptr: Ints = plan.ptr
        self.fixed: Bools = plan.fixed
        self.nbytes = JOB_BYTES + ATOM_BYTES * plan.n_atoms
        self._checkpoints: list[Checkpoint] = []

    def __len__(self) -> int:
        return len(self._checkpoints)

    @property
    def frames(self) -> tuple[Frame, ...]:
        return tuple(checkpoint.frame for checkpoint in self._checkpoints)

    @property
    def newest(self) -> Checkpoint | None:
        return self._checkpoints[-1] if self._checkpoints else None

    def since(self, seq: int) -> list[Frame]:
        """The kept frames with greater sequence numbers, oldest first."""
        return [point.frame for point in self._checkpoints[bisect_right(self._checkpoints, seq, key=_seq) :]]

    def at_step(self, step: int) -> Checkpoint | None:
        """The newest kept frame of this step."""
        return next((point for point in reversed(self._checkpoints) if point.frame.step == step), None)

    def steps(self) -> list[int]:
        """The steps of kept frames, ascending."""
        return sorted({checkpoint.frame.step for checkpoint in self._checkpoints})

    def checkpoint(self, step: int) -> Checkpoint:
        """The newest kept frame of this step, from which a run can go on. Raises `InputError` when there is none."""
        point = self.at_step(step)
        if point is None:
            steps = self.steps()
            if not steps:
                raise InputError("step", "a kept step", f"{step}, and none is kept")
            raise InputError("step", f"one of the {len(steps)} kept steps from {steps[0]} to {steps[-1]}", str(step))
        if finished(point.plan, point.state):
            raise InputError("step", "a step before the run is over", str(step))
        return point

    def _add(self, checkpoint: Checkpoint) -> int:
        self.fixed = checkpoint.plan.fixed
        self._checkpoints.append(checkpoint)
        size = self._size(checkpoint)
        self.nbytes += size
        return size

    def _thin(self) -> int:
        """Drop every other frame but the first and the newest; the bytes that this frees."""
        kept = [*self._checkpoints[:-1:2], *self._checkpoints[-1:]]
        freed = sum(map(self._size, self._checkpoints)) - sum(map(self._size, kept))
        self._checkpoints = kept
        self.nbytes -= freed
        return freed

    def _clear(self) -> None:
        self._checkpoints = []

    def _size(self, checkpoint: Checkpoint) -> int:
        """Bytes of a checkpoint: its frame shares the arrays of its state, and the job's first plan is counted.

        All states of a job are of one size.
        """
        if self._state_bytes == 0:
            self._state_bytes = _state(checkpoint.state)
        steered = 0 if checkpoint.plan is self._plan else _arrays(checkpoint.plan)
        return FRAME_BYTES + self._state_bytes + steered


class Trajectories:
    """All trajectories together: at most `max_bytes`, and none longer than `max_age_s` after its job has ended.

    `forgotten` is called with the number of each job that is dropped. The bound is stated for what is kept by
    choice: the first and the newest frame of every running job are kept in any case.
    """

    def __init__(
        self,
        max_bytes: int,
        max_age_s: float,
        forgotten: Callable[[int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.nbytes = 0
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._forgotten = forgotten
        self._clock = clock
        self._running: dict[int, Trajectory] = {}
        self._ended: dict[int, tuple[float, Trajectory]] = {}  # with the time of the end, oldest first

    def open(self, job: int, plan: Plan) -> Trajectory:
        """The trajectory of a new job."""
        trajectory = self._running[job] = Trajectory(plan)
        self.nbytes += trajectory.nbytes
        self._fit()
        return trajectory

    def add(self, job: int, checkpoint: Checkpoint) -> None:
        """Keep a frame of a running job."""
        self.nbytes += self._running[job]._add(checkpoint)
        self._fit()

    def end(self, job: int) -> None:
        """The job has ended: its trajectory begins to age."""
        self._ended[job] = self._clock(), self._running.pop(job)
        self._fit()

    def drop(self, job: int) -> None:
        """Forget a running job that never came to anything."""
        self.nbytes -= self._running.pop(job).nbytes

    def sweep(self) -> float | None:
        """Forget what is too old. Seconds until there will be more to forget; None: not before another job ends."""
        now = self._clock()
        while self._ended:
            left_s = next(iter(self._ended.values()))[0] + self._max_age_s - now
            if left_s > 0:
                return left_s
            self._forget_oldest()
        return None

    def _fit(self) -> None:
        while self.nbytes > self._max_bytes and self._ended:
            self._forget_oldest()
        while self.nbytes > self._max_bytes:
            thick = [trajectory for trajectory in self._running.values() if len(trajectory) > 2]
            if not thick:
                return
            self.nbytes -= max(thick, key=lambda trajectory: trajectory.nbytes)._thin()

    def _forget_oldest(self) -> None:
        job, (_, trajectory) = next(iter(self._ended.items()))
        del self._ended[job]
        self.nbytes -= trajectory.nbytes
        trajectory._clear()  # someone may hold the job itself for a while
        self._forgotten(job)


def _seq(checkpoint: Checkpoint) -> int:
    return checkpoint.frame.seq


def _state(state: State) -> int:
    views = [value for field in fields(state) if isinstance(value := getattr(state, field.name), np.ndarray)]
    return sum(VIEW_BYTES + view.nbytes for view in views) + _arrays(state.walk)


def _arrays(value: object) -> int:
    if isinstance(value, np.ndarray):
        return ARRAY_BYTES + value.nbytes
    if is_dataclass(value) and not isinstance(value, type):
        return sum(_arrays(getattr(value, field.name)) for field in fields(value))
    return 0
