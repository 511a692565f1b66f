"""The web process's side of the nursery: engines are born and die, seen from asyncio."""

import array
import asyncio
import os
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass

from gpff.cores import cores
from studio.engine import nursery
from studio.engine.nursery import NEWS

GOODBYE_S = 1.0  # between closing an engine's socket and killing it


@dataclass(frozen=True)
class Child:
    """An engine's process. `sock`: our end of its socket, not blocking."""

    pid: int
    sock: socket.socket


class Cradle:
    """Keeps a nursery, and starts one engine at a time in it."""

    def __init__(self, factory: str) -> None:
        self._factory = factory
        self._process: subprocess.Popen[bytes] | None = None
        self._sock: socket.socket | None = None

    async def birth(self, box: int) -> Child:
        """A new engine that holds the descriptor `box`. Raises `OSError` when there can be none."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._start()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                self._ask([theirs.fileno(), box])
            _, pid, _ = await self._news()
        except BaseException:
            ours.close()
            raise
        return Child(pid, ours)

    async def burial(self, child: Child) -> int | None:
        """The exit code of a child whose socket has ended; it is killed if it lingers. None: nobody knows any more."""
        try:
            async with asyncio.timeout(GOODBYE_S):
                return (await self._news())[2]
        except (TimeoutError, ConnectionError):
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
        with suppress(OSError):
            return (await self._news())[2]
        return None

    def close(self) -> None:
        """End the nursery, and what lives in it."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        # OpenMP threads that spin are starved by any neighbour, and the web process is one: a step of three molecules
        # took 100 times as long on two busy cores as with threads that sleep. Waking those costs more than they bring
        # to few molecules (5.5 against 10.5 ms for three), so half the cores are left to the web process and the bonds.
        # What many molecules are shared by waits for no thread that the machine does not let run, and may be as many.
        # NumPy's own threads would do nothing but be in the way of the fork.
        most = os.environ.get("OMP_NUM_THREADS", str(cores())).split(",")[0]
        threads = {"OMP_NUM_THREADS": str(max(1, cores() // 2)), "GPFF_THREADS": most}
        env = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_NUM_THREADS": "1", **threads, **os.environ}
        with theirs:
            command = nursery.command(theirs.fileno(), self._factory)
            try:
                self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], start_new_session=True, env=env)
            except BaseException:
                ours.close()
                raise
        ours.setblocking(False)
        self._sock = ours

    def _ask(self, fds: list[int]) -> None:
        assert self._sock is not None, "the nursery has been started"
        self._sock.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])

    async def _news(self) -> tuple[bytes, int, int]:
        if self._sock is None:
            raise ConnectionError("the nursery is gone")
        data = b""
        while len(data) < NEWS.size:
            part = await asyncio.get_running_loop().sock_recv(self._sock, NEWS.size - len(data))
            if not part:
                self.close()
                raise ConnectionError("the process that engines are forked from has ended")
            data += part
        kind, pid, code = NEWS.unpack(data)
        return kind, pid, code
