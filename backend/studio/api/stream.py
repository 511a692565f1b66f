"""One job on its way to one client: what it has said, in order, the newest frame in place of those that came too fast.

Frames are not queued. The stream remembers the sequence number that it sent last, and takes the newest frame when the
client can take one: so sequence numbers rise and never repeat, whatever the client does, and a slow reader costs no
memory. What must arrive (the first and the last frame, the verdicts, the end) is held for each job once.

A client may ask for bundles, `every_s`: a message costs all concerned more than the frame in it. Then what came within
that time of the last message goes together in the next; the job's trajectory holds it meanwhile.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Callable

from gpff.chemistry import Verdict
from studio import codec
from studio.errors import Busy, StudioError, report
from studio.job import Job, Listener
from studio.protocol import Accepted, BusyMessage, Final, GenerateResult, Topology, VerdictMessage, Wire

BUNDLE_BYTES = 2**18  # of frames in one message: a quarter of a second on a slow line


class Stream(Listener):
    """What one job says, as messages.

    ready(stream): called whenever `take` may have something. dropped(): called when frames were passed over. window:
    most frames that the client has not acknowledged, None for any number. every_s: seconds from one message with frames
    to the next, None for a message to each frame. `close` it once nothing is taken any more.
    """

    def __init__(
        self,
        ready: Callable[["Stream"], None],
        dropped: Callable[[], None],
        req_id: str | None,
        window: int | None,
        every_s: float | None = None,
    ) -> None:
        self.req_id = req_id
        self.job: Job | None = None
        self.over = False  # the end was taken
        self._ready = ready
        self._dropped = dropped
        self._window = window
        self._every_s = every_s
        self._last = 0.0  # when frames were sent last, by the event loop's clock
        self._timer: asyncio.TimerHandle | None = None  # of when the next are due
        self._bytes = 0  # of a frame
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

    def set_pace(self, window: int | None, every_s: float | None) -> None:
        self._window, self._every_s = window, every_s
        self.close()  # the time of the pace before
        self._ready(self)

    def close(self) -> None:
        """Nothing is taken from it any more: it calls nobody because time has passed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def ack(self, seq: int) -> None:
        """The client has dealt with all frames up to `seq`."""
        while self._unacked and self._unacked[0] <= seq:
            self._unacked.popleft()
        self._ready(self)

    def take(self) -> Wire | bytes | None:
        """What is to be sent next: a message, or the bytes of one frame or more. None: nothing now."""
        if self._head:
            return self._head.popleft()
        for sample, message in self._verdicts.items():
            if message.seq <= self._sent:
                return self._verdicts.pop(sample)
        frames = self._frames()
        if frames:
            return self._encoded(frames)
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

    def _frames(self) -> list[codec.Frame]:
        """The frames to send now: when more have come than may go together, the newest."""
        room = self._room
        if self._sent < self._replay_to:
            if room <= 0:
                return []
            kept = self._kept()
            if kept:
                return kept[: min(room, self._most(kept[0]))]
            self._replay_to = self._sent  # they are no longer kept
        if self._first is not None:
            return [self._first]
        newest = self._newest
        if newest is None or newest.seq <= self._sent:
            return []
        # The last frame waits for no one: a client that forgets to acknowledge must not miss the end.
        room = max(room, 1) if newest.flags & codec.FLAG_FINAL else room
        if room <= 0:
            return []
        if not self._due(newest, room):
            self._hold()
            return []
        most = min(room, self._most(newest))
        return [newest] if most == 1 else (self._kept() or [newest])[-most:]

    @property
    def _room(self) -> int:
        """Frames that may be sent before the client has acknowledged others."""
        return sys.maxsize if self._window is None else self._window - len(self._unacked)

    def _most(self, frame: codec.Frame) -> int:
        """How many such frames may be in one message."""
        if self._every_s is None:
            return 1
        self._bytes = self._bytes or codec.size_of(frame)  # all of a job are of one size
        return max(1, BUNDLE_BYTES // self._bytes)

    def _kept(self) -> list[codec.Frame]:
        """The frames after the one that was sent last, oldest first."""
        return [] if self.job is None else self.job.trajectory.since(self._sent)

    def _due(self, newest: codec.Frame, room: int) -> bool:
        """Whether frames go now: the last ones always, and as many as may go together."""
        if self._every_s is None or newest.flags & codec.FLAG_FINAL or self._end is not None:
            return True
        if newest.seq - self._sent >= min(room, self._most(newest)):
            return True
        if self._timer is not None:
            return False
        return asyncio.get_running_loop().time() >= self._last + self._every_s

    def _hold(self) -> None:
        """Be ready once frames are due."""
        if self._timer is None and self._every_s is not None:
            self._timer = asyncio.get_running_loop().call_at(self._last + self._every_s, self._release)

    def _release(self) -> None:
        self._timer = None
        self._ready(self)

    def _encoded(self, frames: list[codec.Frame]) -> bytes:
        flags = []
        for frame in frames:
            gap = frame.seq > self._sent + 1
            if gap:
                self._dropped()
            flags.append(codec.FLAG_DROPPED if gap else 0)
            self._sent = frame.seq
        self._first = None
        if self._window is not None:
            self._unacked.extend(frame.seq for frame in frames)
        if self._every_s is not None:
            self._last = asyncio.get_running_loop().time()
        return codec.encode_all(frames, flags)

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
        if self._first is None and not self._due(frame, self._room):
            self._hold()  # to wake who sends for each frame would cost as much as to send it
        else:
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
