"""Who hears of a job: its observers from the start, and whoever follows it for a while."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gpff.chemistry import Verdict
from studio import codec
from studio.errors import StudioError
from studio.protocol import Candidate, GenerateResult

if TYPE_CHECKING:
    from studio.job.job import Job

log = logging.getLogger(__name__)


class Listener:
    """What a job tells of itself, in this order. A listener overrides what it wants to hear."""

    def queued(self, job: Job, position: int) -> None:
        """The job was taken."""

    def frame(self, frame: codec.Frame) -> None:
        """A step. Frames without the flag KEY may be skipped."""

    def verdict(self, job: Job, sample: int, verdict: Verdict, seq: int) -> None:
        """What the bonds of a sample say at the frame `seq`, when that changes."""

    def candidate(self, sample: int, candidate: Candidate) -> None:
        """A candidate as it will be in the result, as soon as that is known."""

    def final(self, result: GenerateResult) -> None:
        """The end, when it is good."""

    def failed(self, error: StudioError) -> None:
        """The end, when it is not: `Busy` (never queued), `JobCancelled`, `JobExpired` or `EngineError`."""


class Audience:
    """The listeners of the job `name`. `observers` hear everything and do not count as followers."""

    def __init__(self, name: str, observers: Iterable[Listener]) -> None:
        self._name = name
        self._observers = list(observers)
        self._followers: list[Listener] = []

    @property
    def followed(self) -> bool:
        return bool(self._followers)

    def add(self, listener: Listener) -> None:
        self._followers.append(listener)

    def remove(self, listener: Listener) -> None:
        if listener in self._followers:
            self._followers.remove(listener)

    def tell(self, news: Callable[[Listener], None]) -> None:
        for listener in (*self._observers, *self._followers):
            try:
                news(listener)
            except Exception:  # one listener's fault is not another's
                log.exception("a listener of job %s failed", self._name)

    def dismiss(self) -> None:
        """The last has been told: nobody follows any more."""
        self._followers.clear()
