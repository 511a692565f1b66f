"""One job on its way to one client: what it has said, in order, the newest frame in place of those that came too fast.

Frames are not queued. The stream remembers the sequence number that it sent last, and takes the newest frame when the
client can take one: so sequence numbers rise and never repeat, whatever the client does, and a slow reader costs no
memory. What must arrive (the first and the last frame, the verdicts, the end) is held for each job once.
"""

from collections import deque
from collections.abc import Callable

from gpff.chemistry import Verdict
from studio import codec
from studio.errors import Busy, StudioError, report
from studio.job import Job, Listener
from studio.protocol import Accepted, BusyMessage, Final, GenerateResult, Topology, VerdictMessage, Wire


class Stream(Listener):
    """What one job says, as messages.

    ready(stream): called whenever `take` may have something. dropped(): called when frames were passed over. window:
    most frames that the client has not acknowledged, None for any number.
    """

    def __init__(
        self,
        ready: Callable[["Stream"], None],
        dropped: Callable[[], None],
        req_id: str | None,
        window: int | None,
    ) -> None:
        self.req_id = req_id
        self.job: Job | None = None
        self.over = False  # the end was taken
        self._ready = ready
        self._dropped = dropped
        self._window = window
        self._head: deque[Wire] = deque()
        self._verdicts: dict[int, VerdictMessage] = {}
        self._end: Wire | None = None
        self._first: codec.Frame | None = None
        self._newest: codec.Frame | None = None
        self._sent = 0
        self._replay_to = 0  # frames up to this sequence number come from the trajectory, one after the other
        self._unacked: deque[int] = deque()

    def resume(self, job: Job, last_seq: int) -> None:
        """Begin in the middle: every kept frame after `last_seq` is sent, then what comes."""
        self.job = job
        self._sent = last_seq
        self._replay_to = job.seq
        self._head.append(topology(job))
        newest = job.trajectory.newest
        self._newest = None if newest is None else newest.frame
        for sample, (verdict, seq) in job.verdicts.items():
            self._verdicts[sample] = _message(job, sample, verdict, seq)
        if job.result is not None:
            self.final(job.result)
        elif job.error is not None:
            self.failed(job.error)
        self._ready(self)

    # --- towards the client --------------------------------------------------------------------------

    @property
    def ending(self) -> bool:
        """Whether the end is known and still to be sent."""
        return self._end is not None and not self.over

    def set_window(self, window: int | None) -> None:
        self._window = window
        self._ready(self)

    def ack(self, seq: int) -> None:
        """The client has dealt with all frames up to `seq`."""
        while self._unacked and self._unacked[0] <= seq:
            self._unacked.popleft()
        self._ready(self)

    def take(self) -> Wire | bytes | None:
        """What is to be sent next: a message, or the bytes of a frame. None: nothing now."""
        if self._head:
            return self._head.popleft()
        for sample, message in self._verdicts.items():
            if message.seq <= self._sent:
                return self._verdicts.pop(sample)
        frame = self._frame()
        if frame is not None:
            return self._encoded(frame)
        if self._end is None or self.over or self._sent < self._replay_to:
            return None
        if self._verdicts:  # on frames that were passed over
            return self._verdicts.pop(next(iter(self._verdicts)))
        self.over = True
        return self._end

    def broken(self, error: Exception) -> Wire:
        """Give up, and say so: the client may `resume` the job."""
        self.over = True
        return report(error).message(job=None if self.job is None else self.job.id, req_id=self.req_id)

    def _frame(self) -> codec.Frame | None:
        full = self._window is not None and len(self._unacked) >= self._window
        if self._sent < self._replay_to:
            if full:
                return None
            kept = None if self.job is None else self.job.trajectory.after(self._sent)
            if kept is not None:
                return kept
            self._replay_to = self._sent  # they are no longer kept
        if self._first is not None:
            return self._first
        if self._newest is None or self._newest.seq <= self._sent:
            return None
        # The last frame waits for no one: a client that forgets to acknowledge must not miss the end.
        return None if full and not self._newest.flags & codec.FLAG_FINAL else self._newest

    def _encoded(self, frame: codec.Frame) -> bytes:
        gap = frame.seq > self._sent + 1
        if gap:
            self._dropped()
        self._sent = frame.seq
        self._first = None
        if self._window is not None:
            self._unacked.append(frame.seq)
        return codec.encode(frame, codec.FLAG_DROPPED if gap else 0)

    # --- from the job --------------------------------------------------------------------------------

    def queued(self, job: Job, position: int) -> None:
        self.job = job
        if self.req_id is not None:
            self._head.append(Accepted(job=job.id, req_id=self.req_id, queue_pos=position, seed=job.spec.seed))
        self._head.append(topology(job))
        self._ready(self)

    def frame(self, frame: codec.Frame) -> None:
        if frame.seq == 1:
            self._first = frame
        self._newest = frame
        self._ready(self)

    def verdict(self, job: Job, sample: int, verdict: Verdict, seq: int) -> None:
        self._verdicts[sample] = _message(job, sample, verdict, seq)
        self._ready(self)

    def final(self, result: GenerateResult) -> None:
        self._end = Final(job=result.job, result=result)
        self._ready(self)

    def failed(self, error: StudioError) -> None:
        if self.job is None and isinstance(error, Busy) and self.req_id is not None:
            self._end = busy(self.req_id, error)
        else:
            job = None if self.job is None else self.job.id
            self._end = report(error).message(job=job, req_id=self.req_id)
        self._ready(self)


def topology(job: Job) -> Topology:
    """Which atoms a job's samples have, as it stands."""
    fixed = job.trajectory.fixed.tolist()
    return Topology(job=job.id, ptr=job.plan.ptr.tolist(), numbers=job.plan.numbers.tolist(), fixed=fixed)


def busy(req_id: str, error: Busy) -> BusyMessage:
    return BusyMessage(req_id=req_id, retry_after_ms=round(1000 * error.retry_after_s))


def _message(job: Job, sample: int, verdict: Verdict, seq: int) -> VerdictMessage:
    return VerdictMessage(
        job=job.id,
        seq=seq,
        sample=sample,
        valid=verdict.valid,
        smiles=verdict.smiles,
        reason=verdict.reason,
        bonds=list(verdict.bonds),
    )
