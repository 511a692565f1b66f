"""SIGTERM under load, with a real process: whatever was accepted is finished, and arrives."""

import asyncio
import json
import signal
import subprocess
from collections import Counter
from typing import Any

import httpx
import websockets
from service import PATIENCE_S, command, free_port, wait_ready
from websockets.asyncio.client import ClientConnection, connect

N_SOCKETS, N_JOBS = 4, 6  # jobs of each socket
SPEC = {"formula": "CH4", "steps": 150, "n_samples": 2}


class Follower:
    """One socket: starts its jobs, then listens until the connection ends."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: Counter[str] = Counter()
        self.finals: list[str] = []
        self.accepted: set[str] = set()
        self.codes: list[str] = []

    async def start(self, n: int, **spec: int) -> None:
        for i in range(n):
            start = {"type": "start", "req_id": f"r{i}", "spec": {**SPEC, **spec}}
            await self.connection.send(json.dumps(start))
        while len(self.accepted) < n:
            await self.next()

    async def next(self) -> None:
        data = await asyncio.wait_for(self.connection.recv(), PATIENCE_S)
        if isinstance(data, bytes):
            return
        message: dict[str, Any] = json.loads(data)
        self.heard[message["type"]] += 1
        match message["type"]:
            case "accepted":
                self.accepted.add(message["job"])
            case "final":
                self.finals.append(message["job"])
            case "error":
                self.codes.append(message["code"])

    async def listen(self) -> None:
        try:
            while True:
                await self.next()
        except websockets.ConnectionClosed:
            pass


async def following(port: int) -> Follower:
    return Follower(await connect(f"ws://127.0.0.1:{port}/ws", compression=None, max_queue=None))


async def ended(process: subprocess.Popen[str]) -> str:
    output, _ = await asyncio.to_thread(process.communicate, timeout=PATIENCE_S)
    assert "Traceback" not in output, output
    return output


async def test_every_accepted_job_is_finished_and_new_ones_are_sent_away() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {"PORT": str(port), "STUDIO_DRAIN_S": "60", "STUDIO_MAX_RUNNING": "8"}
    with command(**env) as process:
        await asyncio.to_thread(wait_ready, process, port)
        async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
            inside = asyncio.create_task(client.post("/generate", json={**SPEC, "steps": 500}))
            while "studio_jobs_unfinished 1.0" not in (await client.get("/metrics")).text:
                await asyncio.sleep(0.01)
            followers = [await following(port) for _ in range(N_SOCKETS)]
            await asyncio.gather(*(follower.start(N_JOBS) for follower in followers))
            process.send_signal(signal.SIGTERM)
            while (await client.get("/readyz")).status_code != 503:
                await asyncio.sleep(0.01)

            assert (await client.get("/healthz")).status_code == 200
            refused = await client.post("/generate", json=SPEC)
            assert refused.status_code == 503 and refused.json()["code"] == "draining"
            assert int(refused.headers["retry-after"]) >= 1
            await followers[0].connection.send(json.dumps({"type": "start", "req_id": "late", "spec": SPEC}))

            await asyncio.gather(*(follower.listen() for follower in followers))
            answer = await inside
        output = await ended(process)
    assert answer.status_code == 200 and len(answer.json()["candidates"]) == 2
    for follower in followers:
        assert sorted(follower.finals) == sorted(follower.accepted) and len(follower.accepted) == N_JOBS
        assert follower.heard["draining"] == 1
    assert followers[0].codes == ["draining"] and all(not follower.codes for follower in followers[1:])
    assert "every job has ended" in output


async def test_a_client_that_lost_its_connection_comes_back_for_its_result() -> None:
    port = free_port()
    with command(PORT=str(port), STUDIO_DRAIN_S="60") as process:
        await asyncio.to_thread(wait_ready, process, port)
        async with asyncio.timeout(PATIENCE_S):
            lost = await following(port)
            await lost.start(1)
            (job,) = lost.accepted
            lost.connection.transport.abort()
            process.send_signal(signal.SIGTERM)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                while "studio_jobs_unfinished 0.0" not in (await client.get("/metrics")).text:
                    await asyncio.sleep(0.01)
            again = await following(port)
            await again.connection.send(json.dumps({"type": "resume", "job": job, "last_seq": 0}))
            await again.listen()
        output = await ended(process)
    assert again.finals == [job] and again.heard["draining"] == 1
    assert "every job has ended" in output


async def test_jobs_that_take_too_long_are_cancelled_and_their_clients_told() -> None:
    port = free_port()
    with command(PORT=str(port), STUDIO_DRAIN_S="0.3") as process:
        await asyncio.to_thread(wait_ready, process, port)
        async with asyncio.timeout(PATIENCE_S):
            follower = await following(port)
            await follower.start(1, steps=1024)
            process.send_signal(signal.SIGTERM)
            await follower.listen()
        output = await ended(process)
    assert follower.codes == ["cancelled"] and not follower.finals
    assert "1 jobs did not finish" in output


async def test_a_second_signal_ends_it_at_once() -> None:
    port = free_port()
    with command(PORT=str(port), STUDIO_DRAIN_S="600") as process:
        await asyncio.to_thread(wait_ready, process, port)
        async with asyncio.timeout(PATIENCE_S):
            follower = Follower(await connect(f"ws://127.0.0.1:{port}/ws", compression=None))
            await follower.connection.send(
                '{"type": "start", "req_id": "a", "spec": {"formula": "CH4", "steps": 1024}}'
            )
            while not follower.accepted:
                await follower.next()
            await follower.connection.send(json.dumps({"type": "pause", "job": next(iter(follower.accepted))}))
            process.send_signal(signal.SIGTERM)
            while not follower.heard["draining"]:
                await follower.next()
            process.send_signal(signal.SIGTERM)
            await follower.listen()
        await ended(process)
    assert not follower.finals
