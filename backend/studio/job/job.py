"""One job from its spec to its result: the engine runs it, the judge reads its bonds, listeners hear of both.

Everything here happens in the event loop of the web process; nothing knows whether a listener is a socket. Every
frame is kept as a checkpoint (`studio.trajectories`), so that the job can be rewound and branched from.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from gpff.chemistry import Verdict
from gpff.plan import Plan
from gpff.spec import Blob, Spec
from studio import codec
from studio.course import Course
from studio.engine.messages import (
    Cancel,
    Done,
    JobEvent,
    Pause,
    Queued,
    Resume,
    Rewind,
    Snapshot,
    Steer,
    Steered,
)
from studio.errors import JobCancelled, JobEnded, JobExpired, NotReady, StudioError
from studio.glimpses import Glimpses
from studio.job.audience import Audience, Listener
from studio.orders import Order, Workshop
from studio.outcome import error_of, outcome
from studio.protocol import Attempts, Candidate, GenerateResult, JobState, Timings
from studio.receipts import Names
from studio.results import frame_of
from studio.trajectories import Checkpoint, Trajectories, Trajectory

log = logging.getLogger(__name__)


class Job:
    """Runs once. `number` is its name in frames, `id` everywhere else.

    `spec` and `plan` are those in force, `wished` what they become as soon as steering has taken effect.
    `progress`: steps made and steps in all; `verdicts`: the newest of each sample and the frame it is about; `result`
    when finished, `error` when it ended otherwise; `trajectory`: its kept frames. `observers` make listeners that hear
    everything and do not count as followers. `granted`: names of wishes that it has acted on.
    """

    def __init__(
        self,
        number: int,
        order: Order,
        workshop: Workshop,
        trajectories: Trajectories,
        new_number: Callable[[], int],
        observers: Iterable[Callable[["Job"], Listener]] = (),
    ) -> None:
        self.number = number
        self.id = str(number)
        self.wire = order.wire
        self._course = Course(order.spec, order.plan)
        self.owner = order.owner
        self.created = datetime.now(UTC)
        self.seq = 0
        self.progress = (0 if order.state is None else order.state.step, order.plan.steps)
        self.verdicts: dict[int, tuple[Verdict, int]] = {}
        self.result: GenerateResult | None = None
        self.error: StudioError | None = None
        self.granted = Names()
        self.trajectory: Trajectory = trajectories.open(number, order.plan)
        self._order = order
        self._workshop = workshop
        self._trajectories = trajectories
        self._new_number = new_number
        self._audience = Audience(self.id, [observer(self) for observer in observers])
        self._when_ended: list[Callable[[], object]] = []
        self._when_held: Callable[[], object] | None = None
        self.taken = False  # into the queue
        self._running = False  # in the engine
        self._finishing: asyncio.Task[None] | None = None
        self._glimpses = Glimpses(workshop.judge, order.plan.numbers, order.plan.ptr, order.plan.steps, self._tell)
        self._repeatable = order.state is None  # a fresh run of the spec is a run of the same kind
        self._paused = self._cancelled = False
        self._submitted = self._began = 0.0
        self._end: JobState | None = None

    @property
    def spec(self) -> Spec:
        return self._course.spec

    @property
    def plan(self) -> Plan:
        return self._course.plan

    @property
    def wished(self) -> Spec:
        return self._course.wished

    @property
    def ended(self) -> bool:
        return self._end is not None

    @property
    def state(self) -> JobState:
        if self._end is not None:
            return self._end
        if self._paused:
            return "paused"
        return "running" if self.seq else "queued"

    @property
    def followed(self) -> bool:
        """Whether anyone listens."""
        return self._audience.followed

    def follow(self, listener: Listener) -> None:
        """Tell `listener` of everything from now on."""
        self._audience.add(listener)

    def unfollow(self, listener: Listener) -> None:
        self._audience.remove(listener)

    def when_ended(self, callback: Callable[[], object]) -> None:
        """Call back once the job has ended, well or not, or was never taken; at once when it has already."""
        if self.ended:
            callback()
        else:
            self._when_ended.append(callback)

    def when_held(self, callback: Callable[[], object]) -> None:
        """Call back whenever the job is paused or goes on; there is one to be called."""
        self._when_held = callback

    def start(self) -> None:
        """Hand the job to the engine. Raises `NotReady` when there is none."""
        self._submitted = self._began = time.monotonic()
        self._running = True
        try:
            self._workshop.engine.submit(self._order.start(self.number, self._submitted), self._on_event)
        except NotReady as error:
            self._close("failed", error)
            raise

    # --- what may be done to it ----------------------------------------------------------------------

    def cancel(self) -> None:
        """End at the next step, or at once when only the result is missing. Does nothing when it has ended."""
        if self.ended:
            return
        self._cancelled = True  # the engine may have finished already, and the news be on its way
        if self._running:
            self._workshop.engine.send(Cancel(self.number))
        else:
            self._fail(JobCancelled())

    def pause(self) -> None:
        """Hold at the next step. Raises `JobEnded`."""
        self._check_running("pause it")
        self._hold(True)
        self._workshop.engine.send(Pause(self.number))

    def resume(self) -> None:
        """Let a paused job go on. Raises `JobEnded`."""
        self._check_running("resume it")
        self._hold(False)
        self._workshop.engine.send(Resume(self.number))

    def steer(self, blobs: tuple[Blob, ...] | None, freeze: tuple[int, ...] = ()) -> None:
        """Put other `blobs` of the same atoms in force and fix the atoms `freeze` at the next step.

        Raises `InputError` naming ``blobs.0.covariance`` or ``freeze``, and `JobEnded`.
        """
        self._check_running("steer it")
        self._course.steer(blobs, freeze)
        self._repeatable = self._repeatable and not freeze
        self._workshop.engine.send(Steer(self.number, blobs, freeze))

    def rewind(self, step: int) -> None:
        """Go on from the newest kept frame at `step`, as steered as it was. Raises `InputError`, `JobEnded`."""
        self._check_running("rewind it")
        point = self.trajectory.checkpoint(step)
        self._course.rewind(point.spec, point.plan)
        self._workshop.engine.send(Rewind(self.number, point.state, point.plan))

    def _hold(self, paused: bool) -> None:
        self._paused = paused
        if self._when_held is not None:
            self._when_held()

    def _check_running(self, wish: str) -> None:
        if not self._running:
            raise JobEnded(self.id, wish)

    # --- what the engine says ------------------------------------------------------------------------

    def _on_event(self, event: JobEvent) -> None:
        match event:
            case Queued():
                if not self.taken:
                    self.taken = True
                    self._audience.tell(lambda listener: listener.queued(self, event.position))
            case Snapshot():
                self._glimpses.look(self._show(event))
            case Steered():
                self._course.took_effect(event.plan)
            case Done():
                self._running = self._paused = False
                self._show(event.last, codec.FLAG_FINAL)
                if self._cancelled:
                    self._fail(JobCancelled())
                else:
                    self._finishing = asyncio.create_task(self._finish(event), name=f"finish {self.id}")
            case _:
                self._fail(error_of(event))

    def _show(self, snapshot: Snapshot, flags: int = 0) -> codec.Frame:
        if self.seq == 0:
            self._began = time.monotonic()
            flags |= codec.FLAG_KEY
        self.seq += 1
        self.progress = (snapshot.step, self.plan.steps)
        frame = frame_of(self.number, self.seq, snapshot, flags)
        self._trajectories.add(self.number, Checkpoint(frame, self.spec, self.plan, snapshot.state))
        self._audience.tell(lambda listener: listener.frame(frame))
        return frame

    def _tell(self, sample: int, verdict: Verdict, seq: int) -> None:
        before = self.verdicts.get(sample)
        if before is None or before[0] != verdict:
            self.verdicts[sample] = verdict, seq
            self._audience.tell(lambda listener: listener.verdict(self, sample, verdict, seq))

    def _settle(self, sample: int, candidate: Candidate) -> None:
        self._audience.tell(lambda listener: listener.candidate(sample, candidate))

    # --- the end -------------------------------------------------------------------------------------

    async def _finish(self, done: Done) -> None:
        run_s = time.monotonic() - self._began
        self._glimpses.stop()
        try:
            candidates, attempts = await self._outcome(done, self.seq)
        except JobExpired as error:
            self._fail(error)
            return
        except Exception:
            log.exception("job %s could not be finished", self.id)
            self._fail(StudioError("the result could not be put together; the reason is in the server's log"))
            return
        model = self._workshop.engine.model
        self.result = result = GenerateResult(
            job=self.id,
            model="" if model is None else model.hash,
            seed=self.spec.seed,
            timings=Timings(queue_s=self._began - self._submitted, run_s=run_s),
            candidates=candidates,
            attempts=attempts,
        )
        self._close("finished")
        self._audience.tell(lambda listener: listener.final(result))
        self._audience.dismiss()

    async def _outcome(self, done: Done, seq: int) -> tuple[list[Candidate], Attempts]:
        again = self.wire.valid_only and self._repeatable
        candidates, attempts = await outcome(
            self._workshop,
            self.spec,
            self.plan,
            done,
            budget=self._workshop.rerun_rounds * self.plan.n_molecules if again else 0,
            start=lambda plan: self._order.unseen(self._new_number(), plan, self._submitted),
            tell=lambda sample, verdict: self._tell(sample, verdict, seq),
            settle=self._settle,
            left_s=lambda: self._order.left_s(self._submitted),
        )
        if self.wire.valid_only and not again:
            attempts = Attempts(rerun=0, budget=0, stopped="a branch, or a run with frozen atoms, is not run again")
        return candidates, attempts

    def _fail(self, error: StudioError) -> None:
        ends: dict[type[StudioError], JobState] = {JobCancelled: "cancelled", JobExpired: "expired"}
        self._close(ends.get(type(error), "failed"), error)
        self._audience.tell(lambda listener: listener.failed(error))
        self._audience.dismiss()

    def _close(self, end: JobState, error: StudioError | None = None) -> None:
        self._end, self.error = end, error
        self._running = False
        self._glimpses.stop()
        if self._finishing is not None and self._finishing is not asyncio.current_task():
            self._finishing.cancel()
        if self.taken:
            self._trajectories.end(self.number)
        else:
            self._trajectories.drop(self.number)
        for callback in self._when_ended:
            callback()
        self._when_ended.clear()
        self._when_held = None  # jobs that have ended are kept, and what they hold with them
