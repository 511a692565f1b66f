"""Jobs that are queued, looked at, steered and fetched later. Another owner's are not there."""

import asyncio
from contextlib import suppress
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.responses import StreamingResponse

from studio.api.accepted import preferred
from studio.api.following import REPLAYED, DeadlineS, IdempotencyKey, branch, following, start, unless_gone
from studio.api.generate import PROBLEMS
from studio.api.state import owner, services
from studio.api.stream import topology
from studio.api.trajectory_files import MEDIA_TYPES, written
from studio.api.wishes import Wish, grant
from studio.errors import StudioError, UnknownJob, report
from studio.job import Job
from studio.job_types import (
    MAX_PAGE,
    MAX_WAIT_S,
    BranchFrom,
    JobList,
    JobStatus,
    JobSummary,
    LaneName,
    RewindTo,
    TrajectoryFormat,
)
from studio.protocol import GenerateSpec, Pause, ResumeRun, Rewind, Steer, Steering, Topology

RETRY_AFTER_S = 1
CANCEL_WAIT_S = 5.0  # a step takes less

_HEADERS = {"Retry-After": {"schema": {"type": "string"}, "description": "While the job runs: when to ask again, in s"}}
_UNKNOWN: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (404, 422, 429)}
_WISHES: dict[int | str, dict[str, Any]] = {code: PROBLEMS[code] for code in (400, 404, 409, 413, 422, 429, 503)}
_FILES = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES.values()}

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.post("", status_code=202, responses={code: PROBLEMS[code] for code in (400, 413, 422, 429, 503)})
async def submit(
    spec: GenerateSpec,
    request: Request,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    deadline_s: DeadlineS = None,
    lane: LaneName = "batch",
) -> JobStatus:
    """Queue a job and answer at once; `Location` is where it is. It runs whether or not anyone follows it.

    Jobs in the interactive lane go ahead of those in the batch lane.
    """
    return await _begun(*await start(request, spec, idempotency_key, lane, deadline_s), request, response)


@router.get("", responses={code: PROBLEMS[code] for code in (422, 429)})
async def jobs(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    before: Annotated[str | None, Query(pattern=r"^[0-9]{1,10}$", description="`next` of the page before")] = None,
) -> JobList:
    """Your jobs that run and that are kept, the newest first."""
    found = services(request).jobs.of(owner(request), None if before is None else int(before))
    page = list(islice(found, limit))
    more = next(found, None) is not None
    return JobList(jobs=[JobSummary(**_facts(job)) for job in page], next=page[-1].id if more else None)


@router.get("/{id}", responses={200: {"headers": _HEADERS}, **_UNKNOWN})
async def status(
    id: str,
    request: Request,
    response: Response,
    wait_s: Annotated[
        float, Query(ge=0, le=MAX_WAIT_S, allow_inf_nan=False, description="Wait so long for the job to end")
    ] = 0,
) -> JobStatus:
    """A job's state, progress and, once it has ended, its result or what went wrong."""
    job = _find(request, id)
    await _wait(request, job, wait_s)
    return _status(job, response, request)


@router.delete("/{id}", responses={200: {"headers": _HEADERS}, **_UNKNOWN})
async def cancel(id: str, request: Request, response: Response) -> JobStatus:
    """Cancel a job. One that has ended stays as it is."""
    job = _find(request, id)
    job.cancel()
    await _wait(request, job, CANCEL_WAIT_S)
    return _status(job, response, request)


@router.post("/{id}/pause", responses=_WISHES)
async def pause(id: str, request: Request, response: Response) -> JobStatus:
    """Hold a job at its next step."""
    job = _find(request, id)
    return _granted(job, Pause(type="pause", job=job.id), response)


@router.post("/{id}/resume_run", responses=_WISHES)
async def resume_run(id: str, request: Request, response: Response) -> JobStatus:
    """Let a paused job go on."""
    job = _find(request, id)
    return _granted(job, ResumeRun(type="resume_run", job=job.id), response)


