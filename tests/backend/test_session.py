"""What clients of every kind are sent, without a socket: quick, slow and acknowledging ones; and what goes wrong."""

import asyncio
from typing import Any

import pytest
from inline import InlineEngine

from house import House, frames, seqs, types
from studio import codec
from studio.api.session import MAX_WAITING
from studio.codec import FLAG_DROPPED, FLAG_FINAL, FLAG_KEY, Frame

# --- slow readers ------------------------------------------------------------------------------------


async def test_a_slow_reader_gets_the_first_the_newest_and_the_last_and_a_mark() -> None:
    house = House()
    client = house.client()
    await client.start()
    await house.steps(10)
    (first, newest) = frames(await client.read())
    assert (first.seq, first.flags) == (1, FLAG_KEY)
    assert (newest.seq, newest.step, newest.flags) == (11, 10, FLAG_DROPPED)
    await house.run_out()
    got = await client.read()
    (last,) = frames(got)
    assert (last.seq, last.step, last.flags) == (21, 20, FLAG_DROPPED | FLAG_KEY | FLAG_FINAL)
    assert types(got)[0] == "frame" and types(got)[-1] == "final" and types(got).count("final") == 1


async def test_a_quick_reader_gets_every_frame_without_a_mark() -> None:
    house = House()
    client = house.client()
    await client.start()
    got = []
    for _ in range(25):
        got += await client.read()
        await house.steps(1)
    got += await client.read()
    assert [frame.step for frame in frames(got)] == list(range(21)) and seqs(got) == list(range(1, 22))
    assert not any(frame.flags & FLAG_DROPPED for frame in frames(got)) and types(got)[-1] == "final"


async def test_a_slow_reader_never_loses_a_final() -> None:
    house = House()
    client = house.client()
    for i in range(5):
        await client.send(type="start", req_id=f"{i}", spec={"formula": "CH4", "steps": 200})
    await house.run_out()
    got = await client.read()
    told = types(got)
    assert [told.count(kind) for kind in ("accepted", "topology", "frame", "final")] == [5, 5, 10, 5]
    by_job: dict[str, list[str]] = {}
    for item, kind in zip(got, told, strict=True):
        by_job.setdefault(str(item.job) if kind == "frame" else item["job"], []).append(kind)
    assert [story[:3] for story in by_job.values()] == [["accepted", "topology", "frame"]] * 5
    assert [story[-1] for story in by_job.values()] == ["final"] * 5
    assert client.session.idle and client.session.streams == []


async def test_a_verdict_comes_after_its_frame_and_before_the_end() -> None:
    house = House()
    client = house.client()
    await client.start(steps=600, **{"lambda": 0.05})
    got: list[Any] = []
    while len(house.jobs):
        await house.steps(3)
        got += await client.read(1)
    got += await client.read()
    (verdict,) = (i for i, kind in enumerate(types(got)) if kind == "verdict")
    assert got[verdict]["seq"] <= seqs(got[:verdict])[-1] and verdict < len(got) - 1


async def test_what_a_client_asks_for_without_reading_is_bounded() -> None:
    house = House()
    client = house.client()
    for _ in range(10):
        await client.send(type="ping")
        await client.send(type="hello")
    assert sorted(types(await client.read())) == ["pong", "welcome"]

    async def flood() -> None:
        while True:
            await client.session.receive("nonsense")

    task = asyncio.create_task(flood())
    await asyncio.sleep(0.3)
    assert not task.done() and len(client.session._outbox) == MAX_WAITING
    await client.read(2)
    await asyncio.sleep(0.01)
    assert len(client.session._outbox) == MAX_WAITING
    task.cancel()


async def test_jobs_whose_end_was_not_read_count_as_jobs() -> None:
    house = House(InlineEngine(running=32))
    client = house.client()
    most = house.services.settings.max_jobs_per_client
    for i in range(most + 1):
        await client.send(type="start", req_id=f"{i}", spec={"formula": "CH4", "steps": 1})
        await house.run_out()
    got = await client.read()
    assert types(got).count("final") == most
    (busy,) = (item for item in got if not isinstance(item, Frame) and item["type"] == "busy")
    assert busy["req_id"] == str(most)
    await client.start("again")


# --- acknowledgements --------------------------------------------------------------------------------


async def test_no_more_frames_are_under_way_than_the_window_holds() -> None:
    house = House()
    client = house.client()
    await client.send(type="hello", window=3)
    await client.answer()
    job = await client.start(steps=200)
    got = []
    for _ in range(10):
        await house.steps(1)
        got += await client.read()
    assert seqs(got) == [1, 2, 3]
    await client.send(type="ack", job=job, seq=2)
    got = await client.read()
    assert seqs(got) == [11] and got[0].flags & FLAG_DROPPED
    await client.send(type="ack", job=job, seq=2)
    await house.steps(1)
    assert seqs(await client.read()) == [12]
    await client.send(type="ack", job=job, seq=12)
    for _ in range(5):
        await house.steps(1)
        got += await client.read()
    assert seqs(got) == [11, 13, 14, 15]
    await client.send(type="hello")  # without a window any number may be
    assert types(await client.read()) == ["welcome", "frame"]


async def test_the_end_does_not_wait_for_acknowledgements() -> None:
    house = House()
    client = house.client()
    await client.send(type="hello", window=1)
    await client.answer()
    await client.start()
    await house.run_out()
    got = await client.read()
    assert seqs(got) == [1, 21] and types(got)[-1] == "final"


async def test_a_window_is_of_each_job_and_acknowledging_too_much_does_nothing() -> None:
    house = House()
    client = house.client()
    await client.send(type="hello", window=1)
    await client.answer()
    one, two = await client.start("a"), await client.start("b")
    await house.steps(3)
    assert {str(frame.job) for frame in frames(await client.read())} == {one, two}
    await client.send(type="ack", job=one, seq=10**6)
    await client.send(type="ack", job="12345", seq=1)
    assert [str(frame.job) for frame in frames(await client.read())] == [one]


# --- trouble -----------------------------------------------------------------------------------------


async def test_our_own_faults_are_answered_and_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    client = house.client()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(house.jobs, "find", broken)
        await client.send(type="pause", job="1", req_id="x")
    error = await client.answer()
    assert (error["code"], error["req_id"], error["retryable"]) == ("internal", "x", True)
    await client.start()


async def test_a_stream_that_breaks_is_answered_and_can_be_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    client = house.client()
    job = await client.start()
    with monkeypatch.context() as patch:
        patch.setattr(codec, "encode_all", lambda frames, flags: 1 // 0)
        await house.steps(3)
        error = await client.answer()
        assert (error["code"], error["job"], error["retryable"]) == ("internal", job, True)
    await client.send(type="resume", job=job)
    assert seqs(await client.read()) == [1, 2, 3, 4]
    await house.run_out()
    assert types(await client.read())[-1] == "final"


async def test_a_service_that_drains_says_so_once_and_takes_nothing_new() -> None:
    house = House()
    client = house.client()
    job = await client.start()
    with house.services.door.guest(client.session):
        house.services.door.close()
        assert not client.session.idle
        assert (await client.answer()) == {"type": "draining", "reconnect_after_ms": 2000}
        await client.send(type="start", req_id="new", spec={"formula": "CH4"})
        error = await client.answer()
        assert (error["code"], error["req_id"], error["retryable"]) == ("draining", "new", True)
        await house.steps(2)
        await client.read()
        await client.send(type="branch", req_id="b", job=job, step=0)
        assert (await client.answer())["code"] == "draining"
        await house.run_out()
        assert not client.session.idle
        assert types(await client.read())[-1] == "final" and client.session.idle
