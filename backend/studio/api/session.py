"""What the messages of one connected client do, and what is to be sent to it. No socket in here.

A session ends with its connection; its jobs go on for a while, and any other session of the same owner may follow them.
"""

import asyncio
import json
import logging
from typing import Any, get_args

from pydantic import ValidationError

from gpff.errors import InputError
from studio.api.outbox import Outbox
from studio.api.state import Services, card
from studio.api.stream import Stream, busy
from studio.api.wishes import grant
from studio.door import RECONNECT_AFTER_S
from studio.errors import Busy, DuplicateRequest, MessageError, Report, StudioError, Unauthorized, UnknownJob, report
from studio.job import Job
from studio.keys import LOCAL
from studio.problems import complaint, describe
from studio.protocol import (
    CLIENT_MESSAGE,
    Ack,
    AnyClientMessage,
    Branch,
    Cancel,
    Draining,
    Hello,
    Pause,
    Ping,
    Pong,
    Resume,
    ResumeRun,
    Rewind,
    Start,
    Steer,
    Welcome,
)

log = logging.getLogger(__name__)

MAX_WAITING = 1000  # messages for a client that does not read; beyond it we do not read either
RETRY_AFTER_S = 1.0
TYPES = ", ".join(get_args(kind.model_fields["type"].annotation)[0] for kind in get_args(AnyClientMessage.__value__))


