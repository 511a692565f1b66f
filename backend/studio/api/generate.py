"""POST /generate: run a spec and answer when it is done."""

import asyncio
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import Response

from gpff.chemistry import Verdict, to_sdf
from studio.api.state import services
from studio.errors import JobCancelled, StudioError
from studio.job import Listener
from studio.protocol import GenerateResult, GenerateSpec, Problem

SDF = "chemical/x-mdl-sdfile"

router = APIRouter()

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_PROBLEMS = {400: "Not JSON", 413: "Over a limit", 422: "A field is wrong", 429: "Busy", 503: "No model"}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": GenerateResult, "content": {SDF: {"schema": {"type": "string"}}}},
    **{status: {"model": Problem, "description": what, "content": _PROBLEM} for status, what in _PROBLEMS.items()},
}


class _Answer(Listener):
    """Waits for the end of a job."""

    def __init__(self) -> None:
        self.result: asyncio.Future[GenerateResult] = asyncio.get_running_loop().create_future()

    def final(self, result: GenerateResult) -> None:
        if not self.result.done():
            self.result.set_result(result)

    def failed(self, error: StudioError) -> None:
        if not self.result.done():
            self.result.set_exception(error)


@router.post("/generate", response_model=GenerateResult, responses=_RESPONSES)
async def generate(spec: GenerateSpec, request: Request) -> Response:
    """Generate molecules. `Accept: chemical/x-mdl-sdfile` answers SDF, anything else JSON.

    The shortest body is `{"formula": "C7H8O2"}`. A client that goes away cancels its job.
    """
    answer = _Answer()
    client = "rest" if request.client is None else f"rest {request.client.host}"
    job = await services(request).jobs.start(spec, client, answer)
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((answer.result, gone), return_when=asyncio.FIRST_COMPLETED)
        if not answer.result.done():
            raise JobCancelled()
        result = answer.result.result()
    finally:
        gone.cancel()
        job.cancel()  # does nothing when it has ended
    if SDF in request.headers.get("accept", ""):
        return Response(sdf_of(result), media_type=SDF)
    return Response(result.model_dump_json(), media_type="application/json")


def sdf_of(result: GenerateResult) -> str:
    """One SDF record for each candidate, with its SMILES or the reason why there is none."""
    records = []
    for i, candidate in enumerate(result.candidates):
        verdict = Verdict(candidate.valid, candidate.smiles, candidate.reason, tuple(candidate.bonds))
        name = f"{result.job}-{i + 1}"
        records.append(to_sdf(np.array(candidate.numbers), np.array(candidate.positions), verdict, name))
    return "".join(records)


async def _gone(request: Request) -> None:
    """Returns when the client has closed its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
