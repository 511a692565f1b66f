"""Where an engine lives, as the web process sees it. `LocalEngine` is one such home."""

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from studio.engine.messages import Cancel, JobEvent, Loaded, Pause, Report, Resume, Rewind, Start, Steer

type Listener = Callable[[JobEvent], None]
"""Called in the event loop with each event of one job, in order: `Queued`, then snapshots and `Steered`, and exactly
one of `Done`, `Cancelled`, `Expired` and `Crashed` last; or `Refused` alone."""

type Order = Cancel | Pause | Resume | Steer | Rewind
"""What a job that was started can be told."""


class EngineState(Enum):
    """Of a home, not of a job."""

    LOADING = "loading"  # also after a death: jobs are taken and wait
    READY = "ready"  # the model is warm
    FAILED = "failed"  # the model cannot be loaded; jobs are refused, and loading is tried again
    CLOSED = "closed"


class EngineHome(Protocol):
    """An engine and its life. All methods belong to the event loop that called `start`."""

    @property
    def state(self) -> EngineState: ...

    @property
    def detail(self) -> str | None:
        """What is wrong, when something is."""

    @property
    def model(self) -> Loaded | None:
        """The model at work, once there has been one."""

    @property
    def last_report(self) -> Report | None:
        """How the engine did in its newest step."""

    @property
    def restarts(self) -> int:
        """How often the engine's process has been replaced."""

    on_report: Callable[[Report], None] | None
    """Called in the event loop with each report."""

    async def start(self) -> None:
        """Begin to load; returns at once."""

    async def close(self) -> None:
        """End the engine. Jobs that still run get `Crashed`."""

    def submit(self, start: Start, listener: Listener) -> None:
        """Queue a job. Raises `NotReady` when there is no model and none is loading."""

    def send(self, order: Order) -> None:
        """Pass an order on; one for a job that has ended does nothing."""
