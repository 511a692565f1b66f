"""What one job leaves in the metrics and in the log, and who may still be owed its end."""

import logging
import time
from collections.abc import Callable
from contextvars import copy_context

from studio import codec
from studio.door import Door
from studio.errors import Busy, StudioError
from studio.job import Job, Listener
from studio.metrics import Metrics
from studio.protocol import Candidate, GenerateResult

log = logging.getLogger(__name__)


class Meter(Listener):
    """Listens to a job from its start to its end."""

    def __init__(self, job: Job, metrics: Metrics, door: Door) -> None:
        self._job = job
        self._metrics = metrics
        self._door = door
        self._began = time.monotonic()
        self._context = copy_context()  # the engine's news come in a task of its own, which knows no request

    def queued(self, job: Job, position: int) -> None:
        fields = {"job": job.id, "owner": job.owner, "position": position, "steps": job.plan.steps}
        self._context.run(log.info, "job queued", extra=fields)

    def frame(self, frame: codec.Frame) -> None:
        if frame.seq == 1:
            self._metrics.first_frame.observe(time.monotonic() - self._began)
        self._metrics.frames.inc()
        if frame.flags & codec.FLAG_DROPPED:
            self._metrics.dropped.labels("engine").inc()

    def candidate(self, sample: int, candidate: Candidate) -> None:
        self._metrics.judged(candidate.valid, candidate.reason)

    def final(self, result: GenerateResult) -> None:
        valid = sum(candidate.valid for candidate in result.candidates)
        self._end("finished", {"candidates": len(result.candidates), "valid": valid})

    def failed(self, error: StudioError) -> None:
        refused = isinstance(error, Busy) and not self._job.taken
        self._end("refused" if refused else self._job.state, {"code": error.code, "detail": str(error)})

    def _end(self, how: str, facts: dict[str, object]) -> None:
        seconds = time.monotonic() - self._began
        self._metrics.jobs.labels(how).inc()
        self._metrics.run.observe(seconds)
        fields = {"job": self._job.id, "owner": self._job.owner, "seconds": round(seconds, 3), **facts}
        level = logging.WARNING if how == "failed" else logging.INFO
        self._context.run(log.log, level, "job %s", how, extra=fields)
        if self._job.taken and not self._job.followed:
            self._door.owe(self._job.id)


def meters(metrics: Metrics, door: Door) -> Callable[[Job], Listener]:
    """An observer for `Jobs`."""
    return lambda job: Meter(job, metrics, door)
