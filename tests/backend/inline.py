"""An engine that lives in the event loop of the test, and a judge that says what it is told to."""

import asyncio
from collections.abc import Callable

from fields import Harmonic

from gpff.chemistry import Verdict
from gpff.molecules import Floats, Ints
from studio.engine.engine import Engine
from studio.engine.home import EngineState, Listener
from studio.engine.messages import Command, JobEvent, Loaded, Start
from studio.engine.scheduler import Scheduler
from studio.judge import Judge, Pace


class InlineEngine:
    """Steps when told to, or by itself after `start`."""

    state = EngineState.READY
    detail = None
    restarts = 0
    model: Loaded | None = Loaded("inline", "f" * 64, "cpu", {})

    def __init__(self, forces: Harmonic | None = None, running: int = 8, waiting: int = 8) -> None:
        self._engine = Engine(forces or Harmonic(), Scheduler(10**6, running, waiting))
        self._listeners: dict[int, Listener] = {}
        self._task: asyncio.Task[None] | None = None
        self.started: list[Start] = []
        self.hold = False  # events are on their way, and arrive with `release`
        self._held: list[JobEvent] = []

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self.step()
            await asyncio.sleep(0)

    def step(self) -> None:
        self._deliver(self._engine.step())

    def submit(self, start: Start, listener: Listener) -> None:
        self.started.append(start)
        self._listeners[start.job] = listener
        self._deliver(self._engine.handle(start))

    def send(self, command: Command) -> None:
        self._deliver(self._engine.handle(command))

    def release(self) -> None:
        """Deliver what was held back."""
        self.hold = False
        held, self._held = self._held, []
        self._deliver(held)

    def _deliver(self, events: list) -> None:  # type: ignore[type-arg]
        if self.hold:
            self._held += events
            return
        for event in events:
            job_event: JobEvent = event
            self._listeners[job_event.job](job_event)


class TellingJudge(Judge):
    """Answers with `opinion(numbers, positions)`, at once or when `gate` opens."""

    def __init__(self, opinion: Callable[[Ints, Floats], Verdict]) -> None:
        self.pace = Pace()
        self.opinion = opinion
        self.gate = asyncio.Event()
        self.gate.set()
        self.glimpses = 0

    async def final(self, numbers: Ints, positions: Floats) -> Verdict:
        await self.gate.wait()
        return self.opinion(numbers, positions)

    async def glimpse(self, numbers: Ints, positions: Floats) -> Verdict:
        self.glimpses += 1
        return self.opinion(numbers, positions)
