"""Whether the service is well, for whatever watches over it."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from studio.api.state import Services, services
from studio.engine.home import EngineState
from studio.protocol import Health

router = APIRouter()


@router.get("/healthz")
async def healthz() -> Health:
    """Liveness: this process answers."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Health}})
async def readyz(request: Request, response: Response) -> Health:
    """Readiness: the model is loaded and has been evaluated, and new jobs are taken.

    Designs that cannot be saved for now make nothing unready: `detail` says so.
    """
    found = readiness(services(request))
    if found.status != "ok":
        response.status_code = 503
        response.headers["Retry-After"] = "2"
    return found


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}, "description": "Metrics"}},
)
async def metrics(request: Request) -> Response:
    """What is counted and timed, in the text format of Prometheus."""
    shared = services(request)
    shared.metrics.ready.set(readiness(shared).status == "ok")
    shared.metrics.store_up.set(shared.store.trouble is None)
    shared.metrics.unfinished.set(len(shared.jobs))
    shared.metrics.restarts.set(shared.engine.restarts)
    return Response(shared.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def readiness(shared: Services) -> Health:
    """Whether a job that came now would run."""
    engine = shared.engine
    if shared.door.closed:
        return Health(status="failed", detail="the service is about to end")
    if engine.state is EngineState.READY:
        return Health(status="ok", detail=shared.store.trouble)
    loading = engine.state is EngineState.LOADING
    return Health(status="loading" if loading else "failed", detail=engine.detail)
