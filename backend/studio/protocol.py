"""Every type that crosses the wire, version 1. The TypeScript of the page is generated from this file.

JSON for control, binary for frames (`studio.codec`). Lengths are Å, covariances Å², forces Å (a pseudo-force
is twice a displacement). Unknown fields, numbers that are not finite and numbers sent as text are refused, so
that a misspelt or misplaced wish is answered and never silently ignored.
"""

from typing import Annotated, Any, Literal

from pydantic import AllowInfNan, BaseModel, ConfigDict, Field, Strict, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

VERSION = 1
SUBPROTOCOL = "gpff.v1"

MAX_STEPS = 1024
MAX_LIST = 4096  # no list of a request is longer; the real limits are settings, told in `welcome`
MAX_SEED = 2**53 - 1  # the largest integer that JSON in a browser keeps

Float = Annotated[float, Strict(), AllowInfNan(False)]
Int = Annotated[int, Strict()]
Bool = Annotated[bool, Strict()]
Index = Annotated[int, Strict(), Field(ge=0)]
type Vec3 = tuple[Float, Float, Float]
type Mat3 = tuple[Vec3, Vec3, Vec3]
Numbers = Annotated[list[Annotated[int, Strict(), Field(ge=0, le=1000)]], Field(max_length=MAX_LIST)]
Positions = Annotated[list[Vec3], Field(max_length=MAX_LIST)]
Formula = Annotated[str, Strict(), Field(min_length=1, max_length=200)]
JobId = Annotated[str, Strict(), Field(pattern=r"^[0-9]{1,10}$")]
ReqId = Annotated[str, Strict(), Field(min_length=1, max_length=64)]
Deadline = Annotated[float, Strict(), Field(gt=0, le=86_400)]
type Bond = tuple[Int, Int, Int]
type Sampler = Literal[
    "dd", "sdd", "ancestral", "heun", "stochastic_heun", "as_ancestral", "as_heun", "as_stochastic_heun"
]
type ShapeName = Literal["any", "rod", "disc", "sphere"]
type JobState = Literal["queued", "running", "paused", "finished", "failed", "cancelled", "expired"]


class Wire(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, json_schema_serialization_defaults_required=True
    )


# --- what a client asks for -----------------------------------------------------------------------


class BlobSpec(Wire):
    """A Gaussian prior with its own atoms: a `formula`, `heavy_atoms` of random types that fit or `numbers` one by one.

    `covariance` must be symmetric and positive definite; without one a typical one is taken.
    `placed` false: only the shape matters, the orientation is free. The larger `strictness`, the sooner the
    blob lets go. `positions`, of `numbers`: where the atoms begin, instead of a draw; with `placed` false and no
    `covariance` nothing holds them, so that `dd` relaxes them from there.
    """

    formula: Formula | None = None
    numbers: Annotated[Numbers, Field(min_length=1)] | None = None
    positions: Annotated[Positions, Field(min_length=1)] | None = None
    heavy_atoms: Annotated[int, Strict(), Field(ge=1)] | None = None
    center: Vec3 = (0.0, 0.0, 0.0)
    covariance: Mat3 | None = None
    placed: Bool = True
    strictness: Annotated[float, Strict(), Field(gt=0, le=100)] = 1.0

    @model_validator(mode="after")
    def _one_composition(self) -> "BlobSpec":
        given = [name for name in ("formula", "numbers", "heavy_atoms") if getattr(self, name) is not None]
        if len(given) != 1:
            raise _expected("either formula, numbers or heavy_atoms", " and ".join(given) or "none of them")
        if self.positions is not None and self.numbers is None:
            raise _expected("positions with numbers only", f"positions with {given[0]}")
        return self


class ScaffoldSpec(Wire):
    """Atoms that stay where they are, bit for bit; `attach` are indices of atoms with an open site."""

    numbers: Annotated[Numbers, Field(min_length=1)]
    positions: Annotated[Positions, Field(min_length=1)]
    attach: Annotated[list[Index], Field(max_length=MAX_LIST)] = []


class GenerateSpec(Wire):
    """One job: `blobs`, with or without a `scaffold`; or, for the simplest calls, `formula` (and `shape`).

    `seed` null: the server draws one and says which. `lambda` is the noise of SDD in Å; null: the default,
    smaller with a scaffold. `stride`: stream every stride-th step; the first and the last always come.
    `valid_only`: candidates that fail are run again with fresh noise, within a budget that the answer states.
    """

    formula: Formula | None = None
    shape: ShapeName | None = None
    blobs: Annotated[list[BlobSpec], Field(min_length=1, max_length=64)] | None = None
    scaffold: ScaffoldSpec | None = None
    n_samples: Annotated[int, Strict(), Field(ge=1)] = 1
    sampler: Sampler = "sdd"
    steps: Annotated[int, Strict(), Field(ge=1)] = 64
    seed: Annotated[int, Strict(), Field(ge=0, le=MAX_SEED)] | None = None
    valid_only: Bool = False
    lambda_: Annotated[float, Strict(), Field(ge=0, le=10)] | None = Field(default=None, alias="lambda")
    stride: Annotated[int, Strict(), Field(ge=1, le=MAX_STEPS)] = 1

    @model_validator(mode="after")
    def _one_form(self) -> "GenerateSpec":
        if (self.formula is None) == (self.blobs is None):
            raise _expected("either blobs or formula", "neither" if self.blobs is None else "both blobs and formula")
        if self.blobs is not None and self.shape is not None:
            raise _expected("shape with formula only", "shape with blobs")
        if self.formula is not None and self.scaffold is not None:
            raise _expected("blobs with a scaffold", "formula with a scaffold")
        return self


