"""What one connected client has started, and the messages that wait for it. No socket in here."""

import asyncio
import json
from typing import Any

from pydantic import ValidationError

from gpff.chemistry import Verdict
from gpff.errors import InputError
from studio import codec
from studio.api.state import Services, card
from studio.engine.mailbox import Mailbox
from studio.errors import Busy, DuplicateRequest, MessageError, Report, StudioError, UnknownJob, report
from studio.job import Job, Listener
from studio.problems import complaint
from studio.protocol import (
    CLIENT_MESSAGE,
    Accepted,
    BusyMessage,
    Cancel,
    Final,
    GenerateResult,
    Hello,
    Pause,
    Ping,
    Pong,
    ResumeRun,
    Start,
    Topology,
    VerdictMessage,
    Welcome,
    Wire,
)

MAX_WAITING = 1000  # messages for a client that does not read; beyond it we do not read either
RETRY_AFTER_S = 1.0


class Session:
    """Takes a client's messages, and holds what is to be sent to it."""

    def __init__(self, services: Services, name: str) -> None:
        self.name = name
        self.jobs: dict[str, Job] = {}
        self.requests: set[str] = set()
        self._services = services
        self._mailbox: Mailbox[Wire | codec.Frame] = Mailbox()
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._closed = False

    # --- towards the client --------------------------------------------------------------------------

    def post(self, message: Wire, latest: object = None) -> None:
        """Queue a message; one of the same `latest` that still waits is replaced."""
        if latest is None:
            self._mailbox.put(message)
        else:
            self._mailbox.put_latest(latest, message)
        self._filled.set()

    def post_frame(self, frame: codec.Frame) -> None:
        """Queue a frame. A newer one of the same job may replace it, unless it is a key frame."""
        if frame.flags & codec.FLAG_KEY:
            self._mailbox.put(frame)
        else:
            dropped = bool(frame.flags & codec.FLAG_DROPPED)
            self._mailbox.put_latest(("frame", frame.job), frame, dropped)
        self._filled.set()

    async def next(self) -> str | bytes:
        """The next message to send: text, or bytes for a frame."""
        while (letter := self._mailbox.take()) is None:
            self._filled.clear()
            await self._filled.wait()
        if len(self._mailbox) < MAX_WAITING:
            self._drained.set()
        item = letter.item
        if isinstance(item, codec.Frame):
            return codec.encode(item, codec.FLAG_DROPPED if letter.dropped else 0)
        return item.model_dump_json()

    # --- from the client -----------------------------------------------------------------------------

    async def receive(self, text: str | None) -> None:
        """Act on one message (None: it was binary). Whatever is wrong with it becomes an `error` message."""
        req_id = None
        try:
            message = _parse(text, self._services.settings.max_message_bytes)
            if isinstance(message, Start):
                req_id = message.req_id
                await self._start(message)
            else:
                self._act(message)
        except ValidationError as error:
            found, req_id = _explain(error), _req_id(text)
            self.post(found.message(req_id=req_id))
        except Busy as error:
            self.post(busy(req_id or "", error))
        except (InputError, StudioError) as error:
            self.post(report(error).message(req_id=req_id))
        while len(self._mailbox) >= MAX_WAITING:
            self._drained.clear()
            await self._drained.wait()

    def close(self) -> None:
        """The client is gone: cancel its jobs."""
        self._closed = True
        for job in list(self.jobs.values()):
            job.cancel()

    async def _start(self, message: Start) -> None:
        if message.req_id in self.requests:
            raise DuplicateRequest(message.req_id)
        most = self._services.settings.max_jobs_per_client
        if len(self.requests) >= most:
            raise Busy(f"this connection runs {most} jobs already", RETRY_AFTER_S)
        self.requests.add(message.req_id)
        try:
            job = await self._services.jobs.start(message.spec, self.name, Stream(self, message.req_id))
        except BaseException:
            self.requests.discard(message.req_id)
            raise
        self.jobs[job.id] = job
        job.when_ended(lambda: self._forget(job.id, message.req_id))
        if self._closed:
            job.cancel()

    def _forget(self, job: str, req_id: str) -> None:
        self.jobs.pop(job, None)
        self.requests.discard(req_id)

    def _act(self, message: Hello | Cancel | Pause | ResumeRun | Ping) -> None:
        match message:
            case Hello():
                model = self._services.engine.model
                limits = self._services.settings.limits()
                self.post(Welcome(limits=limits, model=None if model is None else card(model)), "welcome")
            case Ping():
                self.post(Pong(), "pong")
            case Cancel():
                self._job(message.job).cancel()
            case Pause():
                self._job(message.job).pause()
            case ResumeRun():
                self._job(message.job).resume()

    def _job(self, number: str) -> Job:
        job = self.jobs.get(number)
        if job is None:
            raise UnknownJob(number)
        return job


