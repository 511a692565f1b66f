"""One client of the load test: a real socket, its jobs, and its bad manners."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.load.record import Record
from benchmarks.load.tasks import Visit, start
from studio.client.story import EVERY_MS
from studio.codec import Frame, decode_all

PATIENCE_S = 240.0  # for all jobs of one visit
AWAY_S = 0.2  # from a broken connection to the next
STALL_S = 0.01  # between two messages of one that stalls
WINDOW, ACK_EVERY = 2, 2  # of one that acknowledges late: frames under way, and how many it lets pass before it says so


@dataclass
class Visitor:
    """Makes one ``visit`` and keeps ``records`` of it. ``faults``: of what belongs to no job."""

    visit: Visit
    port: int
    records: list[Record] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    resumed: int = 0
    refused: int = 0
    answered: int = 0  # malformed messages

    def __post_init__(self) -> None:
        self.records = [Record(task) for task in self.visit.tasks]
        self._jobs: dict[str, Record] = {}
        self._expected = Counter(code for _, code in self.visit.malformed)
        self._heard = 0
        self._acked: Counter[str] = Counter()

    async def run(self) -> None:
        """From the first message to the end of the last job; what is missing then is in the records."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._call(first=True)
                while not self._over:
                    await asyncio.sleep(AWAY_S)
                    await self._call(first=False)
        except TimeoutError:
            self.faults.append(f"not over after {PATIENCE_S:.0f} s")
        except (OSError, websockets.WebSocketException) as error:
            self.faults.append(f"the connection failed: {error}")
        for record in self.records:
            record.forget_path()

    @property
    def _over(self) -> bool:
        return not self._expected and not any(record.lost for record in self.records)

    async def _call(self, first: bool) -> None:
        """One connection, until all is over or it breaks."""
        async with await self._connected() as connection:
            how = {"window": WINDOW} if self.visit.pace == "acknowledges late" else {}
            if self.visit.number % 2:  # every other visitor takes frames in bundles
                how["every_ms"] = EVERY_MS
            await connection.send(json.dumps({"type": "hello", "client": "load", **how}))
            if first:
                for message, _ in self.visit.malformed:
                    await connection.send(message)
                for i, record in enumerate(self.records):
                    await connection.send(start(record.task.spec, f"r{i}"))
            else:
                for job, record in self._jobs.items():
                    if record.lost:
                        self.resumed += 1
                        await connection.send(json.dumps({"type": "resume", "job": job, "last_seq": record.seq}))
            while not self._over:
                await self._take(connection, await connection.recv())
                if first and self._breaks():
                    connection.transport.abort()
                    return
                if self.visit.pace == "stalls":
                    await asyncio.sleep(STALL_S)

    async def _connected(self) -> connect:
        sock = socket.socket()
        if self.visit.pace == "stalls":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        return connect(
            f"ws://127.0.0.1:{self.port}/ws",
            sock=sock,
            subprotocols=[Subprotocol("gpff.v1")],
            compression=None,
            max_size=None,
            max_queue=1 if self.visit.pace == "stalls" else 64,
            open_timeout=60,
            ping_interval=None,
        )

    def _breaks(self) -> bool:
        """Whether it is time: every job was accepted, so that each can be asked for again, and one runs still."""
        self._heard += 1
        due = self.visit.break_at is not None and self._heard >= self.visit.break_at
        return due and not self._expected and len(self._jobs) == len(self.records) and not self._over

    async def _take(self, connection: ClientConnection, data: str | bytes) -> None:
        if isinstance(data, bytes):
            for frame in decode_all(data):
                await self._frame(connection, frame)
            return
        message: dict[str, Any] = json.loads(data)
        match message["type"]:
            case "welcome":
                return
            case "accepted":
                record = self.records[int(message["req_id"][1:])]
                record.job = message["job"]
                self._jobs[message["job"]] = record
                if message["seed"] != record.task.index:
                    record.faults.append(f"accepted with seed {message['seed']}")
            case "busy":
                self.refused += 1
                await asyncio.sleep(message["retry_after_ms"] / 1000)
                i = int(message["req_id"][1:])
                await connection.send(start(self.records[i].task.spec, message["req_id"]))
            case "error" if message["job"] is None:
                self._scolded(message)
            case _:
                self._of_job(message)

    def _of_job(self, message: dict[str, Any]) -> None:
        record = self._jobs.get(message["job"])
        if record is None:
            self.faults.append(f"{message['type']} of job {message['job']}, which is not ours")
            return
        match message["type"]:
            case "topology":
                record.topology(message)
            case "final":
                record.final(message["result"])
            case "error":
                record.error(message["code"])
            case "verdict" if not record.lost:
                record.faults.append("a verdict after the end")

    def _scolded(self, message: dict[str, Any]) -> None:
        """An error that belongs to no job: the answer to a malformed message."""
        code = message["code"]
        if self._expected[code] <= 0:
            self.faults.append(f"an error that was not to be expected: {message}")
            return
        self.answered += 1
        self._expected -= Counter([code])

    async def _frame(self, connection: ClientConnection, frame: Frame) -> None:
        job = str(frame.job)
        record = self._jobs.get(job)
        if record is None:
            self.faults.append(f"a frame of job {job}, which is not ours")
            return
        record.frame(frame)
        if record.frames == record.task.cancel_at:
            await connection.send(json.dumps({"type": "cancel", "job": job}))
        if self.visit.pace == "acknowledges late":
            self._acked[job] += 1
            if self._acked[job] % ACK_EVERY == 0:
                await asyncio.sleep(STALL_S)
                await connection.send(json.dumps({"type": "ack", "job": job, "seq": frame.seq}))
