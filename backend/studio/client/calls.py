"""REST without I/O: what to send, how to read the answer, and whether to ask again."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from studio.client import errors
from studio.client.wishes import BlobLike, checked, given_only
from studio.job_types import (
    BranchFrom,
    CandidateLine,
    ErrorLine,
    JobList,
    JobStatus,
    LaneName,
    Line,
    RewindTo,
    TrajectoryFormat,
)
from studio.protocol import Candidate, GenerateResult, GenerateSpec, Health, ModelCard, Steering, Topology, Wire

_LINE: TypeAdapter[Line] = TypeAdapter(Line)

SDF, NDJSON = "chemical/x-mdl-sdfile", "application/x-ndjson"
WAIT_S = 30.0  # for one answer about a job that runs
LONG_S = 600.0  # a run may take so long
MAX_RETRY_S = 30.0
MARGIN_S = 10.0  # beside what the service waits on purpose
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
KEY = "Idempotency-Key"
PAGE = 100


@dataclass(frozen=True)
class Call[T]:
    """One request. `read`: its answer, when it is a good one. `timeout_s`: None for the client's own.

    `body` or `text` is its JSON. `again`: what arrives twice is done once.
    """

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Wire | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float | None = None
    text: str | None = None
    again: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again although it may have arrived."""
        return self.again or self.method in REPEATABLE or KEY in self.headers

    def arguments(self, timeout_s: float) -> dict[str, Any]:
        """For `httpx.Client.build_request`."""
        content = self.text if self.body is None else self.body.model_dump_json(by_alias=True, exclude_unset=True)
        headers = {**({} if content is None else {"Content-Type": "application/json"}), **self.headers}
        return {
            "method": self.method,
            "url": self.path,
            "params": dict(self.params),
            "content": content,
            "headers": headers,
            "timeout": httpx.Timeout(timeout_s, read=self.timeout_s or timeout_s),
        }