@router.post("/{id}/steer", responses=_WISHES)
async def steer(id: str, steering: Steering, request: Request, response: Response) -> JobStatus:
    """Move or reshape the blobs of a job and freeze atoms, from its next step on."""
    job = _find(request, id)
    asked = {name: getattr(steering, name) for name in Steering.model_fields}
    return _granted(job, Steer(type="steer", job=job.id, **asked), response)


@router.post("/{id}/rewind", responses=_WISHES)
async def rewind(id: str, to: RewindTo, request: Request, response: Response) -> JobStatus:
    """Let a job go on from a frame that is kept, as steered as it was then."""
    job = _find(request, id)
    return _granted(job, Rewind(type="rewind", job=job.id, step=to.step, once=to.once), response)


@router.post("/{id}/branch", status_code=202, responses=_WISHES)
async def branch_of(
    id: str,
    at: BranchFrom,
    request: Request,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    deadline_s: DeadlineS = None,
    lane: LaneName = "batch",
) -> JobStatus:
    """Queue a new job that goes on from a frame of one that runs or has ended; `Location` is where it is."""
    job = _find(request, id)
    return await _begun(*await branch(request, job, at, idempotency_key, lane, deadline_s), request, response)


@router.get("/{id}/topology", responses=_UNKNOWN)
async def topology_of(id: str, request: Request) -> Topology:
    """Which atoms each sample of a job has: what it takes to read frames."""
    return topology(_find(request, id))


@router.get(
    "/{id}/trajectory",
    response_class=Response,
    responses={200: {"content": _FILES, "description": "The kept frames"}, **_UNKNOWN},
)
async def trajectory(
    id: str,
    request: Request,
    format: TrajectoryFormat | None = None,
    last_seq: Annotated[int, Query(ge=0, description="Only frames after this sequence number")] = 0,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """All kept frames: binary as on the socket, extended XYZ, or a PDB file of one model for each frame.

    `format`, or else the Accept header, says which; the default is binary. One frame follows the other.
    """
    job = _find(request, id)
    form = format or _liked(accept)
    chunks = written(job, form, last_seq)
    name = f"job-{job.id}.{'bin' if form == 'frames' else form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(chunks, headers=headers, media_type=MEDIA_TYPES[form])


def _liked(accept: str | None) -> TrajectoryFormat:
    liked = preferred(accept, MEDIA_TYPES.values())
    return next(name for name, media_type in MEDIA_TYPES.items() if media_type == liked)


def _find(request: Request, id: str) -> Job:
    job = services(request).jobs.find(id, owner(request))
    if job is None:
        raise UnknownJob(ascii(id)[1:-1][:40])
    return job


def _granted(job: Job, wish: Wish, response: Response) -> JobStatus:
    grant(job, wish)
    return _status(job, response)


async def _begun(job: Job, new: bool, request: Request, response: Response) -> JobStatus:
    with following(services(request).jobs, job) as answer:
        await answer.taken()
    response.headers.update({"Location": f"/jobs/{job.id}", **({} if new else REPLAYED)})
    return _status(job, response)


async def _wait(request: Request, job: Job, wait_s: float) -> None:
    """Until the job has ended, but no longer than `wait_s`, nor when the client goes away."""
    if job.ended or wait_s == 0:
        return
    with following(services(request).jobs, job) as answer, suppress(TimeoutError, StudioError):  # its status tells how
        await asyncio.wait_for(unless_gone(request, answer.ended()), wait_s)


def _status(job: Job, response: Response, reader: Request | None = None) -> JobStatus:
    if not job.ended:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    elif reader is not None:
        services(reader).door.collected(job.id)
    error = None if job.error is None else report(job.error).problem()
    return JobStatus(**_facts(job), result=job.result, error=error)


def _facts(job: Job) -> dict[str, Any]:
    step, steps = job.progress
    return {
        "job": job.id,
        "state": job.state,
        "created": job.created,
        "seed": job.spec.seed,
        "n_samples": len(job.plan.ptr) - 1,
        "step": step,
        "steps": steps,
        "seq": job.seq,
    }
