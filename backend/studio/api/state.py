"""What the endpoints share; it lives in `app.state` for as long as the application does."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import HTTPConnection

from gpff.elements import SYMBOLS
from gpff.spec import SAMPLERS
from studio.engine.home import EngineHome
from studio.engine.messages import Loaded
from studio.jobs import Jobs
from studio.protocol import ModelCard
from studio.settings import Settings


@dataclass(frozen=True)
class Services:
    settings: Settings
    engine: EngineHome
    jobs: Jobs


def services(connection: HTTPConnection) -> Services:
    """The services of the application that got this request or socket."""
    return cast(Services, connection.app.state.services)


def card(model: Loaded) -> ModelCard:
    """The model as clients are told of it."""
    return ModelCard(
        name=model.name,
        hash=model.hash,
        device=model.device,
        elements=sorted(SYMBOLS),
        samplers=list(SAMPLERS),
        manifest=model.manifest,
    )
