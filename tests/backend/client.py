"""A real server in a thread, and a small client of its socket."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from studio.codec import Frame, decode_all
from studio.server import server
from studio.settings import Settings

PATIENCE_S = 30.0
PLAIN: dict[str, Any] = {"timeout": PATIENCE_S, "verify": False}  # to read certificates for each request takes long


@dataclass(frozen=True)
class Live:
    """A running server."""

    port: int
    server: uvicorn.Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def engine(self) -> Any:
        return self.server.config.app.state.services.engine  # type: ignore[union-attr]

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return httpx.get(self.url + path, **PLAIN, **kwargs)

    def post(self, path: str, **kwargs: Any) -> httpx.Response:
        return httpx.post(self.url + path, **PLAIN, **kwargs)

    def wait_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.get("/readyz").status_code != 200:
            assert time.monotonic() < deadline, self.get("/readyz").text
            time.sleep(0.02)


def settings(factory: str, **overrides: Any) -> Settings:
    """Settings for a test: an analytic field, a free port, no page."""
    fixed: dict[str, Any] = {
        "engine_factory": f"fields:{factory}",
        "port": 0,
        "log_level": "error",
        "rate_requests": "",
        "rate_jobs": "",
        "drain_s": 0,
        "database": "sqlite://",
    }
    folders = {"frontend": Path("/nonexistent"), "data": Path("/nonexistent")}
    return Settings(**{**fixed, **folders, **overrides})


@contextmanager
def running(options: Settings, ready: bool = True) -> Iterator[Live]:
    """The service on a real port, until the block ends."""
    uvicorn_server = server(options)
    # Of a socket that names its protocol, asyncio turns Nagle's delays off.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=uvicorn_server.run, kwargs={"sockets": [listener]})
    thread.start()
    live = Live(listener.getsockname()[1], uvicorn_server)
    try:
        while not uvicorn_server.started and thread.is_alive():
            time.sleep(0.005)
        if ready:
            live.wait_ready()
        yield live
    finally:
        uvicorn_server.should_exit = True
        thread.join()
        listener.close()


@dataclass
class Story:
    """Everything that was said of one job, in the order in which it came."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    order: list[str] = field(default_factory=list)

    def one(self, kind: str) -> dict[str, Any]:
        found = [message for message in self.messages if message["type"] == kind]
        assert len(found) == 1, f"{len(found)} messages of type {kind} in {self.order}"
        return found[0]


class Client:
    """Sends messages, and sorts what comes back by job."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.stories: dict[str, Story] = {}
        self._requests: dict[str, str] = {}

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> dict[str, Any] | Frame:
        """The next message of any kind."""
        data = await asyncio.wait_for(self.connection.recv(), PATIENCE_S)
        if isinstance(data, bytes):
            (frame,) = decode_all(data)  # nobody here asks for bundles
            story = self.stories.setdefault(str(frame.job), Story())
            story.frames.append(frame)
            story.order.append("frame")
            return frame
        message: dict[str, Any] = json.loads(data)
        if message.get("job") is not None:
            story = self.stories.setdefault(message["job"], Story())
            story.messages.append(message)
            story.order.append(message["type"])
        return message

    async def until(self, *kinds: str, **values: Any) -> dict[str, Any]:
        """Receive until there is a message of one of `kinds` with these values."""
        while True:
            message = await self.receive()
            if isinstance(message, Frame) or message["type"] not in kinds:
                continue
            if all(message.get(name) == value for name, value in values.items()):
                return message

    async def accepted(self, req_id: str, **spec: Any) -> str:
        """Start a job; its number once it is accepted."""
        await self.send(type="start", req_id=req_id, spec=spec)
        answer = await self.until("accepted", "error", "busy", req_id=req_id)
        assert answer["type"] == "accepted", answer
        return str(answer["job"])

    async def run(self, req_id: str = "r", **spec: Any) -> Story:
        """Start a job and follow it to its end."""
        job = await self.accepted(req_id, **spec)
        await self.until("final", "error", job=job)
        return self.stories[job]


@asynccontextmanager
async def connected(live: Live, **kwargs: Any) -> AsyncIterator[Client]:
    """A client on a socket of its own."""
    options: dict[str, Any] = {"subprotocols": [Subprotocol("gpff.v1")], "compression": None, "max_queue": None}
    async with websockets.connect(f"ws://127.0.0.1:{live.port}/ws", **{**options, **kwargs}) as connection:
        yield Client(connection)
