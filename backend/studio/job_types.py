"""What crosses the wire about jobs by REST: their state, lists of them, wishes, and the lines of a streamed answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from studio.protocol import (
    MAX_SEED,
    Attempts,
    Candidate,
    GenerateResult,
    Index,
    Int,
    JobId,
    JobState,
    Problem,
    ReqId,
    Timings,
    Wire,
)

MAX_PAGE = 1000
MAX_WAIT_S = 60.0

type LaneName = Literal["interactive", "batch"]
type TrajectoryFormat = Literal["frames", "extxyz", "pdb"]


class JobSummary(Wire):
    """A job as it is listed. `step` of `steps` are made; `seq` is that of the newest frame, 0 before the first."""

    job: JobId
    state: JobState
    created: datetime
    seed: int
    n_samples: int
    step: int
    steps: int
    seq: int


class JobStatus(JobSummary):
    """A job. `result` once it has finished, `error` once it has ended in another way."""

    result: GenerateResult | None
    error: Problem | None


class JobList(Wire):
    """Jobs, the newest first. `next`: the value of `before` that the list goes on with; null at its end."""

    jobs: list[JobSummary]
    next: JobId | None


class RewindTo(Wire):
    """The job goes on from its newest retained frame at `step`. `once`: as of a `rewind` on the socket."""

    step: Index
    once: ReqId | None = None


class BranchFrom(Wire):
    """A new job from the newest retained frame at `step`; `seed` null keeps the noise, a number draws fresh noise."""

    step: Index
    seed: Annotated[Int, Field(ge=0, le=MAX_SEED)] | None = None


class CandidateLine(Wire):
    """One candidate of a streamed answer, as soon as it is judged; `sample` counts from 0."""

    type: Literal["candidate"] = "candidate"
    job: JobId
    sample: int
    candidate: Candidate


class EndLine(Wire):
    """The last line of a streamed answer: what a `GenerateResult` says beside its candidates."""

    type: Literal["end"] = "end"
    job: JobId
    model: str
    seed: int
    timings: Timings
    attempts: Attempts


class ErrorLine(Wire):
    """The last line of a streamed answer that ended in another way."""

    type: Literal["error"] = "error"
    job: JobId
    problem: Problem


Line = Annotated[CandidateLine | EndLine | ErrorLine, Field(discriminator="type")]