def _expected(expected: str, got: str) -> PydanticCustomError:
    return PydanticCustomError("form", "expected {expected}, got {got}", {"expected": expected, "got": got})


# --- what a client gets ---------------------------------------------------------------------------


class Timings(Wire):
    """Seconds from submission to the first step, and from there to the last."""

    queue_s: float
    run_s: float


class Candidate(Wire):
    """One molecule. The scaffold's atoms first, as given, then the blobs' in order.

    `bonds` are (i, j, order) with i < j, empty unless valid. `steps` are the steps used. `sigma_hat` is the
    noise level in Å that the last forces speak of, `rms_force` their root mean square (null without any).
    """

    numbers: list[int]
    positions: list[Vec3]
    smiles: str | None
    valid: bool
    reason: str | None
    bonds: list[Bond]
    steps: int
    sigma_hat: float | None
    rms_force: float | None


class Attempts(Wire):
    """What `valid_only` cost: candidates run again, and how many could have been.

    `stopped`: why failed candidates were not run again although the budget was not spent, in words.
    """

    rerun: int
    budget: int
    stopped: str | None = None


class GenerateResult(Wire):
    """The answer of POST /generate, and the `result` of `final`. `model` is the SHA-256 of the weights."""

    job: str
    model: str
    seed: int
    timings: Timings
    candidates: list[Candidate]
    attempts: Attempts


class ModelCard(Wire):
    """Which weights are at work. `manifest` is what was recorded when they were trained."""

    name: str
    hash: str
    device: str
    elements: list[int]
    samplers: list[Sampler]
    manifest: dict[str, Any]


class Limits(Wire):
    """Beyond these a request is refused: 413, 422 or 429, and `error` or `busy` on the socket."""

    max_samples: int
    max_steps: int
    max_atoms_per_molecule: int
    max_total_atoms: int
    max_queue: int
    max_jobs_per_client: int
    max_message_bytes: int
    max_body_bytes: int


type ErrorCode = Literal[
    "bad_json",  # not JSON
    "bad_message",  # JSON, but not a message of this protocol
    "binary",  # clients send text only
    "too_large",  # message or body over its size limit
    "invalid",  # a field is wrong: `field`, `expected`, `got`
    "over_limit",  # a well-formed request, larger than a stated limit
    "unknown_job",  # there is none of this number, or no longer, or it is another owner's
    "ended",  # the job has ended: it may be branched from, but no longer steered
    "duplicate",  # the req_id of a job that still runs
    "cancelled",
    "expired",  # the job's deadline passed
    "busy",  # the queue is full, or too many jobs of one client: come back later
    "draining",  # the service is about to end: come back in a moment
    "not_ready",  # the model is still loading, or came down
    "engine",  # the engine failed or its process died
    "not_found",
    "conflict",  # it contradicts what is there
    "outdated",  # If-Match names another revision than that of now
    "no_revision",  # If-Match is missing
    "store",  # the database does not answer
    "store_full",  # its disk is full
    "unauthorized",  # an API key is needed
    "forbidden",
    "internal",
]


class Problem(Wire):
    """RFC 9457 problem document. `field` is a dotted path such as ``blobs.0.covariance``."""

    type: str
    title: str
    status: int
    detail: str
    code: ErrorCode
    field: str | None = None
    expected: str | None = None
    got: str | None = None


class Health(Wire):
    """`status` is ok, loading (the model is not ready yet) or failed."""

    status: Literal["ok", "loading", "failed"]
    detail: str | None = None


# --- the socket: client to server -----------------------------------------------------------------
#
# A message with a `req_id` that cannot be acted on is answered by an `error` with the same req_id.


class Hello(Wire):
    """Answered by `welcome`. Must come first, with a `key`, where API keys are set; may be left out elsewhere.

    `window`: the client acknowledges frames, and at most so many of each job are under way to it. The last frame of a
    job does not wait for acknowledgements. Without a window the socket's own backpressure holds frames back.
    """

    type: Literal["hello"]
    client: Annotated[str, Strict(), Field(max_length=200)] | None = None
    key: Annotated[str, Strict(), Field(max_length=200)] | None = None
    window: Annotated[int, Strict(), Field(ge=1, le=MAX_STEPS)] | None = None


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


class Steer(Wire):
    """Move or reshape blobs and freeze atoms; takes effect at the next step, also of a paused job.

    `blobs`: all of the job's, in its order. `freeze`: indices into the atoms of the `topology` that stay from now on
    where they are, for good.
    """

    type: Literal["steer"]
    job: JobId
    blobs: Annotated[list[SteeredBlob], Field(min_length=1, max_length=64)] | None = None
    freeze: Annotated[list[Index], Field(max_length=MAX_LIST)] = []
    req_id: ReqId | None = None
    once: ReqId | None = None

    @model_validator(mode="after")
    def _something(self) -> "Steer":
        if self.blobs is None and not self.freeze:
            raise _expected("blobs, freeze or both", "neither")
        return self


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


# --- the socket: server to client -----------------------------------------------------------------


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
    """The queue is full: send the same `start` again after `retry_after_ms`."""

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

CLIENT_MESSAGE: TypeAdapter[AnyClientMessage] = TypeAdapter(ClientMessage)
SERVER_MESSAGE: TypeAdapter[AnyServerMessage] = TypeAdapter(ServerMessage)
