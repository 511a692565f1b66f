"""What the endpoints share; it lives in `app.state` for as long as the application does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from starlette.requests import HTTPConnection

from gpff.elements import SYMBOLS
from gpff.spec import SAMPLERS
from studio.chemist import Chemist
from studio.door import Door
from studio.engine.home import EngineHome
from studio.engine.messages import Loaded
from studio.jobs import Jobs
from studio.keys import Keys
from studio.metrics import Metrics
from studio.protocol import ModelCard
from studio.rates import Rates
from studio.settings import Settings
from studio.store.store import Store


@dataclass(frozen=True)
class Services:
    settings: Settings
    engine: EngineHome
    jobs: Jobs
    keys: Keys
    rates: Rates = field(default_factory=lambda: Rates("", ""))
    metrics: Metrics = field(default_factory=Metrics)
    door: Door = field(default_factory=Door)
    chemist: Chemist = field(default_factory=Chemist)
    store: Store = field(default_factory=lambda: Store("sqlite://"))


def services(connection: HTTPConnection) -> Services:
    """The services of the application that got this request or socket."""
    return cast(Services, connection.app.state.services)


def owner(connection: HTTPConnection) -> str:
    """Whose jobs and designs this request or socket may see: the name of its API key, "local" without keys.

    A request has shown its key by the time an endpoint runs. A socket may show it in `hello` instead: see
    `studio.keys.Keys.owner`. Raises `Unauthorized`.
    """
    return services(connection).keys.owner(presented_key(connection.headers))


def visitor(connection: HTTPConnection) -> str:
    """Whose rate this counts against: the owner where there are keys, else the address. Raises `Unauthorized`."""
    keys = services(connection).keys
    return owner(connection) if keys.required else address(connection)


def address(connection: HTTPConnection) -> str:
    """Where the connection comes from, as far as it is known."""
    return "unknown" if connection.client is None else connection.client.host


def presented_key(headers: Mapping[str, str]) -> str | None:
    """The API key in `Authorization: Bearer` or `X-API-Key`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key")


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
