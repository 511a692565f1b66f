"""Which model is at work, and whether the service is well."""

from fastapi import APIRouter, Request, Response

from studio.api.state import card, services
from studio.engine.home import EngineState
from studio.errors import NotReady
from studio.protocol import Health, ModelCard

router = APIRouter()


@router.get("/model")
async def model(request: Request) -> ModelCard:
    """The model card: name, hash of the weights, and what was recorded at their training."""
    engine = services(request).engine
    if engine.model is None:
        raise NotReady(engine.detail or "the model is loading")
    return card(engine.model)


@router.get("/healthz")
async def healthz() -> Health:
    """Liveness: this process answers."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Health}})
async def readyz(request: Request, response: Response) -> Health:
    """Readiness: the model is loaded and has been evaluated."""
    engine = services(request).engine
    if engine.state is EngineState.READY:
        return Health(status="ok")
    response.status_code = 503
    loading = engine.state is EngineState.LOADING
    return Health(status="loading" if loading else "failed", detail=engine.detail)
