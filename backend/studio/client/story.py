"""One job on the socket, without I/O: what to send, what each message means, and what to do when the connection breaks.

A connection begins with `greeting`. When it breaks, the next one begins with `greeting` again: the job goes on from the
last frame that came, so that sequence numbers rise and none comes twice.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import protocol
from studio.client import errors
from studio.client.pending import Pending
from studio.client.wishes import BlobLike, checked
from studio.codec import Frame, decode_all
from studio.protocol import (
    SERVER_MESSAGE,
    Accepted,
    BusyMessage,
    ErrorMessage,
    Final,
    GenerateResult,
    Pong,
    Topology,
    VerdictMessage,
    Welcome,
    Wire,
)

type Event = Frame | VerdictMessage | Final
type Opening = protocol.Start | protocol.Branch

OPENING = "open"
FIRST_PAUSE_S, LAST_PAUSE_S = 0.1, 3.0
WINDOW, EVERY_MS = 16, 16


@dataclass(frozen=True)
class Again:
    """The job was not taken: send `opening` again after a while, or raise the `error`."""

    error: errors.ProblemError


class Story:
    """What is known of one job.

    `job`, `seed` and `topology` once it was accepted; `verdicts` the newest of each sample; `frame` the newest;
    `result` or `error` at the end; `over` when nothing more will come. `heard` counts what came of the job.
    `pending`: wishes that may not have arrived.

    opening: how it starts; None: `job` runs somewhere already. window, every_ms: see `studio.protocol.Hello`.
    """

    def __init__(
        self,
        opening: Opening | None,
        job: str | None = None,
        last_seq: int = 0,
        key: str | None = None,
        window: int = WINDOW,
        every_ms: int | None = EVERY_MS,
    ) -> None:
        self.job = job
        self.seed: int | None = None
        self.topology: Topology | None = None
        self.welcome: Welcome | None = None
        self.verdicts: dict[int, VerdictMessage] = {}
        self.frame: Frame | None = None
        self.result: GenerateResult | None = None
        self.error: errors.ProblemError | None = None
        self.over = False
        self.heard = 0
        self.last_seq = last_seq
        self._opening = opening
        self._key = key
        self._window = window
        self._every_ms = every_ms
        self._acked = last_seq
        self._cancelling = False
        self._names = count(1)
        self._token = secrets.token_hex(8)  # another client may follow the same job
        self.pending = Pending()

    # --- to the service ------------------------------------------------------------------------------

    def greeting(self) -> list[str]:
        """The first messages of a connection."""
        pace = {"window": self._window, "every_ms": self._every_ms}
        hello = checked(protocol.Hello, {"type": "hello", "client": "studio.client", "key": self._key, **pace})
        return [_text(hello), self.opening(), *self.pending.again()]

    def opening(self) -> str:
        """The message that the job is started, or found again, with."""
        if self.job is not None:
            resume = protocol.Resume(type="resume", job=self.job, last_seq=self.last_seq, req_id=OPENING)
            return _text(resume)
        assert self._opening is not None, "a story is of a job, or begins one"
        return _text(self._opening)

    def due(self) -> list[str]:
        """What to send before the next message is waited for: that the frames so far have been dealt with, if that is
        news; wishes that could not be sent; and a question whether those that were have arrived.
        """
        if self.job is None or self.over:
            return []
        texts, asks = self.pending.due()
        if self._acked != self.last_seq:
            self._acked = self.last_seq
            texts.append(_text(protocol.Ack(type="ack", job=self.job, seq=self.last_seq)))
        return [*texts, _text(protocol.Ping(type="ping"))] if asks else texts

    def cancel(self) -> str:
        self._cancelling = True
        return self._wish(protocol.Cancel)

    def pause(self) -> str:
        return self._wish(protocol.Pause)

    def resume(self) -> str:
        return self._wish(protocol.ResumeRun)

    def rewind(self, step: int) -> str:
        return self._wish(protocol.Rewind, step=step)

    def steer(self, blobs: Sequence[BlobLike] | None, freeze: Sequence[int]) -> str:
        return self._wish(protocol.Steer, blobs=None if blobs is None else list(blobs), freeze=list(freeze))

    def branch(self, step: int, seed: int | None) -> "Story":
        """One that goes on from a step of this one."""
        fields = {"type": "branch", "req_id": OPENING, "job": self._known(), "step": step, "seed": seed}
        opening = checked(protocol.Branch, fields)
        return Story(opening, key=self._key, window=self._window, every_ms=self._every_ms)

    # --- from the service ----------------------------------------------------------------------------

    def receive(self, data: str | bytes) -> list[Event] | Again:
        """What a message means to the caller, in order. Raises `ProblemError`."""
        if isinstance(data, bytes):
            self.heard += 1
            return [frame for frame in decode_all(data) if self._shown(frame)]
        message = SERVER_MESSAGE.validate_json(data)
        self.heard += isinstance(message, Accepted | Topology | VerdictMessage | Final)
        match message:
            case Welcome() as welcome:
                self.welcome = welcome
            case Accepted() as accepted:
                self.job, self.seed = accepted.job, accepted.seed
            case Topology() as topology:
                self.topology = topology
            case VerdictMessage() as verdict:
                return [verdict] if self._judged(verdict) else []
            case Final() as final:
                self.result, self.seed, self.over = final.result, final.result.seed, True
                return [final]
            case Pong():
                self.pending.arrived()
            case BusyMessage() as busy:
                return Again(errors.of_busy(busy))
            case ErrorMessage() as refusal:
                return self._refused(refusal) or []
        return []

    def sample(self, frame: Frame, i: int) -> NDArray[np.floating]:
        """Positions `[n, 3]` Å of sample `i` in a frame."""
        assert self.topology is not None, "it comes before the first frame"
        ptr = self.topology.ptr
        return frame.positions[ptr[i] : ptr[i + 1]]

    def _shown(self, frame: Frame) -> bool:
        """Whether it is news."""
        if frame.seq <= self.last_seq:
            return False
        self.frame, self.last_seq = frame, frame.seq
        return True

    def _judged(self, verdict: VerdictMessage) -> bool:
        """Whether it is news."""
        if self.verdicts.get(verdict.sample) == verdict:  # it is told again after a `resume`
            return False
        self.verdicts[verdict.sample] = verdict
        return True

    def _refused(self, message: ErrorMessage) -> Again | None:
        error = errors.of_message(message)
        of_job = self.job is not None and message.job == self.job
        if error.code == "ended" and self.pending.was_repeated(message.req_id):
            return None  # it may have been acted on; the end is on its way
        if not of_job and message.req_id not in (None, OPENING):
            raise error  # a wish that was not acted on; the job goes on
        if not of_job and error.code in ("draining", "not_ready"):
            return Again(error)
        self.over = True
        self.error = error
        if of_job and self._cancelling and error.code == "cancelled":
            return None
        raise error

    # -------------------------------------------------------------------------------------------------

    def _wish(self, kind: type[Wire], **fields: Any) -> str:
        tag = kind.model_fields["type"].annotation.__args__[0]  # type: ignore[union-attr]
        name = f"wish {next(self._names)}"
        once = {"once": f"{self._token} {name}"} if "once" in kind.model_fields else {}
        text = _text(checked(kind, {"type": tag, "job": self._known(), "req_id": name, **once, **fields}))
        self.pending.add(text, name)
        return text

    def _known(self) -> str:
        if self.job is None:
            raise errors.ClientError("the job has not been accepted yet")
        return self.job


def start_of(spec: protocol.GenerateSpec, deadline_s: float | None) -> protocol.Start:
    """How a story of a new job begins."""
    return checked(protocol.Start, {"type": "start", "req_id": OPENING, "spec": spec, "deadline_s": deadline_s})


class Patience:
    """How long to wait before the next attempt, and for how long to try at all."""

    def __init__(self, total_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._total_s = total_s
        self._clock = clock
        self.calm()

    def calm(self) -> None:
        """Something came: all is well."""
        self._until: float | None = None
        self._pause_s = FIRST_PAUSE_S

    def pause_s(self, error: errors.ClientError) -> float:
        """Seconds until the next attempt. Raises `error` when there has been enough of them."""
        now = self._clock()
        if self._until is None:
            self._until = now + self._total_s
        stated = error.retry_after_s if isinstance(error, errors.ProblemError) else None
        pause_s = self._pause_s if stated is None else max(stated, FIRST_PAUSE_S)
        if now + pause_s > self._until:
            raise error
        self._pause_s = min(2 * self._pause_s, LAST_PAUSE_S)
        return pause_s


def retryable(error: errors.ProblemError) -> bool:
    """Whether a handshake that was refused like this may succeed later."""
    return error.status in (429, 502, 503, 504)


def _text(message: Wire) -> str:
    return message.model_dump_json(by_alias=True, exclude_none=True)