class Stream(Listener):
    """What one job says, as messages of its session."""

    def __init__(self, session: Session, req_id: str) -> None:
        self._session = session
        self._req_id = req_id
        self._job: Job | None = None

    def queued(self, job: Job, position: int) -> None:
        self._job = job
        accepted = Accepted(job=job.id, req_id=self._req_id, queue_pos=position, seed=job.spec.seed)
        self._session.post(accepted)
        plan = job.plan
        self._session.post(
            Topology(job=job.id, ptr=plan.ptr.tolist(), numbers=plan.numbers.tolist(), fixed=plan.fixed.tolist())
        )

    def frame(self, frame: codec.Frame) -> None:
        self._session.post_frame(frame)

    def verdict(self, job: Job, sample: int, verdict: Verdict) -> None:
        message = VerdictMessage(
            job=job.id,
            seq=job.seq,
            sample=sample,
            valid=verdict.valid,
            smiles=verdict.smiles,
            reason=verdict.reason,
            bonds=list(verdict.bonds),
        )
        self._session.post(message, ("verdict", job.id, sample))

    def final(self, result: GenerateResult) -> None:
        self._session.post(Final(job=result.job, result=result))

    def failed(self, error: StudioError) -> None:
        if self._job is None and isinstance(error, Busy):
            self._session.post(busy(self._req_id, error))
            return
        job = None if self._job is None else self._job.id
        self._session.post(report(error).message(job=job, req_id=self._req_id))


def busy(req_id: str, error: Busy) -> BusyMessage:
    return BusyMessage(req_id=req_id, retry_after_ms=round(1000 * error.retry_after_s))


def _parse(text: str | None, limit: int) -> Hello | Start | Cancel | Pause | ResumeRun | Ping:
    if text is None:
        raise MessageError("binary", "message: expected text, got binary data")
    size = len(text.encode())
    if size > limit:
        raise MessageError("too_large", f"message: expected at most {limit} bytes, got {size}", 413)
    return CLIENT_MESSAGE.validate_json(text)


def _explain(error: ValidationError) -> Report:
    problems = error.errors(include_url=False)
    first: Any = problems[0]
    match first["type"]:
        case "json_invalid":
            return Report("bad_json", 400, f"message: expected JSON, got {first['ctx']['error']}")
        case "union_tag_invalid" | "union_tag_not_found":
            expected = "one of " + ", ".join(("hello", "start", "cancel", "pause", "resume_run", "ping"))
            got = ascii(first["ctx"]["tag"])[:60] if first["type"] == "union_tag_invalid" else "none"
            detail = f"type: expected {expected}, got {got}"
            return Report("bad_message", 400, detail, field="type", expected=expected, got=got)
    if not first["loc"]:
        return Report("bad_message", 400, "message: expected an object with a type")
    tag = str(first["loc"][0])
    return complaint(problems, drop=(tag, "spec"))


def _req_id(text: str | None) -> str | None:
    """The req_id of a start that could not be understood otherwise, so that its sender knows which it was."""
    try:
        found = json.loads(text or "")["req_id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if isinstance(found, str) and 0 < len(found) <= 64 else None
