"""The engine in a process of its own on this machine, kept alive, seen from asyncio.

The death of the process is no event of any job: another process goes on with every job from its last snapshot. Jobs
that were before the network when it died are suspects: they share no call until they have got on. One that has been
there at `MAX_DEATHS` deaths in a row, without a step in between, is `Crashed`.
"""

import asyncio
import logging
import os
import pickle
import signal
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from gpff import samplers
from studio.engine.blackbox import BlackBox
from studio.engine.channel import LENGTH, pack
from studio.engine.cradle import Child, Cradle
from studio.engine.home import EngineState, Listener, Order
from studio.engine.ledger import Entry, no_room, runs_at_once
from studio.engine.messages import (
    Cancel,
    Cancelled,
    Crashed,
    Done,
    Event,
    Expired,
    JobEvent,
    Loaded,
    LoadFailed,
    Queued,
    Refused,
    Report,
    Snapshot,
    Start,
)
from studio.engine.process import Options
from studio.errors import NotReady

log = logging.getLogger(__name__)

FIRST_DELAY_S, LAST_DELAY_S = 0.2, 30.0  # between failures to start, and the next attempt
MAX_DEATHS = 3
PATIENCE = 3  # attempts to load a model again that has been loaded before
RETRY_AFTER_S = 2.0
BURST = 8  # events that are passed on before everyone else in the event loop has a turn


