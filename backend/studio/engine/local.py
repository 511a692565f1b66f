"""The engine in a process of its own on this machine, kept alive, seen from asyncio."""

import asyncio
import json
import logging
import os
import pickle
import socket
import subprocess
import sys

from studio.engine.home import EngineState, Listener
from studio.engine.messages import (
    Cancel,
    Cancelled,
    Crashed,
    Done,
    Event,
    JobEvent,
    Loaded,
    LoadFailed,
    Pause,
    Queued,
    Refused,
    Resume,
    Start,
)
from studio.engine.process import BOOT, LENGTH, Options, pack
from studio.errors import NotReady

log = logging.getLogger(__name__)

FIRST_DELAY_S, LAST_DELAY_S = 0.2, 30.0  # between a death and the next start
HEALTHY_S = 60.0  # a process that lived this long starts the delays anew
GOODBYE_S = 1.0  # between closing the socket and killing the process
RETRY_AFTER_S = 2.0


class _Job:
    def __init__(self, start: Start, listener: Listener) -> None:
        self.start = start
        self.listener = listener
        self.announced = False  # the listener has had its `Queued`
        self.commands: list[Pause | Resume] = []  # that came while there was no process


class LocalEngine:
    """Starts the process, restarts it when it dies, and passes events to the listeners of their jobs."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._jobs: dict[int, _Job] = {}
        self._state = EngineState.LOADING
        self._detail: str | None = None
        self._model: Loaded | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: asyncio.Task[None] | None = None

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
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep_alive(), name="engine keeper")

    async def close(self) -> None:
        if self._state is EngineState.LOADING and self._process is not None:
            self._process.kill()  # it would not hear the socket close before it has loaded
        self._state = EngineState.CLOSED
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._crash_all("the service is shutting down")

    def submit(self, start: Start, listener: Listener) -> None:
        if self._state in (EngineState.FAILED, EngineState.CLOSED):
            raise NotReady(self._detail or "the service is shutting down")
        job = _Job(start, listener)
        if self._state is EngineState.LOADING:
            # The process cannot answer while it loads: answer for it, by the same rule.
            ahead = len(self._jobs) - self._options.max_running
            if ahead >= self._options.max_queue:
                listener(Refused(start.job, "the queue is full while the model loads", RETRY_AFTER_S))
                return
            job.announced = True
            self._jobs[start.job] = job
            listener(Queued(start.job, max(0, ahead + 1)))
        else:
            self._jobs[start.job] = job
        self._write(start)

    def send(self, command: Cancel | Pause | Resume) -> None:
        job = self._jobs.get(command.job)
        if job is None:
            return
        if self._writer is not None:
            self._write(command)
        elif isinstance(command, Cancel):
            self._deliver(Cancelled(command.job))
        else:
            job.commands.append(command)

    def _write(self, message: object) -> None:
        """Without a process nothing is written: all jobs are sent when one has started."""
        if self._writer is not None:
            self._writer.write(pack(message))

    async def _keep_alive(self) -> None:
        clock = asyncio.get_running_loop().time
        delay = FIRST_DELAY_S
        while True:
            began = clock()
            await self._live()
            if clock() - began > HEALTHY_S:
                delay = FIRST_DELAY_S
            await asyncio.sleep(delay)
            delay = min(2 * delay, LAST_DELAY_S)

    async def _live(self) -> None:
        """One process, from its start to its death."""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-c", BOOT, str(theirs.fileno()), json.dumps(sys.path)]
        # OpenMP threads that spin are starved by any neighbour, and the web process is one: a step of three molecules
        # took 100 times as long on two busy cores as with threads that sleep. Waking those costs more than they bring
        # to few molecules (5.5 against 10.5 ms for three), so half the cores are left to the web process and the bonds.
        threads = max(1, (os.cpu_count() or 1) // 2)
        env = {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": str(threads), **os.environ}
        with theirs:
            process = subprocess.Popen(command, pass_fds=[theirs.fileno()], start_new_session=True, env=env)
        self._process = process
        try:
            await self._talk(ours)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it is gone, and its exit code says more
        finally:
            ours.close()
            code = await self._reap(process)
            self._process = None
            self._mourn(code)

    async def _talk(self, sock: socket.socket) -> None:
        """Send what waits, then deliver events until the process ends."""
        reader, self._writer = await asyncio.open_unix_connection(sock=sock)
        try:
            self._write(self._options)
            for job in self._jobs.values():
                for message in (job.start, *job.commands):
                    self._write(message)
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                self._receive(pickle.loads(await reader.readexactly(length)))
        finally:
            self._writer.close()
            self._writer = None

    async def _reap(self, process: subprocess.Popen[bytes]) -> int:
        try:
            return await asyncio.to_thread(process.wait, GOODBYE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return await asyncio.to_thread(process.wait)

    def _mourn(self, code: int) -> None:
        if self._state is EngineState.CLOSED:
            return
        if self._state is not EngineState.FAILED:
            self._state = EngineState.LOADING
            self._detail = f"the engine's process ended with exit code {code}; it is being restarted"
            log.error(self._detail)
        self._crash_all(self._detail or "the engine's process ended")

    def _crash_all(self, detail: str) -> None:
        for number in list(self._jobs):
            self._deliver(Crashed(number, detail))

    def _receive(self, event: Event) -> None:
        match event:
            case Loaded():
                self._state, self._detail, self._model = EngineState.READY, None, event
            case LoadFailed(detail):
                self._state, self._detail = EngineState.FAILED, f"the model could not be loaded: {detail}"
            case _:
                self._deliver(event)

    def _deliver(self, event: JobEvent) -> None:
        job = self._jobs.get(event.job)
        if job is None or (isinstance(event, Queued) and job.announced):
            return
        if isinstance(event, Refused | Done | Cancelled | Crashed):
            del self._jobs[event.job]
        try:
            job.listener(event)
        except Exception:  # one job's listener must not end the stream of all others
            log.exception("the listener of job %d failed", event.job)
