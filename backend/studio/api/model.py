"""Which model is at work."""

from fastapi import APIRouter, Request

from studio.api.state import card, services
from studio.errors import NotReady
from studio.protocol import ModelCard

router = APIRouter()


@router.get("/model")
async def model(request: Request) -> ModelCard:
    """The model card: name, hash of the weights, and what was recorded at their training."""
    engine = services(request).engine
    if engine.model is None:
        raise NotReady(engine.detail or "the model is loading")
    return card(engine.model)
