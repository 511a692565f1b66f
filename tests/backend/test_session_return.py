"""What clients are sent that come back after their connection broke, without a socket."""

import asyncio
import json
from itertools import pairwise

from house import House, frames, seqs, types
from studio.codec import FLAG_DROPPED


async def test_another_connection_takes_up_where_one_broke_off() -> None:
    house = House()
    client = house.client("first")
    job = await client.start()
    await house.steps(5)
    got = await client.read()
    client.session.close()
    await house.steps(5)

    other = house.client("second")
    await other.send(type="resume", job=job, last_seq=seqs(got)[-1])
    again = await other.read()
    assert types(again)[0] == "topology" and again[0]["job"] == job
    assert seqs(again) == [7, 8, 9, 10, 11] and not any(frame.flags & FLAG_DROPPED for frame in frames(again))
    for _ in range(12):
        await house.steps(1)
        again += await other.read()
    assert seqs(again) == list(range(7, 22)) and types(again)[-1] == "final"
    assert types(await client.read()) == []


async def test_a_job_that_has_ended_is_told_again_from_any_frame() -> None:
    house = House()
    client = house.client()
    job = await client.start(n_samples=2)
    await house.run_out()
    told = await client.read()
    await client.send(type="resume", job=job)
    again = await client.read()
    assert [types(again).count(kind) for kind in ("topology", "verdict", "final")] == [1, 2, 1]
    assert types(again)[0] == "topology" and seqs(again) == list(range(1, 22)) and again[-1] == told[-1]
    await client.send(type="resume", job=job, last_seq=21)
    assert types(await client.read()) == ["topology", "verdict", "verdict", "final"]
    await client.send(type="resume", job=job, last_seq=22, req_id="x")
    error = await client.answer()
    assert (error["field"], error["req_id"], error["job"]) == ("last_seq", "x", None)


async def test_a_job_that_was_cancelled_is_told_as_such() -> None:
    house = House()
    client = house.client()
    job = await client.start(**{"lambda": 2.0})  # a cloud still, which is not judged
    await house.steps(2)
    await client.send(type="cancel", job=job)
    await client.read()
    await client.send(type="resume", job=job, last_seq=2)
    got = await client.read()
    assert types(got) == ["topology", "frame", "error"]
    assert (got[-1]["code"], got[-1]["job"]) == ("cancelled", job)


async def test_to_resume_on_the_same_connection_asks_for_what_was_passed_over() -> None:
    house = House()
    client = house.client()
    job = await client.start()
    await house.steps(9)
    assert seqs(await client.read()) == [1, 10]
    await client.send(type="resume", job=job, last_seq=1)
    got = await client.read()
    assert seqs(got) == list(range(2, 11))
    await house.steps(1)
    assert seqs(await client.read()) == [11] and len(client.session.streams) == 1


async def test_what_is_no_longer_kept_is_marked_as_dropped() -> None:
    house = House(retain_bytes=60_000)
    client = house.client()
    job = await client.start(steps=60)
    await house.steps(59)
    await client.read()
    await client.send(type="resume", job=job, last_seq=0)
    got = frames(await client.read())
    assert 2 < len(got) < 40 and got[0].seq == 1 and got[-1].seq == 60
    for sooner, later in pairwise(got):
        assert bool(later.flags & FLAG_DROPPED) == (later.seq > sooner.seq + 1)


async def test_a_replay_obeys_the_window() -> None:
    house = House()
    client = house.client()
    job = await client.start()
    await house.run_out()
    await client.read()
    await client.send(type="hello", window=4)
    await client.send(type="resume", job=job)
    got = await client.read()
    assert seqs(got) == [1, 2, 3, 4]
    for seq in range(1, 22):
        await client.send(type="ack", job=job, seq=seq)
        got += await client.read()
    assert seqs(got) == list(range(1, 22)) and types(got)[-1] == "final"


async def test_an_end_that_was_on_its_way_when_the_connection_broke_is_owed() -> None:
    house = House()
    broken, well = house.client(), house.client()
    for client in (broken, well):
        await client.start()
    await house.run_out()
    while not (isinstance(data := await broken.session.next(), str) and json.loads(data)["type"] == "final"):
        pass
    broken.session.close()  # it never said that the end was sent
    assert types(await well.read())[-1] == "final"
    well.session.close()
    assert house.services.door.owed == 1


async def test_a_broken_connection_cancels_its_jobs_after_the_grace() -> None:
    house = House(grace_s=0.05)
    client = house.client()
    job = house.jobs.find(await client.start(steps=1000))
    assert job is not None
    client.session.close()
    await house.steps(2)
    assert job.state == "running"
    await asyncio.sleep(0.1)
    assert job.state == "cancelled"


async def test_a_connection_that_breaks_while_a_job_is_started_is_noticed() -> None:
    house = House(grace_s=0.0)
    client = house.client()
    task = asyncio.create_task(client.send(type="start", req_id="a", spec={"formula": "CH4", "steps": 200}))
    await asyncio.sleep(0)  # the spec is being compiled in a thread
    client.session.close()
    await task
    await asyncio.sleep(0.01)
    assert len(house.jobs) == 0 and not house.engine._engine.has_work
