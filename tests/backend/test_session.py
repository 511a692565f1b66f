"""A client that reads slowly, without a socket."""

import asyncio
import json
from pathlib import Path

import numpy as np
from inline import InlineEngine, TellingJudge

from gpff.chemistry import Verdict
from gpff.spec import Limits
from studio import codec
from studio.api.session import MAX_WAITING, Session
from studio.api.state import Services
from studio.job import Workshop
from studio.jobs import Jobs
from studio.keys import Keys
from studio.settings import Settings

GOOD = Verdict(True, "C", None, ())


def session(engine: InlineEngine) -> Session:
    jobs = Jobs(Workshop(engine, TellingJudge(lambda z, x: GOOD), Limits(), rerun_rounds=2))
    return Session(Services(Settings(), engine, jobs, Keys(Path("/nonexistent"))), "test")


def frame(job: int, seq: int, flags: int = 0) -> codec.Frame:
    return codec.Frame(job, seq, seq, 0, np.zeros((1, 3)), np.zeros(1), np.zeros(1), flags)


async def all_of(client: Session) -> list[str | codec.Frame]:
    got: list[str | codec.Frame] = []
    while True:
        try:
            data = await asyncio.wait_for(client.next(), 0.05)
        except TimeoutError:
            return got
        got.append(codec.decode(data) if isinstance(data, bytes) else json.loads(data)["type"])


async def test_a_slow_reader_gets_the_newest_frame_the_keys_and_a_mark() -> None:
    client = session(InlineEngine())
    client.post_frame(frame(1, 1, codec.FLAG_KEY))
    for seq in range(2, 100):
        client.post_frame(frame(1, seq))
    client.post_frame(frame(1, 100, codec.FLAG_KEY | codec.FLAG_FINAL))
    frames = [item for item in await all_of(client) if isinstance(item, codec.Frame)]
    assert [(item.seq, item.flags) for item in frames] == [
        (1, codec.FLAG_KEY),
        (99, codec.FLAG_DROPPED),
        (100, codec.FLAG_KEY | codec.FLAG_FINAL),
    ]


async def test_a_slow_reader_never_loses_a_final() -> None:
    engine = InlineEngine()
    client = session(engine)
    for i in range(5):
        start = {"type": "start", "req_id": f"{i}", "spec": {"formula": "CH4", "steps": 200}}
        await client.receive(json.dumps(start))
    await engine.start()
    async with asyncio.timeout(20):
        while client.requests:
            await asyncio.sleep(0.01)
    got = await all_of(client)
    assert got.count("final") == 5 and got.count("accepted") == 5 and got.count("topology") == 5
    assert sum(isinstance(item, codec.Frame) for item in got) == 5 * 3  # first, newest, last
    await engine.close()


async def test_what_a_client_asks_for_without_reading_is_bounded() -> None:
    client = session(InlineEngine())
    for _ in range(10):
        await client.receive('{"type": "ping"}')
        await client.receive('{"type": "hello"}')
    assert sorted(str(item) for item in await all_of(client)) == ["pong", "welcome"]

    async def flood() -> None:
        while True:
            await client.receive("nonsense")

    task = asyncio.create_task(flood())
    await asyncio.sleep(0.3)
    assert not task.done() and len(client._mailbox) == MAX_WAITING
    await client.next()
    await client.next()
    await asyncio.sleep(0.01)
    assert len(client._mailbox) == MAX_WAITING
    task.cancel()


async def test_closing_cancels_jobs_even_those_just_started() -> None:
    engine = InlineEngine()
    client = session(engine)
    start = json.dumps({"type": "start", "req_id": "a", "spec": {"formula": "CH4", "steps": 200}})
    task = asyncio.create_task(client.receive(start))
    await asyncio.sleep(0)  # the spec is being compiled in a thread
    client.close()
    await task
    assert client.jobs == {} and client.requests == set()
    assert not engine._engine.has_work
