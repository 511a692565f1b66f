"""The engine's own process: it loads the model, evaluates it once, and then steps and talks in turn.

It shares nothing with the web process but one socket, on which both sides send length-prefixed pickles (the
peer is always our own parent or child). Between two steps it sends what the socket takes and reads what has
come, and never waits while there is work: a slow web process costs frames (latest wins), never a step. When
the socket ends, the process does.
"""

import importlib
import logging
import pickle
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from gpff.samplers import ForceFn
from studio.engine.engine import Engine
from studio.engine.mailbox import Mailbox
from studio.engine.messages import Cancelled, Event, Loaded, LoadFailed, Snapshot
from studio.engine.scheduler import Scheduler

LENGTH = struct.Struct("<I")

# Run with `python -c`: it takes the parent's import path and nothing else of its main script.
BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
BOOT += "from studio.engine import process; process.main(int(sys.argv[1]))"


class Model(Protocol):
    """What an engine factory returns: `gpff.load` does."""

    @property
    def forces(self) -> ForceFn: ...
    @property
    def name(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def manifest(self) -> dict[str, Any]: ...


type Factory = Callable[..., Model]


@dataclass(frozen=True)
class Options:
    """What the process is told first. `factory` is ``module:function``, called as ``f(model, device=device)``."""

    factory: str
    model: str
    device: str | None
    batch_edges: int
    max_running: int
    max_queue: int


def pack(message: object) -> bytes:
    """A message as it goes over the socket."""
    data = pickle.dumps(message, protocol=5)
    return LENGTH.pack(len(data)) + data


class Channel:
    """The child's end of the socket. Raises `EOFError` or `OSError` when the parent is gone."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._inbox = bytearray()
        self._outbox: Mailbox[Event] = Mailbox()
        self._sending = memoryview(b"")

    def post(self, event: Event) -> None:
        """Queue an event. A snapshot replaces an earlier one of its job that still waits, but for the first."""
        if isinstance(event, Snapshot) and event.step > 0:
            self._outbox.put_latest(event.job, event)
            return
        if isinstance(event, Cancelled):
            self._outbox.discard(event.job)
        self._outbox.put(event)

    def exchange(self, wait: bool) -> Iterator[Any]:
        """Send and receive what can be without waiting; with `wait`, until a message is there."""
        while True:
            self._send()
            waits = wait and self._whole() is None
            writes = [self._sock] if self._sending else []
            readable, _, _ = select.select([self._sock], writes, [], None if waits else 0.0)
            if readable:
                self._receive()
            elif not waits:
                break
        while (end := self._whole()) is not None:
            data = bytes(self._inbox[LENGTH.size : end])
            del self._inbox[:end]
            yield pickle.loads(data)

    def first(self) -> Options:
        """The first message, which says what to run."""
        while True:
            for message in self.exchange(wait=True):
                options: Options = message
                return options

    def flush(self) -> None:
        """Send everything, waiting for the parent to take it."""
        while self._send():
            select.select([], [self._sock], [])

    def _send(self) -> bool:
        """Send until the socket is full (True) or there is nothing left (False)."""
        while True:
            if not self._sending:
                letter = self._outbox.take()
                if letter is None:
                    return False
                event = letter.item
                if letter.dropped and isinstance(event, Snapshot):
                    event = replace(event, dropped=True)
                self._sending = memoryview(pack(event))
            try:
                self._sending = self._sending[self._sock.send(self._sending) :]
            except BlockingIOError:
                return True

    def _receive(self) -> None:
        try:
            while data := self._sock.recv(1 << 20):
                self._inbox += data
        except BlockingIOError:
            return
        raise EOFError("the web process has closed the socket")

    def _whole(self) -> int | None:
        """Where the first message of the inbox ends, once all of it is there."""
        if len(self._inbox) < LENGTH.size:
            return None
        end: int = LENGTH.size + LENGTH.unpack_from(self._inbox)[0]
        return end if len(self._inbox) >= end else None


def resolve(path: str) -> Factory:
    """The function that ``module:function`` names. Raises ImportError or AttributeError."""
    module, _, name = path.partition(":")
    target: Any = importlib.import_module(module)
    for part in name.split("."):
        target = getattr(target, part)
    factory: Factory = target
    return factory


def load(options: Options) -> Model:
    """The model, warm: it has been evaluated on a small batch. Raises what the factory raises."""
    model = resolve(options.factory)(options.model, device=options.device)
    water = np.array([[0.0, 0.0, 0.12], [0.0, 0.76, -0.47], [0.0, -0.76, -0.47]])
    numbers, ptr = np.array([8, 1, 1]), np.array([0, 3])
    if not np.isfinite(model.forces(numbers, water, ptr)).all():
        raise ValueError("the model's forces on a water molecule are not finite")
    three = np.concatenate([numbers] * 3), np.concatenate([water] * 3), np.array([0, 3, 6, 9])
    model.forces(*three)
    return model


def serve(channel: Channel, options: Options) -> None:
    """Load, then run until the parent closes the socket (`EOFError`)."""
    try:
        model = load(options)
    except Exception as error:
        logging.exception("the model could not be loaded")
        channel.post(LoadFailed(f"{type(error).__name__}: {error}"))
        channel.flush()
        return
    device = str(getattr(model.forces, "device", "cpu"))
    channel.post(Loaded(model.name, model.hash, device, dict(model.manifest)))
    engine = Engine(model.forces, Scheduler(options.batch_edges, options.max_running, options.max_queue))
    while True:
        for command in channel.exchange(wait=not engine.has_work):
            for event in engine.handle(command):
                channel.post(event)
        for event in engine.step():
            channel.post(event)


def main(fd: int) -> None:
    """Entry of the child: options first, then commands."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the web process's to handle: it closes the socket
    logging.basicConfig(format="engine %(levelname)s %(message)s", stream=sys.stderr)
    channel = Channel(socket.socket(fileno=fd))
    try:
        serve(channel, channel.first())
    except (EOFError, ConnectionError):
        return
