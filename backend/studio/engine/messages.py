"""What goes into the engine and what comes out of it. Jobs are numbers (u32)."""

from dataclasses import dataclass
from typing import Any

from gpff.molecules import Bools, Floats, Ints
from gpff.plan import Plan

# --- commands: they take effect between two steps ----------------------------------------------------


@dataclass(frozen=True, eq=False)
class Start:
    """Run `plan`, publishing every `stride`-th step. Jobs of one `client` share its part of the engine."""

    job: int
    client: str
    plan: Plan
    stride: int = 1


@dataclass(frozen=True)
class Cancel:
    job: int


@dataclass(frozen=True)
class Pause:
    job: int


@dataclass(frozen=True)
class Resume:
    job: int


type Command = Start | Cancel | Pause | Resume

# --- events ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loaded:
    """The model is ready: it has been evaluated once. `manifest` is what was recorded at its training."""

    name: str
    hash: str
    device: str
    manifest: dict[str, Any]


@dataclass(frozen=True)
class LoadFailed:
    """There is no model; the engine ends."""

    detail: str


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
    """Where a job's atoms are after `step` steps.

    positions [n_atoms, 3] Å; sigma_hat, rms_force [n_molecules] Å; `dropped`: others before it were lost to a
    slow reader.
    """

    job: int
    step: int
    positions: Floats
    sigma_hat: Floats
    rms_force: Floats
    dropped: bool = False


@dataclass(frozen=True, eq=False)
class Done:
    """The job is finished. steps, failed [n_molecules]: steps each molecule took, and whether it ended early,
    with forces that were not finite or atoms that ran away."""

    job: int
    last: Snapshot
    steps: Ints
    failed: Bools


@dataclass(frozen=True)
class Cancelled:
    job: int


@dataclass(frozen=True)
class Crashed:
    """The engine failed while it worked on the job."""

    job: int
    detail: str


type JobEvent = Queued | Refused | Snapshot | Done | Cancelled | Crashed
type Event = Loaded | LoadFailed | JobEvent
