"""Where an engine lives, as the web process sees it. `LocalEngine` is one such home."""

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from studio.engine.messages import Cancel, JobEvent, Loaded, Pause, Resume, Start

type Listener = Callable[[JobEvent], None]
"""Called in the event loop with each event of one job, in order: `Queued`, then snapshots, and exactly one of
`Done`, `Cancelled` and `Crashed` last; or `Refused` alone."""


class EngineState(Enum):
    """Of a home, not of a job."""

    LOADING = "loading"  # jobs are taken and wait
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

    async def start(self) -> None:
        """Begin to load; returns at once."""

    async def close(self) -> None:
        """End the engine. Jobs that still run get `Crashed`."""

    def submit(self, start: Start, listener: Listener) -> None:
        """Queue a job. Raises `NotReady` when there is no model and none is loading."""

    def send(self, command: Cancel | Pause | Resume) -> None:
        """Pass a command on; one for a job that has ended does nothing."""
