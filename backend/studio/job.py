"""One job from its spec to its result: the engine runs it, the judge reads its bonds, a listener hears of both.

Everything here happens in the event loop of the web process; nothing knows whether the listener is a socket.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from gpff.chemistry import Verdict
from gpff.plan import Plan, compile
from gpff.spec import Limits, Spec
from studio import codec
from studio.engine.home import EngineHome
from studio.engine.messages import (
    Cancel,
    Cancelled,
    Crashed,
    Done,
    JobEvent,
    Pause,
    Queued,
    Refused,
    Resume,
    Snapshot,
    Start,
)
from studio.errors import Busy, EngineError, JobCancelled, NotReady, StudioError
from studio.judge import Judge
from studio.protocol import Attempts, Candidate, GenerateResult, GenerateSpec, Timings
from studio.results import judged

log = logging.getLogger(__name__)

GLIMPSE_SIGMA = 0.3  # Å; above it the atoms are a cloud, and to ask for bonds is idle
GLIMPSE_EVERY_S = 0.1


class Listener:
    """What a job tells of itself, in this order. A listener overrides what it wants to hear."""

    def queued(self, job: "Job", position: int) -> None:
        """The job was taken."""

    def frame(self, frame: codec.Frame) -> None:
        """A step. Frames without the flag KEY may be skipped."""

    def verdict(self, job: "Job", sample: int, verdict: Verdict) -> None:
        """What the bonds of a sample say at the newest frame that was judged, when that changes."""

    def final(self, result: GenerateResult) -> None:
        """The end, when it is good."""

    def failed(self, error: StudioError) -> None:
        """The end, when it is not: `Busy` (never queued), `JobCancelled` or `EngineError`."""


@dataclass(frozen=True)
class Workshop:
    """What jobs need. `rerun_rounds`: how often `valid_only` may run every candidate again."""

    engine: EngineHome
    judge: Judge
    limits: Limits
    rerun_rounds: int


class Job:
    """Runs once. `number` is its name in frames, `id` everywhere else."""

    def __init__(
        self,
        number: int,
        wire: GenerateSpec,
        spec: Spec,
        plan: Plan,
        client: str,
        listener: Listener,
        workshop: Workshop,
        new_number: Callable[[], int],
    ) -> None:
        self.number = number
        self.id = str(number)
        self.spec = spec
        self.plan = plan
        self.seq = 0
        self._wire = wire
        self._client = client
        self._listener = listener
        self._workshop = workshop
        self._new_number = new_number
        self._when_ended: list[Callable[[], object]] = []
        self._running_as: int | None = None  # its number in the engine: another one in a rerun
        self._finishing: asyncio.Task[None] | None = None
        self._glimpsing: asyncio.Task[None] | None = None
        self._glimpsed_at = -math.inf
        self._verdicts: dict[int, Verdict] = {}
        self._submitted = self._began = 0.0
        self.ended = False

    def start(self) -> None:
        """Hand the job to the engine. Raises `NotReady` when there is none."""
        self._submitted = self._began = time.monotonic()
        self._running_as = self.number
        start = Start(self.number, self._client, self.plan, self._wire.stride)
        try:
            self._workshop.engine.submit(start, self._on_event)
        except NotReady:
            self._close()
            raise

    def when_ended(self, callback: Callable[[], object]) -> None:
        """Call back once the job has ended, well or not, or was never taken; at once when it has already."""
        if self.ended:
            callback()
        else:
            self._when_ended.append(callback)

    def cancel(self) -> None:
        """End at the next step, or at once when only the verdicts are missing."""
        if self._running_as is not None:
            self._workshop.engine.send(Cancel(self._running_as))
        elif not self.ended:
            self._fail(JobCancelled())

    def pause(self) -> None:
        if self._running_as is not None:
            self._workshop.engine.send(Pause(self._running_as))

    def resume(self) -> None:
        if self._running_as is not None:
            self._workshop.engine.send(Resume(self._running_as))

    # --- what the engine says ------------------------------------------------------------------------

    def _on_event(self, event: JobEvent) -> None:
        match event:
            case Queued():
                self._listener.queued(self, event.position)
            case Snapshot():
                self._show(event)
                self._glimpse(event)
            case Done():
                self._running_as = None
                self._show(event.last, codec.FLAG_FINAL)
                self._finishing = asyncio.create_task(self._finish(event), name=f"finish {self.id}")
            case Refused():
                self._fail(Busy(event.detail, event.retry_after_s))
            case Cancelled():
                self._fail(JobCancelled())
            case Crashed():
                self._fail(EngineError(event.detail))

    def _show(self, snapshot: Snapshot, flags: int = 0) -> None:
        if self.seq == 0:
            self._began = time.monotonic()
        if self.seq == 0 or flags & codec.FLAG_FINAL:
            flags |= codec.FLAG_KEY
        if snapshot.dropped:
            flags |= codec.FLAG_DROPPED
        self.seq += 1
        frame = codec.Frame(
            job=self.number,
            seq=self.seq,
            step=snapshot.step,
            t_server_us=time.time_ns() // 1000,
            positions=snapshot.positions,
            sigma_hat=snapshot.sigma_hat,
            rms_force=snapshot.rms_force,
            flags=flags,
        )
        self._listener.frame(frame)

    # --- verdicts on the way -------------------------------------------------------------------------

    def _glimpse(self, snapshot: Snapshot) -> None:
        """Judge what may be a molecule already, at most one frame at a time."""
        formed = [i for i, sigma in enumerate(snapshot.sigma_hat) if sigma < GLIMPSE_SIGMA]
        now = time.monotonic()
        waits = self._glimpsing is not None or now - self._glimpsed_at < GLIMPSE_EVERY_S
        if formed and snapshot.step > 0 and not waits:
            self._glimpsed_at = now
            self._glimpsing = asyncio.create_task(self._glimpse_at(snapshot, formed))

    async def _glimpse_at(self, snapshot: Snapshot, samples: list[int]) -> None:
        try:
            for i in samples:
                atoms = slice(self.plan.ptr[i], self.plan.ptr[i + 1])
                numbers, positions = self.plan.numbers[atoms], snapshot.positions[atoms]
                self._tell(i, await self._workshop.judge.glimpse(numbers, positions))
        finally:
            self._glimpsing = None

    def _tell(self, sample: int, verdict: Verdict) -> None:
        if self._verdicts.get(sample) != verdict:
            self._verdicts[sample] = verdict
            self._listener.verdict(self, sample, verdict)

    # --- the end -------------------------------------------------------------------------------------

    async def _finish(self, done: Done) -> None:
        run_s = time.monotonic() - self._began
        self._stop_glimpsing()
        try:
            candidates = await judged(self._workshop.judge, self.plan, done, self._tell)
            attempts = await self._rerun(candidates)
        except asyncio.CancelledError:
            raise
        except _Stopped as stop:
            self._fail(stop.error)
            return
        except Exception:
            log.exception("job %s could not be finished", self.id)
            self._fail(StudioError("the result could not be put together; the reason is in the server's log"))
            return
        model = self._workshop.engine.model
        result = GenerateResult(
            job=self.id,
            model="" if model is None else model.hash,
            seed=self.spec.seed,
            timings=Timings(queue_s=self._began - self._submitted, run_s=run_s),
            candidates=candidates,
            attempts=attempts,
        )
        self._close()
        self._listener.final(result)

    async def _rerun(self, candidates: list[Candidate]) -> Attempts:
        """For `valid_only`: run failed candidates again, as molecules that the spec has not named before."""
        if not self._wire.valid_only:
            return Attempts(rerun=0, budget=0)
        rerun, budget = 0, self._workshop.rerun_rounds * len(candidates)
        while failed := [i for i, candidate in enumerate(candidates) if not candidate.valid][: budget - rerun]:
            first = len(candidates) + rerun
            plan = await asyncio.to_thread(compile, self.spec, range(first, first + len(failed)))
            rerun += len(failed)
            again = await judged(self._workshop.judge, plan, await self._run(plan))
            for i, candidate in zip(failed, again, strict=True):
                if candidate.valid:
                    candidates[i] = candidate
        return Attempts(rerun=rerun, budget=budget)

    async def _run(self, plan: Plan) -> Done:
        """Run another plan under this job's name, unseen. Raises `_Stopped`."""
        future: asyncio.Future[Done] = asyncio.get_running_loop().create_future()

        def on_event(event: JobEvent) -> None:
            if isinstance(event, Snapshot | Queued) or future.done():
                return
            self._running_as = None
            match event:
                case Done():
                    future.set_result(event)
                case Refused():
                    future.set_exception(_Stopped(Busy(event.detail, event.retry_after_s)))
                case Cancelled():
                    future.set_exception(_Stopped(JobCancelled()))
                case Crashed():
                    future.set_exception(_Stopped(EngineError(event.detail)))

        self._running_as = self._new_number()
        try:
            start = Start(self._running_as, self._client, plan, stride=plan.steps)
            self._workshop.engine.submit(start, on_event)
        except NotReady as error:
            self._running_as = None
            raise _Stopped(error) from error
        return await future

    def _fail(self, error: StudioError) -> None:
        self._close()
        self._listener.failed(error)

    def _stop_glimpsing(self) -> None:
        if self._glimpsing is not None:
            self._glimpsing.cancel()

    def _close(self) -> None:
        self.ended = True
        self._running_as = None
        self._stop_glimpsing()
        if self._finishing is not None and self._finishing is not asyncio.current_task():
            self._finishing.cancel()
        for callback in self._when_ended:
            callback()


class _Stopped(Exception):
    """A rerun ended early."""

    def __init__(self, error: StudioError) -> None:
        super().__init__(str(error))
        self.error = error
