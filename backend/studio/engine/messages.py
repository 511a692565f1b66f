"""What goes into the engine and what comes out of it. Jobs are numbers (u32)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gpff.molecules import Bools, Floats, Ints
from gpff.plan import Plan
from gpff.samplers import State
from gpff.spec import Blob
from studio.engine.scheduler import Lane

# --- commands: they take effect between two steps ----------------------------------------------------


@dataclass(frozen=True, eq=False)
class Start:
    """Run `plan`, publishing every `stride`-th step. Jobs of one `client` share its part of the engine.

    `deadline_s`: seconds from now after which the job is `Expired`, wherever it is. With `state` the run goes on from
    there (a branch, or a job that outlived its engine); `paused`: it waits for `Resume`; `alone`: until its next
    snapshot it shares no call of the network (it is suspected of having ended a process).
    """

    job: int
    client: str
    plan: Plan
    stride: int = 1
    lane: Lane = "interactive"
    deadline_s: float | None = None
    state: State | None = None
    paused: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Cancel:
    job: int


@dataclass(frozen=True)
class Pause:
    """Leave the job out of steps. It gives up its running slot and keeps its age."""

    job: int


@dataclass(frozen=True)
class Resume:
    job: int


@dataclass(frozen=True, eq=False)
class Steer:
    """From the next step on the job's blobs are `blobs` (same count and atoms; None: as they are), and the atoms
    `freeze` (indices into the plan's `n_atoms`) stay where they are then.

    Answered by `Steered`. To be checked by `gpff.steering.check_steering` first.
    """

    job: int
    blobs: tuple[Blob, ...] | None
    freeze: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Rewind:
    """The job goes on from an earlier `state`; with `plan`, under the plan that it had then (before it was steered)."""

    job: int
    state: State
    plan: Plan | None = None


type Command = Start | Cancel | Pause | Resume | Steer | Rewind

# --- events ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loaded:
    """The model is ready: it has been evaluated. `manifest` is what was recorded at its training.

    A step over E ordered pairs of atoms takes about `step_s + edge_s * E` seconds, as measured at the start.
    """

    name: str
    hash: str
    device: str
    manifest: dict[str, Any]
    step_s: float = 0.0
    edge_s: float = 0.0


@dataclass(frozen=True)
class LoadFailed:
    """There is no model; the engine ends."""

    detail: str


@dataclass(frozen=True)
class Report:
    """How the engine does: of the newest step, its duration, what of it the samplers' arithmetic took, and what
    neither that nor the network did (scheduling, encoding); the jobs and ordered pairs of atoms in it; `waiting` jobs
    by lane, and `running` ones.

    `steps`: those since the report before. A few reports a second, and one when there is no more to do; that is of no
    step, and of 0 jobs, where the last ones were cancelled.
    """

    step_s: float
    overhead_s: float
    batch_jobs: int
    batch_edges: int
    waiting: Mapping[Lane, int]
    running: int
    steps: int = 1
    samplers_s: float = 0.0


@dataclass(frozen=True)
class Queued:
    """The job was taken; its place in the queue (0: it runs at once)."""

    job: int
    position: int


@dataclass(frozen=True)
class Refused:
    """The queue is full."""

    job: int
    detail: str
    retry_after_s: float


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Where a job is after `step` steps: all that a run needs to go on from there.

    `dropped`: others before it were lost to a slow reader.
    """

    job: int
    state: State
    dropped: bool = False

    @property
    def step(self) -> int:
        return self.state.step

    @property
    def positions(self) -> Floats:
        """`[n_atoms, 3]` Å."""
        return self.state.positions

    @property
    def sigma_hat(self) -> Floats:
        """`[n_molecules]` Å."""
        return self.state.sigma_hat

    @property
    def rms_force(self) -> Floats:
        """`[n_molecules]` Å."""
        return self.state.rms_force


@dataclass(frozen=True, eq=False)
class Steered:
    """`Steer` or `Rewind` has taken effect at `state`: snapshots from here on belong to `plan`.

    After `Rewind` the snapshot of `state` follows. A `Steer` that cannot be leaves the plan as it was.
    """

    job: int
    plan: Plan
    state: State


@dataclass(frozen=True, eq=False)
class Done:
    """The job is finished."""

    job: int
    last: Snapshot

    @property
    def steps(self) -> Ints:
        """Steps that each molecule took: `[n_molecules]`."""
        return self.last.state.nfe

    @property
    def failed(self) -> Bools:
        """Molecules that ended early, with forces that were not finite or atoms that ran away: `[n_molecules]`."""
        return self.last.state.failed


@dataclass(frozen=True)
class Cancelled:
    job: int


@dataclass(frozen=True)
class Expired:
    """The deadline passed before the job was done."""

    job: int


@dataclass(frozen=True)
class Crashed:
    """The job itself cannot go on: an error in its step, or it ended the engine's process again and again."""

    job: int
    detail: str


type JobEvent = Queued | Refused | Snapshot | Steered | Done | Cancelled | Expired | Crashed
type Event = Loaded | LoadFailed | Report | JobEvent
