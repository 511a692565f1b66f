"""Jobs that a request starts and follows: once for each idempotency key, until their end, candidate by candidate."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Header, Query, Request

from studio.api.state import owner, services, visitor
from studio.engine.scheduler import Lane
from studio.errors import Busy, JobCancelled, StudioError
from studio.job import Job, Listener
from studio.job_types import BranchFrom
from studio.jobs import Jobs
from studio.protocol import Candidate, GenerateResult, GenerateSpec
from studio.receipts import HEADER, MAX_KEY


def key_header(description: str) -> Any:
    """The header `Idempotency-Key`; `description` says what comes of a key that came before."""
    return Header(min_length=1, max_length=MAX_KEY, pattern=r"^[\x20-\x7e]+$", description=description)


IdempotencyKey = Annotated[
    str | None,
    key_header("Requests of one owner with the same key and content start one job, for as long as it is kept"),
]
DeadlineS = Annotated[
    float | None,
    Query(gt=0, le=86_400, allow_inf_nan=False, description="Seconds from now after which the job ends in any case"),
]

REPLAYED = {"Idempotent-Replayed": "true"}


class Answer(Listener):
    """Hears a job to its end: `result` or `error`."""

    def __init__(self) -> None:
        self.result: GenerateResult | None = None
        self.error: StudioError | None = None
        self._candidates: asyncio.Queue[tuple[int, Candidate] | None] = asyncio.Queue()
        self._taken = asyncio.Event()
        self._ended = asyncio.Event()

    def queued(self, job: Job, position: int) -> None:
        self._taken.set()

    def candidate(self, sample: int, candidate: Candidate) -> None:
        self._candidates.put_nowait((sample, candidate))

    def final(self, result: GenerateResult) -> None:
        self.result = result
        self._end()

    def failed(self, error: StudioError) -> None:
        self.error = error
        self._end()

    async def taken(self) -> None:
        """Returns once the job is queued. Raises `Busy` when it never will be."""
        await self._taken.wait()
        if isinstance(self.error, Busy):
            raise self.error

    async def ended(self) -> GenerateResult:
        """The result. Raises the `StudioError` that the job ended with."""
        await self._ended.wait()
        if self.result is None:
            assert self.error is not None, "a job ends with one of them"
            raise self.error
        return self.result

    async def candidates(self) -> AsyncIterator[tuple[int, Candidate]]:
        """Each sample's candidate, in the order in which they are known. Raises as `ended` does."""
        told = set()
        while (news := await self._candidates.get()) is not None:
            told.add(news[0])
            yield news
        for sample, candidate in enumerate((await self.ended()).candidates):
            if sample not in told:  # before anyone listened
                yield sample, candidate

    def _end(self) -> None:
        self._taken.set()
        self._ended.set()
        self._candidates.put_nowait(None)


@contextmanager
def following(jobs: Jobs, job: Job, alone: bool = False) -> Iterator[Answer]:
    """Hear a job, from now on or from its end, until the block ends. `alone`: it is for no one else, and ends then."""
    answer = Answer()
    if job.result is not None:
        answer.final(job.result)
    elif job.error is not None:
        answer.failed(job.error)
    else:
        if job.taken:
            answer.queued(job, 0)
        jobs.follow(job, answer)
    try:
        yield answer
    finally:
        jobs.leave(job, answer)
        if alone:
            job.cancel()  # does nothing when it has ended


async def start(
    request: Request, spec: GenerateSpec, key: str | None, lane: Lane, deadline_s: float | None
) -> tuple[Job, bool]:
    """A job for this request, or the one that its idempotency key has started; and whether it is new.

    It goes on when no one follows it. Raises as `Jobs.start` does.
    """
    shared, name, client = services(request), owner(request), f"rest {visitor(request)}"

    async def begin() -> Job:
        return await shared.jobs.start(spec, client, owner=name, lane=lane, deadline_s=deadline_s)

    return await once(request, key, (lane, repr(deadline_s), spec.model_dump_json(by_alias=True)), begin)


async def branch(
    request: Request, job: Job, asked: BranchFrom, key: str | None, lane: Lane, deadline_s: float | None
) -> tuple[Job, bool]:
    """As `start`, of a job that goes on from a frame of another. Raises as `Jobs.branch` does."""
    client = f"rest {visitor(request)}"

    async def begin() -> Job:
        return services(request).jobs.branch(job, asked.step, asked.seed, client, lane=lane, deadline_s=deadline_s)

    return await once(request, key, (lane, repr(deadline_s), asked.model_dump_json()), begin)


async def once(
    request: Request, key: str | None, asked: tuple[str, ...], begin: Callable[[], Awaitable[Job]]
) -> tuple[Job, bool]:
    """The job that `begin` starts, or the one that it started for the same key; and whether it is new.

    Raises `Draining` and `Busy` when it would be new, and the service is about to end or the owner's rate is spent.
    """
    shared = services(request)

    async def admitted() -> Job:
        shared.door.check()
        if HEADER in request.headers:  # what has none was counted at the gate
            await shared.rates.job(visitor(request))
        return await begin()

    if key is None:
        return await admitted(), True
    digest = hashlib.sha256("\n".join((request.scope["path"], *asked)).encode("utf-8", "backslashreplace")).digest()
    job, new = await shared.jobs.receipts.once(owner(request), key, digest, admitted)
    if job.ended:
        shared.door.collected(job.id)
    return job, new


async def gone(request: Request) -> None:
    """Returns when the client has closed its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def unless_gone[T](request: Request, answer: Awaitable[T]) -> T:
    """What `answer` comes to. Raises `JobCancelled`, which no one will read, when the client goes away before."""
    task, departure = asyncio.ensure_future(answer), asyncio.create_task(gone(request))
    try:
        await asyncio.wait((task, departure), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise JobCancelled()
        return task.result()
    finally:
        for one in (task, departure):
            one.cancel()
        await asyncio.gather(task, departure, return_exceptions=True)
