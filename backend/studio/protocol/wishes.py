"""The socket, client to server.

A message with a `req_id` that cannot be acted on is answered by an `error` with the same req_id.
"""

from typing import Annotated, Literal

from pydantic import Field, Strict, TypeAdapter, model_validator

from studio.protocol.spec import GenerateSpec
from studio.protocol.values import (
    MAX_EVERY_MS,
    MAX_LIST,
    MAX_SEED,
    MAX_STEPS,
    Bool,
    Deadline,
    Formula,
    Index,
    JobId,
    Mat3,
    ReqId,
    Vec3,
    Wire,
    expected,
)


class Hello(Wire):
    """Answered by `welcome`. Must come first, with a `key`, where API keys are set; may be left out elsewhere.

    `window`: the client acknowledges frames, and at most so many of each job are under way to it. The last frame of a
    job does not wait for acknowledgements. Without a window the socket's own backpressure holds frames back.

    `every_ms`: frames of a job that come within so many milliseconds of the message before travel together in one
    binary message, whole frames one after the other. The first and the last do not wait. Without it each frame is a
    message.
    """

    type: Literal["hello"]
    client: Annotated[str, Strict(), Field(max_length=200)] | None = None
    key: Annotated[str, Strict(), Field(max_length=200)] | None = None
    window: Annotated[int, Strict(), Field(ge=1, le=MAX_STEPS)] | None = None
    every_ms: Annotated[int, Strict(), Field(ge=1, le=MAX_EVERY_MS)] | None = None


class Start(Wire):
    """Answered by `accepted`, `busy` or `error`, each with the same req_id.

    `deadline_s`: seconds from now after which the job ends with `error` of code expired, finished or not.
    """

    type: Literal["start"]
    req_id: ReqId
    spec: GenerateSpec
    deadline_s: Deadline | None = None


class Ack(Wire):
    """Frames of this job up to `seq` have been dealt with. One for a job that is over does nothing."""

    type: Literal["ack"]
    job: JobId
    seq: Index


class Cancel(Wire):
    """Takes effect at the next step; the job ends with `error` of code cancelled."""

    type: Literal["cancel"]
    job: JobId
    req_id: ReqId | None = None


class Pause(Wire):
    """Takes effect at the next step.

    `once`, of `resume_run`, `steer` and `rewind` too: a name that no other wish for the job has had. The job acts on
    each name once, so that what may have been lost with a connection can be said again.
    """

    type: Literal["pause"]
    job: JobId
    req_id: ReqId | None = None
    once: ReqId | None = None


class ResumeRun(Wire):
    """Carry on after `pause`."""

    type: Literal["resume_run"]
    job: JobId
    req_id: ReqId | None = None
    once: ReqId | None = None


class SteeredBlob(Wire):
    """A blob as it is to be from now on; what is left out, or null, stays as it is.

    Its atoms cannot change: where they are given they must be those of the job.
    """

    formula: Formula | None = None
    heavy_atoms: Annotated[int, Strict(), Field(ge=1)] | None = None
    center: Vec3 | None = None
    covariance: Mat3 | None = None
    placed: Bool | None = None
    strictness: Annotated[float, Strict(), Field(gt=0, le=100)] | None = None


class Steering(Wire):
    """Move or reshape blobs and freeze atoms; takes effect at the next step, also of a paused job.

    `blobs`: all of the job's, in its order. `freeze`: indices into the atoms of the `topology` that stay from now on
    where they are, for good.
    """

    blobs: Annotated[list[SteeredBlob], Field(min_length=1, max_length=64)] | None = None
    freeze: Annotated[list[Index], Field(max_length=MAX_LIST)] = Field(default=[])
    once: ReqId | None = None

    @model_validator(mode="after")
    def _something(self) -> "Steering":
        if self.blobs is None and not self.freeze:
            raise expected("blobs, freeze or both", "neither")
        return self


class Steer(Steering):
    __doc__ = Steering.__doc__

    type: Literal["steer"]
    job: JobId
    req_id: ReqId | None = None


class Branch(Wire):
    """A new job from the newest retained frame at `step` of a job that runs or has ended.

    Answered as `start` is. It is as steered as the frame was. `seed` null keeps the noise: left alone, the branch
    repeats what the job did from there; a number draws fresh noise.
    """

    type: Literal["branch"]
    req_id: ReqId
    job: JobId
    step: Index
    seed: Annotated[int, Strict(), Field(ge=0, le=MAX_SEED)] | None = None
    deadline_s: Deadline | None = None


class Rewind(Wire):
    """The job goes on from its newest retained frame at `step`, as steered as it was then; also while it is paused.

    What comes then has new sequence numbers.
    """

    type: Literal["rewind"]
    job: JobId
    step: Index
    req_id: ReqId | None = None
    once: ReqId | None = None


class Resume(Wire):
    """Follow a job of any connection of the same owner, such as one that broke.

    Answered by `topology`, every retained frame after `last_seq`, the verdicts, and what comes from then on; by the
    end of the job when it has ended.
    """

    type: Literal["resume"]
    job: JobId
    last_seq: Index = 0
    req_id: ReqId | None = None


class Ping(Wire):
    """Answered by `pong`."""

    type: Literal["ping"]


type AnyClientMessage = Hello | Start | Ack | Cancel | Pause | ResumeRun | Steer | Branch | Rewind | Resume | Ping
ClientMessage = Annotated[AnyClientMessage, Field(discriminator="type")]

CLIENT_MESSAGE: TypeAdapter[AnyClientMessage] = TypeAdapter(ClientMessage)
