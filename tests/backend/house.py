"""A service without sockets, whose engine is stepped by hand, and its clients."""

import asyncio
import json
from pathlib import Path
from typing import Any

from inline import InlineEngine, TellingJudge

from gpff.chemistry import Verdict
from gpff.spec import Limits
from studio import codec
from studio.api.session import Session
from studio.api.state import Services
from studio.codec import Frame
from studio.job import Workshop
from studio.jobs import Jobs
from studio.keys import Keys
from studio.settings import Settings

GOOD = Verdict(True, "C", None, ())


class House:
    """One service and its clients. Steps of the engine are taken by hand."""

    def __init__(self, engine: InlineEngine | None = None, keys: Path = Path("/nonexistent"), **bounds: Any) -> None:
        self.engine = engine or InlineEngine()
        self.judge = TellingJudge(lambda z, x: GOOD)
        limits = Limits(max_atoms_per_molecule=256, max_samples=64, max_steps=1024, max_total_atoms=4096)
        self.jobs = Jobs(Workshop(self.engine, self.judge, limits, rerun_rounds=2), **bounds)
        self.services = Services(Settings(), self.engine, self.jobs, Keys(keys))

    def client(self, name: str = "test", owner: str | None = "local") -> "Client":
        return Client(Session(self.services, name, owner))

    async def steps(self, n: int) -> None:
        for _ in range(n):
            self.engine.step()
            await asyncio.sleep(0)

    async def run_out(self) -> None:
        async with asyncio.timeout(20):
            while len(self.jobs):
                await self.steps(1)


class Client:
    def __init__(self, session: Session) -> None:
        self.session = session

    async def send(self, **message: Any) -> None:
        await self.session.receive(json.dumps(message))

    async def start(self, req_id: str = "a", **spec: Any) -> str:
        """Start a job; its number, of the message `accepted`."""
        await self.send(type="start", req_id=req_id, spec={"formula": "CH4", "steps": 20, "seed": 1, **spec})
        (accepted, topology) = await self.read(2)
        assert accepted["type"] == "accepted" and topology["type"] == "topology"
        return str(accepted["job"])

    async def read(self, n: int | None = None) -> list[Any]:
        """What waits, or the first `n` messages of it; frames decoded, each by itself."""
        got: list[Any] = []
        for message in await self.messages(n):
            got += message if isinstance(message, list) else [message]
        return got

    async def messages(self, n: int | None = None) -> list[Any]:
        """The same, each message by itself: a list of frames, or what a text says."""
        got: list[Any] = []
        while n is None or len(got) < n:
            try:
                data = await asyncio.wait_for(self.session.next(), 0.002)
            except TimeoutError:
                break
            got.append(codec.decode_all(data) if isinstance(data, bytes) else json.loads(data))
        return got

    async def answer(self) -> dict[str, Any]:
        """The one thing that waits."""
        (message,) = await self.read()
        return dict(message)


def frames(got: list[Any]) -> list[Frame]:
    return [item for item in got if isinstance(item, Frame)]


def seqs(got: list[Any]) -> list[int]:
    return [frame.seq for frame in frames(got)]


def types(got: list[Any]) -> list[str]:
    return ["frame" if isinstance(item, Frame) else item["type"] for item in got]