@dataclass
class Attempts:
    """How often one call is tried. `left`: attempts after a failed one."""

    left: int
    wait_s: float = 0.2

    def again(self, call: Call[Any], answer: httpx.Response | httpx.TransportError) -> float | None:
        """Seconds after which to send the call again; None: the answer stands."""
        if isinstance(answer, httpx.TransportError):
            unsent = isinstance(answer, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            wanted = call.repeatable or unsent
        else:
            # An `engine` problem is of this job; what is said before any work is done is not.
            wanted = answer.status_code == 429 or (answer.status_code == 503 and _code(answer) != "engine")
        if not wanted or self.left == 0:
            return None
        self.left -= 1
        self.wait_s *= 2
        stated = None if isinstance(answer, httpx.TransportError) else errors.of_answer(answer).retry_after_s
        wait_s = self.wait_s / 2 if stated is None else stated
        return wait_s if wait_s <= MAX_RETRY_S else None


BROKE_OFF = "the answer broke off before its last line"


def read[T](call: Call[T], response: httpx.Response) -> T:
    """The answer. Raises `ProblemError`."""
    if response.is_error:
        raise errors.of_answer(response)
    try:
        return call.read(response)
    except ValidationError as error:  # a proxy's page, or another service
        raise errors.of_something_else(response.status_code, response.text) from error


def candidate_of(line: str) -> tuple[int, Candidate] | None:
    """What a line of a streamed answer says; None: it is the last. Raises `ProblemError` when it is no good end, and
    `Unreachable` when it is no whole line."""
    try:
        said = _LINE.validate_json(line)
    except ValidationError as error:
        raise errors.Unreachable(f"{BROKE_OFF}: {line[:60]!r}") from error
    match said:
        case CandidateLine(sample=sample, candidate=candidate):
            return sample, candidate
        case ErrorLine(problem=problem):
            raise errors.of_problem(problem)
        case _:
            return None


class Until:
    """How long is still to be waited, in portions that the service allows. timeout_s None: for ever."""

    def __init__(self, timeout_s: float | None) -> None:
        self._end = None if timeout_s is None else time.monotonic() + timeout_s

    def next_wait_s(self) -> float:
        return WAIT_S if self._end is None else min(WAIT_S, max(0.0, self._end - time.monotonic()))

    def check(self, job: str) -> None:
        """Raises TimeoutError when it is late."""
        if self._end is not None and time.monotonic() >= self._end:
            raise TimeoutError(f"job {job} has not ended in time; it goes on")


def _code(response: httpx.Response) -> str:
    return errors.of_answer(response).code


def at(*parts: str) -> str:
    """The path of these parts, whatever is in them: a name never leads out of its place."""
    return "".join("/" + quote(part, safe="").replace(".", "%2E") for part in parts)


def fresh_key() -> dict[str, str]:
    """A header by which the service knows this request when it comes again."""
    return {KEY: secrets.token_hex(16)}


def model_of[M](model: type[M]) -> Callable[[httpx.Response], M]:
    adapter: TypeAdapter[M] = TypeAdapter(model)
    return lambda response: adapter.validate_json(response.content)


def _text(response: httpx.Response) -> str:
    return response.text


# --- each of them ------------------------------------------------------------------------------------


def generate(spec: GenerateSpec, deadline_s: float | None) -> Call[GenerateResult]:
    params = given_only(deadline_s=deadline_s)
    return Call("POST", "/generate", model_of(GenerateResult), params, spec, fresh_key(), LONG_S)


def generate_sdf(spec: GenerateSpec, deadline_s: float | None) -> Call[str]:
    like = generate(spec, deadline_s)
    return Call("POST", "/generate", _text, like.params, spec, {**like.headers, "Accept": SDF}, LONG_S)


def generate_lines(spec: GenerateSpec, deadline_s: float | None) -> Call[None]:
    """Read line by line, and not sent again: some lines may have been read."""
    params = given_only(deadline_s=deadline_s)
    return Call("POST", "/generate", lambda response: None, params, spec, {"Accept": NDJSON}, LONG_S)


def submit(spec: GenerateSpec, lane: LaneName, deadline_s: float | None, key: str | None) -> Call[JobStatus]:
    params = {"lane": lane, **given_only(deadline_s=deadline_s)}
    return Call("POST", "/jobs", model_of(JobStatus), params, spec, fresh_key() if key is None else {KEY: key})


def jobs(before: str | None) -> Call[JobList]:
    return Call("GET", "/jobs", model_of(JobList), {"limit": PAGE, **given_only(before=before)})


def status(job: str, wait_s: float) -> Call[JobStatus]:
    call = Call("GET", at("jobs", job), model_of(JobStatus), {"wait_s": wait_s})
    return replace(call, timeout_s=wait_s + MARGIN_S)


def cancel(job: str) -> Call[JobStatus]:
    return Call("DELETE", at("jobs", job), model_of(JobStatus))


def pause(job: str) -> Call[JobStatus]:
    return Call("POST", at("jobs", job, "pause"), model_of(JobStatus), again=True)


def resume(job: str) -> Call[JobStatus]:
    return Call("POST", at("jobs", job, "resume_run"), model_of(JobStatus), again=True)


def steer(job: str, blobs: Sequence[BlobLike] | None, freeze: Sequence[int]) -> Call[JobStatus]:
    wish = {"blobs": None if blobs is None else list(blobs), "freeze": list(freeze), "once": secrets.token_hex(16)}
    return Call("POST", at("jobs", job, "steer"), model_of(JobStatus), body=checked(Steering, wish), again=True)


def rewind(job: str, step: int) -> Call[JobStatus]:
    wish = checked(RewindTo, {"step": step, "once": secrets.token_hex(16)})
    return Call("POST", at("jobs", job, "rewind"), model_of(JobStatus), body=wish, again=True)


def branch(job: str, step: int, seed: int | None, lane: LaneName) -> Call[JobStatus]:
    wish = checked(BranchFrom, {"step": step, "seed": seed})
    return Call("POST", at("jobs", job, "branch"), model_of(JobStatus), {"lane": lane}, wish, fresh_key())


def topology(job: str) -> Call[Topology]:
    return Call("GET", at("jobs", job, "topology"), model_of(Topology))


def frames(job: str, last_seq: int) -> Call[bytes]:
    return Call("GET", at("jobs", job, "trajectory"), lambda response: response.content, {"last_seq": last_seq})


def trajectory_text(job: str, format: TrajectoryFormat) -> Call[str]:
    return Call("GET", at("jobs", job, "trajectory"), _text, {"format": format})


def model() -> Call[ModelCard]:
    return Call("GET", "/model", model_of(ModelCard))


def health() -> Call[Health]:
    return Call("GET", "/healthz", model_of(Health))