class Session:
    """Takes a client's messages, and holds what is to be sent to it.

    name: the connection's. owner: whose jobs it may see; None until `hello` has shown a key.
    address: whom wrong keys count against. key: the one that was shown so far.
    """

    def __init__(
        self,
        services: Services,
        name: str,
        owner: str | None = LOCAL,
        address: str = "unknown",
        key: str | None = None,
    ) -> None:
        self.name = name
        self.streams: list[Stream] = []
        self._services = services
        self._owner = owner
        self._address = address
        self._key = key
        self._window: int | None = None
        self._every_s: float | None = None
        self._outbox = Outbox()
        self._room = asyncio.Event()
        self._departing: list[str] = []  # jobs whose end was taken and may not have been sent yet
        self._closed = False

    # --- towards the client --------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether everything that was to be sent has been."""
        return self._outbox.idle and not any(stream.ending for stream in self.streams)

    def draining(self) -> None:
        """Tell the client that the service is about to end."""
        self._outbox.post(Draining(reconnect_after_ms=round(1000 * RECONNECT_AFTER_S)), "draining")

    async def next(self) -> str | bytes:
        """The next message to send: text, or bytes for frames. To ask again is to say that the last one was sent."""
        self._departing.clear()
        item = await self._outbox.next()
        for stream in [stream for stream in self.streams if stream.over]:
            if stream.job is not None:
                self._departing.append(stream.job.id)
            self.streams.remove(stream)
            self._leave(stream)
        if len(self._outbox) < MAX_WAITING:
            self._room.set()
        return item if isinstance(item, bytes) else item.model_dump_json()

    def close(self) -> None:
        """The client is gone: unless someone follows its jobs in time, they are cancelled."""
        self._closed = True
        for job in self._departing:
            self._services.door.owe(job)
        for stream in self.streams:
            self._leave(stream)

    # --- from the client -----------------------------------------------------------------------------

    async def receive(self, text: str | None) -> None:
        """Act on one message (None: it was binary). Whatever is wrong with it becomes an `error` message."""
        req_id = None
        try:
            message = _parse(text, self._services.settings.max_message_bytes)
            req_id = getattr(message, "req_id", None)
            await self._act(message)
        except ValidationError as error:
            self._outbox.post(_explain(error).message(req_id=_req_id(text)))
        except Busy as error:
            self._outbox.post(report(error).message() if req_id is None else busy(req_id, error))
        except (InputError, StudioError) as error:
            self._outbox.post(report(error).message(req_id=req_id))
        except Exception as error:  # our own fault, which is no reason to part from the client
            log.exception("a message could not be acted on")
            self._outbox.post(report(error).message(req_id=req_id))
        while len(self._outbox) >= MAX_WAITING:
            self._room.clear()
            await self._room.wait()

    async def _act(self, message: AnyClientMessage) -> None:
        if not isinstance(message, Hello):
            self._check_key(message.type)
        match message:
            case Hello():
                await self._greet(message)
            case Start():
                await self._start(message)
            case Branch():
                await self._branch(message)
            case Resume():
                self._resume(message)
            case Ack():
                self._ack(message)
            case Cancel():
                self._job(message.job).cancel()
            case Pause() | ResumeRun() | Steer() | Rewind():
                grant(self._job(message.job), message)
            case Ping():
                self._outbox.post(Pong(), "pong")

    def _check_key(self, wish: str) -> None:
        """Raises `Unauthorized`, also for a key that was revoked while the connection was open."""
        if self._owner is None:
            raise Unauthorized("this service asks for an API key: expected hello with a key, got " + wish)
        self._check_owner(self._services.keys.owner(self._key))

    def _check_owner(self, owner: str) -> None:
        if self._owner not in (None, owner):
            raise Unauthorized("this connection was opened with another API key")

    async def _greet(self, hello: Hello) -> None:
        if self._owner is None or hello.key is not None:
            await self._identify(hello.key)
        self._window = hello.window
        self._every_s = None if hello.every_ms is None else hello.every_ms / 1000
        for stream in self.streams:
            stream.set_pace(self._window, self._every_s)
        model = self._services.engine.model
        limits = self._services.settings.limits()
        self._outbox.post(Welcome(limits=limits, model=None if model is None else card(model)), "welcome")

    async def _identify(self, key: str | None) -> None:
        try:
            owner = self._services.keys.owner(key)
        except Unauthorized:
            await self._services.rates.request(self._address)  # nobody may try keys without end
            raise
        self._check_owner(owner)
        self._owner, self._key = owner, key

    async def _start(self, message: Start) -> None:
        stream = await self._admit(message.req_id)
        try:
            await self._services.jobs.start(
                message.spec, self._client, stream, owner=self._name_of_owner(), deadline_s=message.deadline_s
            )
        except BaseException:
            self.streams.remove(stream)
            raise
        if self._closed:
            self._leave(stream)

    async def _branch(self, message: Branch) -> None:
        job = self._job(message.job)
        stream = await self._admit(message.req_id)
        try:
            self._services.jobs.branch(
                job, message.step, message.seed, self._client, stream, deadline_s=message.deadline_s
            )
        except BaseException:
            self.streams.remove(stream)
            raise

    async def _admit(self, req_id: str) -> Stream:
        """A stream for a job that is to be started. Raises `Busy` when that may not be now."""
        self._services.door.check()
        if any(stream.req_id == req_id for stream in self.streams):
            raise DuplicateRequest(req_id)
        self._check_room()
        who = self._name_of_owner() if self._services.keys.required else self._address
        await self._services.rates.job(who)
        return self._new_stream(req_id)

    def _new_stream(self, req_id: str | None) -> Stream:
        dropped = self._services.metrics.dropped.labels("socket").inc
        stream = Stream(self._outbox.ready, dropped, req_id, self._window, self._every_s)
        self.streams.append(stream)
        return stream

    def _check_room(self) -> None:
        most = self._services.settings.max_jobs_per_client
        if len(self.streams) >= most:
            raise Busy(f"this connection follows {most} jobs already", RETRY_AFTER_S)

    def _resume(self, message: Resume) -> None:
        job = self._job(message.job)
        if message.last_seq > job.seq:
            raise InputError("last_seq", f"a frame of the job, at most {job.seq}", str(message.last_seq))
        before = self._stream(job)
        if before is None:
            self._check_room()
        stream = self._new_stream(message.req_id if before is None else before.req_id)
        stream.resume(job, message.last_seq)
        if not job.ended:
            self._services.jobs.follow(job, stream)
        if before is not None:
            self.streams.remove(before)
            self._leave(before)
        self._services.door.collected(job.id)

    def _ack(self, message: Ack) -> None:
        for stream in self.streams:
            if stream.job is not None and stream.job.id == message.job:
                stream.ack(message.seq)

    def _job(self, id: str) -> Job:
        job = self._services.jobs.find(id, self._name_of_owner())
        if job is None:
            raise UnknownJob(id)
        return job

    def _stream(self, job: Job) -> Stream | None:
        return next((stream for stream in self.streams if stream.job is job), None)

    def _leave(self, stream: Stream) -> None:
        stream.close()
        self._outbox.drop(stream)
        if stream.job is not None:
            self._services.jobs.leave(stream.job, stream)
            if stream.ending:
                self._services.door.owe(stream.job.id)

    @property
    def _client(self) -> str:
        """Who shares the engine fairly with others: the owner where there are keys, else the connection."""
        return self._name_of_owner() if self._services.keys.required else self.name

    def _name_of_owner(self) -> str:
        assert self._owner is not None, "nothing but hello is acted on before"
        return self._owner


def _parse(text: str | None, limit: int) -> AnyClientMessage:
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
            got = describe(first["input"].get("type")) if first["type"] == "union_tag_invalid" else "none"
            detail = f"type: expected one of {TYPES}, got {got}"
            return Report("bad_message", 400, detail, field="type", expected=f"one of {TYPES}", got=got)
    if not first["loc"]:
        return Report("bad_message", 400, "message: expected an object with a type")
    tag = str(first["loc"][0])
    return complaint(problems, drop=(tag, "spec"), whole="spec" if tag == "start" else tag)


def _req_id(text: str | None) -> str | None:
    """The req_id of a message that could not be understood otherwise, so that its sender knows which it was."""
    try:
        found = json.loads(text or "")["req_id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if isinstance(found, str) and 0 < len(found) <= 64 else None
