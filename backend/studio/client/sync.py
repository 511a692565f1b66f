"""The client for ordinary code: every call waits for its answer."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Literal, Self

import httpx

from studio.client import calls, errors
from studio.client.calls import Attempts, Call
from studio.client.designs import Designs
from studio.client.molecules import Molecules
from studio.client.story import EVERY_MS, WINDOW, Story, start_of
from studio.client.sync_run import Run
from studio.client.trajectory import Trajectory, trajectory_of
from studio.client.wiring import DEFAULT_URL, Wiring
from studio.client.wishes import BlobLike, SpecLike, spec_of
from studio.job_types import JobStatus, JobSummary, LaneName
from studio.protocol import Candidate, GenerateResult, Health, ModelCard


class Client:
    """The service at `url`; the other arguments are those of `studio.client.wiring.Wiring`.

    Every method raises `ProblemError` for what the service refuses and `Unreachable` when it is not there. A client
    may be used by several threads. `transport` is httpx's, for tests.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        retries: int = 3,
        patience_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._wiring = Wiring(url, key, timeout_s, retries, patience_s)
        self._http = httpx.Client(base_url=url, headers=self._wiring.headers, transport=transport)
        self.molecules = Molecules(self._ask)
        self.designs = Designs(self._ask)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # --- molecules, at once --------------------------------------------------------------------------

    def generate(self, spec: SpecLike, /, *, deadline_s: float | None = None, **fields: Any) -> GenerateResult:
        """Run a spec and wait for its result. `fields` are those of `GenerateSpec`, such as n_samples, steps, seed."""
        return self._ask(calls.generate(spec_of(spec, fields), deadline_s))

    def generate_sdf(self, spec: SpecLike, /, *, deadline_s: float | None = None, **fields: Any) -> str:
        """The same, as an SDF file."""
        return self._ask(calls.generate_sdf(spec_of(spec, fields), deadline_s))

    def each_candidate(
        self, spec: SpecLike, /, *, deadline_s: float | None = None, **fields: Any
    ) -> Iterator[tuple[int, Candidate]]:
        """The same, as pairs of sample and candidate, each as soon as it is judged."""
        call = calls.generate_lines(spec_of(spec, fields), deadline_s)
        with closing(self._answer(call, stream=True)) as response:
            calls.read(call, response)
            try:
                for line in response.iter_lines():
                    if (found := calls.candidate_of(line)) is None:
                        return
                    yield found
            except httpx.TransportError as error:
                raise errors.Unreachable(f"{calls.BROKE_OFF}: {error}") from error
            raise errors.Unreachable(calls.BROKE_OFF)  # a proxy may make a good end of a bad one

    # --- molecules, step by step ---------------------------------------------------------------------

    def stream(
        self,
        spec: SpecLike,
        /,
        *,
        window: int = WINDOW,
        every_ms: int | None = EVERY_MS,
        deadline_s: float | None = None,
        **fields: Any,
    ) -> Run:
        """Start a job and watch every step; see `Run`. window: most frames that may be under way to this reader.
        every_ms: frames that come within so many milliseconds come together, which takes less work; None: each alone.
        """
        start = start_of(spec_of(spec, fields), deadline_s)
        story = Story(start, key=self._wiring.key, window=window, every_ms=every_ms)
        return Run(self._wiring, story, ours=True)

    def follow(self, job: str, last_seq: int = 0, *, window: int = WINDOW, every_ms: int | None = EVERY_MS) -> Run:
        """Watch a job that was started elsewhere, from the frame after `last_seq`."""
        return Run(self._wiring, Story(None, job, last_seq, self._wiring.key, window, every_ms), ours=False)

    # --- jobs ----------------------------------------------------------------------------------------

    def submit(
        self,
        spec: SpecLike,
        /,
        *,
        lane: LaneName = "batch",
        deadline_s: float | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> "Job":
        """Queue a job and return at once. It goes on when this program ends."""
        status = self._ask(calls.submit(spec_of(spec, fields), lane, deadline_s, idempotency_key))
        return Job(self, status.job)

    def job(self, id: str) -> "Job":
        """A job by its number. Nothing is asked."""
        return Job(self, id)

    def jobs(self) -> Iterator[JobSummary]:
        """Your jobs that run and that are kept, the newest first."""
        before: str | None = None
        while True:
            page = self._ask(calls.jobs(before))
            yield from page.jobs
            if (before := page.next) is None:
                return

    def model(self) -> ModelCard:
        """Which weights are at work. Raises `Unavailable` while they load."""
        return self._ask(calls.model())

    def health(self) -> Health:
        """Whether the service answers."""
        return self._ask(calls.health())

    # -------------------------------------------------------------------------------------------------

    def _ask[T](self, call: Call[T]) -> T:
        return calls.read(call, self._answer(call))

    def _answer(self, call: Call[Any], stream: bool = False) -> httpx.Response:
        """An answer that asking again would not better."""
        attempts = Attempts(self._wiring.retries)
        while True:
            answer: httpx.Response | httpx.TransportError
            try:
                request = self._http.build_request(**call.arguments(self._wiring.timeout_s))
                answer = self._http.send(request, stream=stream)
                if answer.is_error:
                    answer.read()
            except httpx.TransportError as error:
                answer = error
            wait_s = attempts.again(call, answer)
            if wait_s is not None:
                time.sleep(wait_s)
            elif isinstance(answer, httpx.Response):
                return answer
            else:
                raise errors.Unreachable(f"{call.method} {call.path}: {answer or type(answer).__name__}") from answer


class Job:
    """A job of the service, by its number `id`."""

    def __init__(self, client: Client, id: str) -> None:
        self.id = id
        self._client = client

    def __repr__(self) -> str:
        return f"Job({self.id!r})"

    def status(self, wait_s: float = 0.0) -> JobStatus:
        """State and progress; `wait_s`, at most 60: wait so long for the end."""
        return self._client._ask(calls.status(self.id, wait_s))

    def result(self, timeout_s: float | None = None) -> GenerateResult:
        """The result, once it is there. Raises what the job ended with, and TimeoutError when it takes too long."""
        until = calls.Until(timeout_s)
        while True:
            status = self.status(until.next_wait_s())
            if status.result is not None:
                return status.result
            if status.error is not None:
                raise errors.of_problem(status.error)
            until.check(self.id)

    def cancel(self) -> JobStatus:
        """One that has ended stays as it is."""
        return self._client._ask(calls.cancel(self.id))

    def pause(self) -> JobStatus:
        """Hold it at its next step."""
        return self._client._ask(calls.pause(self.id))

    def resume(self) -> JobStatus:
        """After `pause`."""
        return self._client._ask(calls.resume(self.id))

    def steer(self, blobs: Sequence[BlobLike] | None = None, freeze: Sequence[int] = ()) -> JobStatus:
        """Move or reshape blobs (all of them, in its order), and fix atoms where they are, from its next step on."""
        return self._client._ask(calls.steer(self.id, blobs, freeze))

    def rewind(self, step: int) -> JobStatus:
        """Go on from a kept frame of this step."""
        return self._client._ask(calls.rewind(self.id, step))

    def branch(self, step: int, seed: int | None = None, *, lane: LaneName = "batch") -> "Job":
        """A new job from a kept frame of this one; with a `seed`, on fresh noise."""
        return Job(self._client, self._client._ask(calls.branch(self.id, step, seed, lane)).job)

    def trajectory(self, last_seq: int = 0) -> Trajectory:
        """All kept frames after `last_seq`, as arrays."""
        topology = self._client._ask(calls.topology(self.id))
        return trajectory_of(topology, self._client._ask(calls.frames(self.id, last_seq)))

    def trajectory_text(self, format: Literal["extxyz", "pdb"]) -> str:
        """All kept frames as a file."""
        return self._client._ask(calls.trajectory_text(self.id, format))

    def follow(self, last_seq: int = 0) -> Run:
        """Watch it step by step."""
        return self._client.follow(self.id, last_seq)
