"""POST /generate: run a spec and answer when it is done, or candidate by candidate."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Header, Request
from starlette.responses import Response, StreamingResponse

from gpff.chemistry import Verdict, to_sdf
from studio.api.accepted import preferred
from studio.api.answers import PROBLEM
from studio.api.following import REPLAYED, DeadlineS, IdempotencyKey, following, start, unless_gone
from studio.api.state import services
from studio.errors import JobCancelled, StudioError, report
from studio.job import Job
from studio.job_types import CandidateLine, EndLine, ErrorLine
from studio.jobs import Jobs
from studio.protocol import GenerateResult, GenerateSpec, Problem, Wire

JSON, SDF, NDJSON = "application/json", "chemical/x-mdl-sdfile", "application/x-ndjson"

router = APIRouter(tags=["generate"])

_PROBLEMS = {
    400: "Not JSON",
    404: "No such job, or no longer",
    409: "The job was cancelled, or has ended",
    413: "Over a limit",
    422: "A field is wrong, or the idempotency key came with another request before",
    429: "Busy",
    503: "No model, or the service is about to end",
    504: "The deadline passed",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": what, "content": PROBLEM} for status, what in _PROBLEMS.items()
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": GenerateResult,
        "content": {SDF: {"schema": {"type": "string"}}, NDJSON: {"schema": {"type": "string"}}},
    },
    **{code: PROBLEMS[code] for code in PROBLEMS if code != 404},
}


@router.post("/generate", response_model=GenerateResult, responses=_RESPONSES)
async def generate(
    spec: GenerateSpec,
    request: Request,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    idempotency_key: IdempotencyKey = None,
    deadline_s: DeadlineS = None,
) -> Response:
    """Generate molecules. The shortest body is `{"formula": "C7H8O2"}`.

    `Accept: chemical/x-mdl-sdfile` answers SDF. `Accept: application/x-ndjson` answers a line for each candidate as
    soon as it is judged, and a last line of type `end` or `error`. Anything else answers JSON.

    A client that goes away cancels its job; with an idempotency key the job goes on for a while, and the same request
    fetches its result.
    """
    media_type = preferred(accept, (JSON, SDF, NDJSON))
    shared = services(request)
    job, new = await start(request, spec, idempotency_key, "interactive", deadline_s)
    headers = {} if new else REPLAYED
    alone = idempotency_key is None
    if media_type == NDJSON:
        lines = _lines(shared.jobs, job, alone)
        first = await unless_gone(request, anext(lines))  # what goes wrong before it is a problem document still
        return StreamingResponse(_joined(request, first, lines), headers=headers, media_type=NDJSON)
    with following(shared.jobs, job, alone) as answer:
        result = await unless_gone(request, answer.ended())
    if media_type == SDF:
        return Response(await asyncio.to_thread(sdf_of, result), headers=headers, media_type=SDF)
    return Response(result.model_dump_json(), headers=headers, media_type=JSON)


def sdf_of(result: GenerateResult) -> str:
    """One SDF record for each candidate, with its SMILES or the reason why there is none."""
    records = []
    for i, candidate in enumerate(result.candidates):
        verdict = Verdict(candidate.valid, candidate.smiles, candidate.reason, tuple(candidate.bonds))
        name = f"{result.job}-{i + 1}"
        records.append(to_sdf(np.array(candidate.numbers), np.array(candidate.positions), verdict, name))
    return "".join(records)


async def _lines(jobs: Jobs, job: Job, alone: bool) -> AsyncGenerator[str]:
    """A job as lines of JSON. Raises the `StudioError` that it ends with when that comes before the first line."""
    begun = False
    with following(jobs, job, alone) as answer:
        try:
            async for sample, candidate in answer.candidates():
                begun = True
                yield _line(CandidateLine(job=job.id, sample=sample, candidate=candidate))
            yield _line(_end(await answer.ended()))
        except StudioError as error:
            if not begun:
                raise
            yield _line(ErrorLine(job=job.id, problem=report(error).problem()))


async def _joined(request: Request, first: str, lines: AsyncGenerator[str]) -> AsyncIterator[str]:
    """All lines, as long as there is someone to read them."""
    async with aclosing(lines):
        yield first
        with suppress(StopAsyncIteration, JobCancelled):
            while True:
                yield await unless_gone(request, anext(lines))


def _end(result: GenerateResult) -> EndLine:
    facts = result.model_dump(exclude={"candidates"})
    return EndLine(**facts)


def _line(line: Wire) -> str:
    return line.model_dump_json() + "\n"
