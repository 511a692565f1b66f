"""One job on a socket of its own, step by step, awaited."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from studio.client.errors import ClientError, Unreachable
from studio.client.story import Again, Event, Patience, Story
from studio.client.view import View
from studio.client.wiring import Wiring, unopened
from studio.client.wishes import BlobLike
from studio.codec import Frame
from studio.protocol import GenerateResult

BROKEN = (WebSocketException, OSError, EOFError)


class AsyncRun(View):
    """What `studio.client.sync_run.Run` is, awaited.

    ::

        async with studio.stream("C7H8O2", n_samples=3) as run:
            async for frame in run.frames():
                run.sample(frame, 0)        # [n, 3] Å
    """

    def __init__(self, wiring: Wiring, story: Story, ours: bool) -> None:
        super().__init__(story)
        self._wiring = wiring
        self._ours = ours
        self._patience = Patience(wiring.patience_s)
        self._stack = AsyncExitStack()
        self._connection: ClientConnection | None = None
        self._events: deque[Event] = deque()  # that came and have not been looked at

    async def __aenter__(self) -> Self:
        """Returns once the job was accepted."""
        try:
            while self.topology is None and not self.over:
                await self._hear()
        except BaseException:
            await self._hang_up()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._events and not self.over:
            await self._hear()
        if self._events:
            return self._events.popleft()
        await self._hang_up()
        raise StopAsyncIteration

    def frames(self) -> AsyncIterator[Frame]:
        """The frames alone, until the end."""
        return (event async for event in self if isinstance(event, Frame))

    async def wait(self) -> GenerateResult:
        """The result, once it is there."""
        async for _ in self:
            pass
        return self.result

    async def detach(self) -> None:
        """Leave the job to itself: it goes on for the service's grace time, in which `Client.follow` finds it."""
        self._ours = False
        await self._hang_up()

    async def close(self) -> None:
        """Hang up; a job of ours that is not over is cancelled."""
        if self._ours and not self.over and self.job is not None:
            with suppress(*BROKEN):
                await self.cancel()
        await self._hang_up()

    # --- wishes; each takes effect at the next step, even if awaiting it is cancelled ----------------

    async def steer(self, blobs: Sequence[BlobLike] | None = None, freeze: Sequence[int] = ()) -> None:
        """Move or reshape blobs (all of the job's, in its order), and fix atoms where they are."""
        await self._wish(self._story.steer(blobs, freeze))

    async def pause(self) -> None:
        await self._wish(self._story.pause())

    async def resume(self) -> None:
        """After `pause`."""
        await self._wish(self._story.resume())

    async def rewind(self, step: int) -> None:
        """Go on from a kept frame of this step."""
        await self._wish(self._story.rewind(step))

    async def cancel(self) -> None:
        """Iterating ends, and there is no result."""
        await self._wish(self._story.cancel())

    def branch(self, step: int, seed: int | None = None) -> "AsyncRun":
        """A new job from a kept frame of this one; with a `seed`, on fresh noise."""
        return AsyncRun(self._wiring, self._story.branch(step, seed), ours=True)

    # -------------------------------------------------------------------------------------------------

    async def _hear(self) -> None:
        """Take the next message, unless the connection breaks."""
        connection = self._connection or await self._connect()
        try:
            await self._say(connection, self._story.due())
            data = await connection.recv()
        except BROKEN as error:
            await self._hang_up()
            await self._pause(Unreachable(f"the connection broke: {error or type(error).__name__}"))
            return
        before = self._story.heard
        try:
            found = self._story.receive(data)
        except ClientError:
            if self.over:
                await self._hang_up()
            raise
        if self._story.heard > before:
            self._patience.calm()
        if not isinstance(found, Again):
            self._events += found
            return
        await self._pause(found.error)
        if self._connection is not None:
            with suppress(*BROKEN):  # the next `recv` will notice
                await self._say(self._connection, [self._story.opening()])

    async def _say(self, connection: ClientConnection, messages: list[str]) -> None:
        """All of them, or the connection is given up: whoever iterates next says on another what was left unsaid."""
        try:
            for message in messages:
                await connection.send(message)
        except asyncio.CancelledError:
            connection.transport.abort()
            await self._hang_up()
            raise

    async def _connect(self) -> ClientConnection:
        while True:
            try:
                options = self._wiring.socket_options
                opened = await self._stack.enter_async_context(connect(self._wiring.socket_url, **options))
                await self._say(opened, self._story.greeting())
                self._connection = opened
                return opened
            except BROKEN as error:
                await self._hang_up()
                await self._pause(unopened(error))

    async def _pause(self, error: ClientError) -> None:
        await asyncio.sleep(self._patience.pause_s(error))

    async def _wish(self, text: str) -> None:
        """Now, or with the next connection."""
        connection, pending = self._connection, self._story.pending
        if connection is None or (wire := pending.claim(text)) is None:
            return
        try:
            await connection.send(text)
        except BaseException as error:  # a broken connection, or whoever wished has been stopped
            pending.kept(text)  # who reads will notice
            if not isinstance(error, BROKEN):
                raise
        else:
            pending.went(text, wire)

    async def _hang_up(self) -> None:
        self._connection = None
        with suppress(*BROKEN):
            await self._stack.aclose()
