"""Which model is at work."""

from fastapi import APIRouter, Request

from studio.api.answers import PROBLEM
from studio.api.state import card, services
from studio.errors import NotReady
from studio.protocol import ModelCard

router = APIRouter()


@router.get("/model", responses={503: {"description": "The model is loading", "content": PROBLEM}})
async def model(request: Request) -> ModelCard:
    """The model card: name, hash of the weights, and what was recorded at their training."""
    engine = services(request).engine
    if engine.model is None:
        raise NotReady(engine.detail or "the model is loading")
    return card(engine.model)
