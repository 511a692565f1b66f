"""What a client gets: results, problems, and what the service says of itself."""

from typing import Any, Literal

from studio.protocol.values import Bond, Sampler, Vec3, Wire


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
