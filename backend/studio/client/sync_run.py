"""One job on a socket of its own, step by step."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from studio.client.errors import ClientError, Unreachable
from studio.client.story import Again, Event, Patience, Story
from studio.client.view import View
from studio.client.wiring import Wiring, unopened
from studio.client.wishes import BlobLike
from studio.codec import Frame
from studio.protocol import GenerateResult

BROKEN = (WebSocketException, OSError, EOFError)


class Run(View):
    """Iterate over it for frames, verdicts and the final, in order; or over `frames()`.

    ::

        with studio.stream("C7H8O2", n_samples=3) as run:
            for frame in run.frames():
                run.sample(frame, 0)        # [n, 3] Å

    A reader who is slower than the model sees the newest frame and not every one; all of them are in the job's
    trajectory. When the connection breaks, it is made again, and the job goes on from the last frame that came.

    Iterating raises what the job ends with when that is not a result: `Expired`, `Unavailable`, `Cancelled` by someone
    else. A wish that the service refuses (a blob that cannot be) is raised there too, and iterating may go on.

    To leave the block early cancels a job that began with it, unless `detach` was called.
    """

    def __init__(self, wiring: Wiring, story: Story, ours: bool) -> None:
        super().__init__(story)
        self._wiring = wiring
        self._ours = ours
        self._patience = Patience(wiring.patience_s)
        self._stack = ExitStack()
        self._connection: ClientConnection | None = None
        self._events: deque[Event] = deque()  # that came and have not been looked at

    def __enter__(self) -> Self:
        """Returns once the job was accepted."""
        try:
            while self.topology is None and not self.over:
                self._hear()
        except BaseException:
            self._hang_up()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        while not self._events and not self.over:
            self._hear()
        if self._events:
            return self._events.popleft()
        self._hang_up()
        raise StopIteration

    def frames(self) -> Iterator[Frame]:
        """The frames alone, until the end."""
        return (event for event in self if isinstance(event, Frame))

    def wait(self) -> GenerateResult:
        """The result, once it is there."""
        for _ in self:
            pass
        return self.result

    def detach(self) -> None:
        """Leave the job to itself: it goes on for the service's grace time, in which `Client.follow` finds it."""
        self._ours = False
        self._hang_up()

    def close(self) -> None:
        """Hang up; a job of ours that is not over is cancelled."""
        if self._ours and not self.over and self.job is not None:
            with suppress(*BROKEN):
                self.cancel()
        self._hang_up()

    # --- wishes; each takes effect at the next step --------------------------------------------------

    def steer(self, blobs: Sequence[BlobLike] | None = None, freeze: Sequence[int] = ()) -> None:
        """Move or reshape blobs (all of the job's, in its order), and fix atoms where they are."""
        self._wish(self._story.steer(blobs, freeze))

    def pause(self) -> None:
        self._wish(self._story.pause())

    def resume(self) -> None:
        """After `pause`."""
        self._wish(self._story.resume())

    def rewind(self, step: int) -> None:
        """Go on from a kept frame of this step."""
        self._wish(self._story.rewind(step))

    def cancel(self) -> None:
        """Iterating ends, and there is no result."""
        self._wish(self._story.cancel())

    def branch(self, step: int, seed: int | None = None) -> "Run":
        """A new job from a kept frame of this one; with a `seed`, on fresh noise."""
        return Run(self._wiring, self._story.branch(step, seed), ours=True)

    # -------------------------------------------------------------------------------------------------

    def _hear(self) -> None:
        """Take the next message, unless the connection breaks."""
        connection = self._connection or self._connect()
        try:
            for message in self._story.due():
                connection.send(message)
            data = connection.recv()
        except BROKEN as error:
            self._hang_up()
            self._pause(Unreachable(f"the connection broke: {error or type(error).__name__}"))
            return
        before = self._story.heard
        try:
            found = self._story.receive(data)
        except ClientError:
            if self.over:
                self._hang_up()
            raise
        if self._story.heard > before:
            self._patience.calm()
        if not isinstance(found, Again):
            self._events += found
            return
        self._pause(found.error)
        if self._connection is not None:
            with suppress(*BROKEN):  # the next `recv` will notice
                self._connection.send(self._story.opening())

    def _connect(self) -> ClientConnection:
        while True:
            try:
                options = self._wiring.socket_options
                opened: ClientConnection = self._stack.enter_context(connect(self._wiring.socket_url, **options))
                for message in self._story.greeting():
                    opened.send(message)
                self._connection = opened
                return opened
            except BROKEN as error:
                self._hang_up()
                self._pause(unopened(error))

    def _pause(self, error: ClientError) -> None:
        time.sleep(self._patience.pause_s(error))

    def _wish(self, text: str) -> None:
        """Now, or with the next connection."""
        connection, pending = self._connection, self._story.pending
        if connection is None or (wire := pending.claim(text)) is None:
            return
        try:
            connection.send(text)
        except BaseException as error:  # a broken connection, or whoever wished has been stopped
            pending.kept(text)  # who reads will notice
            if not isinstance(error, BROKEN):
                raise
        else:
            pending.went(text, wire)

    def _hang_up(self) -> None:
        self._connection = None
        with suppress(*BROKEN):
            self._stack.close()