class LocalEngine:
    """Starts the process, restarts it when it dies, and passes events to the listeners of their jobs."""

    def __init__(self, options: Options) -> None:
        self.on_report: Callable[[Report], None] | None = None
        self._options = options
        self._jobs: dict[int, Entry] = {}
        self._state = EngineState.LOADING
        self._detail: str | None = None
        self._model: Loaded | None = None
        self._report: Report | None = None
        self._cradle = Cradle(options.factory)
        self._child: Child | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._restarts = 0
        self._failures = 0  # to start, in a row

    @property
    def state(self) -> EngineState:
        return self._state

    @property
    def detail(self) -> str | None:
        return self._detail

    @property
    def model(self) -> Loaded | None:
        return self._model

    @property
    def last_report(self) -> Report | None:
        return self._report

    @property
    def restarts(self) -> int:
        """How often the process has been replaced."""
        return self._restarts

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return None if self._child is None else self._child.pid

    async def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep_alive(), name="engine keeper")

    async def close(self) -> None:
        if self._state is EngineState.LOADING and self._child is not None:
            with suppress(ProcessLookupError):
                os.kill(self._child.pid, signal.SIGKILL)  # it would not hear the socket close before it has loaded
        self._state = EngineState.CLOSED
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._cradle.close()
        self._crash_all("the service is shutting down")

    # --- jobs --------------------------------------------------------------------------------------------------------

    def submit(self, start: Start, listener: Listener) -> None:
        if self._state in (EngineState.FAILED, EngineState.CLOSED):
            raise NotReady(self._detail or "the service is shutting down")
        clock = asyncio.get_running_loop()
        entry = Entry(start, listener, clock.time())
        if self._state is EngineState.LOADING and not self._take(start, listener):
            return
        at_once = self._state is EngineState.READY and runs_at_once(start, self._jobs.values(), self._options)
        self._jobs[start.job] = entry
        if start.deadline_s is not None:
            entry.timer = clock.call_later(start.deadline_s, self._overdue, entry)
        self._write(start)
        if self._state is EngineState.LOADING:
            self._queue(entry)
        elif at_once:
            self._show(entry)

    def send(self, order: Order) -> None:
        entry = self._jobs.get(order.job)
        if entry is None:
            return
        entry.order(order)
        self._write(order)
        if entry.cancelled and (self._writer is None or self._state is EngineState.LOADING):
            self._deliver(Cancelled(order.job))  # who loads a model answers when that is done, or never

    def _show(self, entry: Entry) -> None:
        """Where a job begins needs no network, and nobody has to wait for the call that is under way."""
        start = entry.start
        try:
            state = start.state or samplers.init(start.plan)
        except Exception:  # the engine meets the same error, and reports it
            return
        self._deliver(Queued(start.job, 0))
        self._deliver(Snapshot(start.job, state))
        entry.expects_repeat()

    def _take(self, start: Start, listener: Listener) -> bool:
        """The process cannot answer while it loads: answer for it."""
        full = no_room(start, self._jobs.values(), self._options)
        if full is not None:
            listener(Refused(start.job, f"{full} while the model loads", RETRY_AFTER_S))
        return full is None

    def _queue(self, entry: Entry) -> None:
        self._deliver(Queued(entry.start.job, max(0, len(self._jobs) - self._options.max_running)))

    def _answer_for_it(self) -> None:
        """Those whom a process that is gone left without an answer have one: the next may take long to load."""
        waiting = [entry for entry in self._jobs.values() if not entry.announced]
        for entry in waiting:
            del self._jobs[entry.start.job]
        for entry in waiting:
            if self._take(entry.start, entry.listener):
                self._jobs[entry.start.job] = entry
                self._queue(entry)
            elif entry.timer is not None:
                entry.timer.cancel()

    def _overdue(self, entry: Entry) -> None:
        """An engine that is there notices by itself."""
        if self._jobs.get(entry.start.job) is entry and self._state is not EngineState.READY:
            self._write(Cancel(entry.start.job))
            self._deliver(Expired(entry.start.job))

    def _deliver(self, event: JobEvent) -> None:
        entry = self._jobs.get(event.job)
        if entry is None or not entry.hear(event):
            return
        if isinstance(event, Refused | Done | Cancelled | Expired | Crashed):
            del self._jobs[event.job]
            if entry.timer is not None:
                entry.timer.cancel()
        try:
            entry.listener(event)
        except Exception:  # one job's listener must not end the stream of all others
            log.exception("the listener of job %d failed", event.job)

    def _crash_all(self, detail: str) -> None:
        for number in list(self._jobs):
            self._deliver(Crashed(number, detail))

    # --- the process -------------------------------------------------------------------------------------------------

    async def _keep_alive(self) -> None:
        while True:
            try:
                await self._live()
            except Exception as error:
                self._state = EngineState.LOADING
                self._detail = f"the engine's process could not be started: {error}; it is tried again"
                self._failures += 1
                log.exception("the engine's process could not be started")
                self._answer_for_it()
            if self._failures:
                await asyncio.sleep(min(LAST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self._failures - 1, 10)))

    async def _live(self) -> None:
        """One process, from its start to its death. Raises what keeps it from starting."""
        box = BlackBox()
        try:
            child = self._child = await self._cradle.birth(box.fd)
            try:
                await self._talk(child)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass  # it is gone, and its exit code says more
            finally:
                child.sock.close()
                code = await self._cradle.burial(child)
                self._child = None
            self._mourn(code, box.read())
        finally:
            box.close()

    async def _talk(self, child: Child) -> None:
        """Send what waits, then deliver events until the process ends."""
        reader, self._writer = await asyncio.open_unix_connection(sock=child.sock)
        try:
            self._write(self._options)
            self._hand_over(asyncio.get_running_loop().time())
            heard = count(1)
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                for event in pickle.loads(await reader.readexactly(length)):
                    self._receive(event)
                    if next(heard) % BURST == 0:
                        await asyncio.sleep(0)  # what has come already is read without waiting
        finally:
            self._writer.close()
            self._writer = None

    def _hand_over(self, now: float) -> None:
        """Every job that has not ended goes on in the new process."""
        for number, entry in list(self._jobs.items()):
            if entry.cancelled:
                self._deliver(Cancelled(number))
                continue
            for message in entry.again(now):
                self._write(message)

    def _write(self, message: object) -> None:
        """Without a process nothing is written: all jobs are sent when one has started."""
        if self._writer is not None:
            self._writer.write(pack(message))

    def _receive(self, event: Event) -> None:
        match event:
            case Loaded():
                self._state, self._detail, self._model = EngineState.READY, None, event
                self._failures = 0
            case LoadFailed(detail):
                self._detail = f"the model could not be loaded: {detail}"
                if self._model is None or self._failures + 1 >= PATIENCE:
                    self._state = EngineState.FAILED
                    self._crash_all(self._detail)
            case Report():
                self._report = event
                if self.on_report is not None:
                    self.on_report(event)
            case _:
                self._deliver(event)

    def _mourn(self, code: int | None, suspects: list[int]) -> None:
        if self._state is EngineState.CLOSED:
            return
        self._restarts += 1
        if self._state is not EngineState.READY:
            self._failures += 1
        if self._state is EngineState.FAILED:
            return
        self._state = EngineState.LOADING
        why = "an exit code that nobody knows" if code is None else f"exit code {code}"
        self._detail = self._detail or f"the engine's process ended with {why}; it is being restarted"
        log.error(self._detail)
        self._answer_for_it()
        for number in suspects:
            if (entry := self._jobs.get(number)) is not None:
                entry.deaths += 1
                if entry.deaths >= MAX_DEATHS:
                    self._deliver(Crashed(number, f"the engine died {MAX_DEATHS} times over this job, with {why}"))
