"""Both processes' way of talking: length-prefixed pickles on one socket. The peer is always our own parent or child.

The child's events travel in lists, so that those of one step are one message: what belongs to a message and not to what
is in it would else be a third of what a frame costs the parent.
"""

import pickle
import select
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from studio.engine.mailbox import Mailbox
from studio.engine.messages import Cancelled, Crashed, Done, Event, Expired, Report, Snapshot, Steered

LENGTH = struct.Struct("<I")
LIST_BYTES = 2**17  # of snapshots in one list, or so: what is in it is not replaced by what is newer


def pack(message: object) -> bytes:
    """A message as it goes over the socket."""
    data = pickle.dumps(message, protocol=5)
    return LENGTH.pack(len(data)) + data


class Channel:
    """The child's end of the socket. Raises `EOFError` or `OSError` when the parent is gone."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._poll = select.poll()  # `select` knows no descriptor above 1023
        self._poll.register(sock)
        self._inbox = bytearray()
        self._outbox: Mailbox[Event] = Mailbox()
        self._sending = memoryview(b"")
        self._gaps: set[int] = set()  # jobs of which a snapshot was taken back, before their next

    def post(self, event: Event) -> None:
        """Queue an event. A snapshot replaces an earlier one of its job that still waits, but for the first; a report
        always does."""
        match event:
            case Snapshot() if event.step > 0:
                self._outbox.put_latest(event.job, self._marked(event))
            case Snapshot():
                self._outbox.put(self._marked(event))
            case Done():
                self._outbox.put(replace(event, last=self._marked(event.last)))
            case Report():
                self._outbox.put_latest("report", event)
            case Steered():  # what was before belongs to another plan
                if self._outbox.discard(event.job):
                    self._gaps.add(event.job)
                self._outbox.put(event)
            case Cancelled() | Expired() | Crashed():
                if not isinstance(event, Crashed):  # of which the last frames may say why
                    self._outbox.discard(event.job)
                self._gaps.discard(event.job)
                self._outbox.put(event)
            case _:
                self._outbox.put(event)

    def exchange(self, wait_s: float | None = 0.0) -> Iterator[Any]:
        """Send and receive what can be without waiting, or wait for a message: so long at most, for ever with None."""
        until = None if wait_s is None else time.monotonic() + wait_s
        while True:
            full = self._send()
            if self._whole() is not None:
                wait_ms: float | None = 0.0
            else:
                wait_ms = None if until is None else max(0.0, 1e3 * (until - time.monotonic()))
            self._poll.modify(self._sock, select.POLLIN | (select.POLLOUT if full else 0))
            ready = self._poll.poll(wait_ms)
            if any(state & ~select.POLLOUT for _, state in ready):
                self._receive()
            elif not ready:
                break
            elif wait_ms == 0.0:
                self._send()
                break
        while (end := self._whole()) is not None:
            data = bytes(self._inbox[LENGTH.size : end])
            del self._inbox[:end]
            yield pickle.loads(data)

    def first(self) -> Any:
        """The first message, however long it takes to come."""
        while True:
            for message in self.exchange(wait_s=None):
                return message

    def push(self) -> None:
        """Send what the socket takes now."""
        self._send()

    def flush(self) -> None:
        """Send everything, waiting for the parent to take it."""
        while self._send():
            self._poll.modify(self._sock, select.POLLOUT)
            self._poll.poll()

    def _marked(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot, which says so when one before it was taken back."""
        if snapshot.job not in self._gaps:
            return snapshot
        self._gaps.discard(snapshot.job)
        return replace(snapshot, dropped=True)

    def _send(self) -> bool:
        """Send until the socket is full (True) or there is nothing left (False)."""
        while True:
            if not self._sending:
                events = self._taken()
                if not events:
                    return False
                self._sending = memoryview(pack(events))
            try:
                self._sending = self._sending[self._sock.send(self._sending) :]
            except BlockingIOError:
                return True

    def _taken(self) -> list[Event]:
        """What is to be sent next."""
        events: list[Event] = []
        room = LIST_BYTES
        while room > 0 and (letter := self._outbox.take()) is not None:
            event = letter.item
            if isinstance(event, Snapshot):
                event = replace(event, dropped=True) if letter.dropped else event
                room -= event.positions.nbytes
            events.append(event)
        return events

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
