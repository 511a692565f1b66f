"""The socket, server to client."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from studio.protocol.answers import ErrorCode, GenerateResult, Limits, ModelCard
from studio.protocol.values import Bond, JobId, ReqId, Wire


class Welcome(Wire):
    """`model` is null while the weights load; jobs may be started already and wait."""

    type: Literal["welcome"] = "welcome"
    version: Literal[1] = 1
    limits: Limits
    model: ModelCard | None


class Accepted(Wire):
    """Of a `start` or `branch`. `job`: the `job` number of the frames, as text; `queue_pos` 0 runs at once."""

    type: Literal["accepted"] = "accepted"
    job: JobId
    req_id: ReqId
    queue_pos: int
    seed: int


class Topology(Wire):
    """Before the first frame, and again after `resume`. Sample i has the atoms ptr[i]..ptr[i+1]; `fixed` marks scaffold
    atoms, and those that were frozen."""

    type: Literal["topology"] = "topology"
    job: JobId
    ptr: list[int]
    numbers: list[int]
    fixed: list[bool]


class VerdictMessage(Wire):
    """What the bonds of one sample say, at the frame `seq`; sent when it changes."""

    type: Literal["verdict"] = "verdict"
    job: JobId
    seq: int
    sample: int
    valid: bool
    smiles: str | None
    reason: str | None
    bonds: list[Bond]


class Final(Wire):
    """Always the last message of a job that was not cancelled and did not fail."""

    type: Literal["final"] = "final"
    job: JobId
    result: GenerateResult


class ErrorMessage(Wire):
    """With `job`: that job has ended. With `req_id` alone: the message of this req_id was not acted on.

    `retryable`: the same request may succeed later.
    """

    type: Literal["error"] = "error"
    code: ErrorCode
    detail: str
    retryable: bool
    job: JobId | None = None
    req_id: str | None = None
    field: str | None = None
    expected: str | None = None
    got: str | None = None


class BusyMessage(Wire):
    """The queue is full, or the rate is spent: send the same `start` again after `retry_after_ms`."""

    type: Literal["busy"] = "busy"
    req_id: str
    retry_after_ms: int


class Draining(Wire):
    """The service is about to end: jobs that run are finished, new ones go to its successor.

    Connect again after `reconnect_after_ms`.
    """

    type: Literal["draining"] = "draining"
    reconnect_after_ms: int


class Pong(Wire):
    type: Literal["pong"] = "pong"


type AnyServerMessage = (
    Welcome | Accepted | Topology | VerdictMessage | Final | ErrorMessage | BusyMessage | Draining | Pong
)
ServerMessage = Annotated[AnyServerMessage, Field(discriminator="type")]

SERVER_MESSAGE: TypeAdapter[AnyServerMessage] = TypeAdapter(ServerMessage)
