"""Clients that asked for frames in bundles, without a socket: what goes at once, what waits, and what is left out."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from house import Client, House, frames, seqs, types
from studio.api import stream
from studio.codec import FLAG_DROPPED, FLAG_FINAL, FLAG_KEY, Frame, size_of

LONG_MS = 1000  # longer than any of these tests: what waits for it waits until something else happens


def bundles(messages: list[Any]) -> list[list[int]]:
    """Sequence numbers of each message with frames."""
    return [[frame.seq for frame in message] for message in messages if isinstance(message, list)]


async def patient(house: House, **hello: Any) -> Client:
    """A client that takes its frames in bundles."""
    client = house.client()
    await client.send(type="hello", **{"every_ms": LONG_MS, **hello})
    assert (await client.answer())["type"] == "welcome"
    return client


async def begun(house: House, client: Client, **spec: Any) -> tuple[str, Frame]:
    """A job whose first frame has been read, and whose second waits; that frame."""
    job = await client.start(**{"steps": 200, **spec})
    await house.steps(1)
    ((first,),) = await client.messages()
    assert (first.seq, first.flags) == (1, FLAG_KEY)
    return job, first


async def test_the_first_and_the_last_frame_go_at_once_and_the_others_together() -> None:
    house = House()
    client = await patient(house)
    await begun(house, client, steps=20)
    await house.steps(10)
    assert await client.messages() == []
    await house.run_out()
    got = await client.messages()
    assert bundles(got) == [list(range(2, 22))]
    kinds = [message["type"] for message in got if isinstance(message, dict)]
    assert isinstance(got[0], list) and kinds[-1] == "final" and kinds.count("final") == 1
    last = got[0][-1]
    assert (last.step, last.flags) == (20, FLAG_KEY | FLAG_FINAL)
    assert [frame.flags for frame in got[0][:-1]] == [0] * 19


async def test_what_has_come_in_the_time_goes_when_it_is_over() -> None:
    house = House()
    client = await patient(house, every_ms=30)
    await begun(house, client)
    await house.steps(4)
    assert await client.messages() == []
    await asyncio.sleep(0.03)
    assert bundles(await client.messages()) == [[2, 3, 4, 5, 6]]
    await asyncio.sleep(0.03)
    assert await client.messages() == []
    await house.steps(1)
    assert bundles(await client.messages()) == [[7]]  # the last message is long ago


async def test_whoever_sends_is_not_woken_for_frames_that_wait() -> None:
    house = House()
    client = await patient(house)
    await begun(house, client, steps=20, **{"lambda": 2.0})  # a cloud still, which is not judged
    (one,) = client.session.streams
    woken: list[object] = []
    one._ready = woken.append
    await house.steps(10)
    assert woken == []
    await house.run_out()
    assert woken


async def test_verdicts_wait_for_their_frames() -> None:
    house = House()
    client = await patient(house)
    await client.start(steps=600, n_samples=2, **{"lambda": 0.05})
    await house.run_out()
    sent = 0
    got = await client.messages()
    for message in got:
        if isinstance(message, list):
            sent = message[-1].seq
        elif message["type"] == "verdict":
            assert message["seq"] <= sent
    kinds = ["frames" if isinstance(message, list) else message["type"] for message in got]
    assert kinds == ["frames", "frames", "verdict", "verdict", "final"]


async def test_a_job_that_is_cancelled_shows_what_waited_before_it_ends() -> None:
    house = House()
    client = await patient(house)
    job, _ = await begun(house, client, **{"lambda": 2.0})  # a cloud still, which is not judged
    await house.steps(3)
    await client.send(type="cancel", job=job)
    got = await client.messages()
    assert bundles(got) == [[2, 3, 4, 5]] and got[-1]["code"] == "cancelled"


async def test_a_bundle_is_bounded_and_the_newest_win(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    client = await patient(house)
    _, first = await begun(house, client)
    monkeypatch.setattr(stream, "BUNDLE_BYTES", 4 * size_of(first) + 3)
    await house.steps(2)
    assert await client.messages() == []
    await house.steps(1)  # as many as may be: nothing is gained by waiting
    assert bundles(await client.messages()) == [[2, 3, 4, 5]]
    await house.steps(9)  # and the client reads nothing
    ((*got,),) = await client.messages()
    assert [(frame.seq, frame.flags) for frame in got] == [(11, FLAG_DROPPED), (12, 0), (13, 0), (14, 0)]
    monkeypatch.setattr(stream, "BUNDLE_BYTES", 1)  # a frame is sent, however large it is
    await house.steps(2)
    ((newest,),) = await client.messages()
    assert (newest.seq, newest.flags) == (16, FLAG_DROPPED)


async def test_frames_that_are_no_longer_kept_are_marked() -> None:
    house = House(retain_bytes=60_000)
    client = await patient(house)
    await client.start(steps=60)
    await house.run_out()
    got = frames(await client.read())
    assert 2 < len(got) < 40 and got[0].seq == 1 and got[-1].seq == 61
    for sooner, later in pairwise(got):
        assert bool(later.flags & FLAG_DROPPED) == (later.seq > sooner.seq + 1)


async def test_a_window_counts_frames_and_not_messages() -> None:
    house = House()
    client = await patient(house, window=5)
    job, _ = await begun(house, client)
    await house.steps(2)
    assert await client.messages() == []
    await house.steps(1)  # the window is full: nothing is gained by waiting
    assert bundles(await client.messages()) == [[2, 3, 4, 5]]
    await house.steps(10)
    assert await client.messages() == []
    await client.send(type="ack", job=job, seq=4)
    got = await client.messages()
    assert bundles(got) == [[12, 13, 14, 15]] and got[0][0].flags & FLAG_DROPPED
    await house.run_out()
    got = await client.messages()
    assert bundles(got) == [[201]] and got[-1]["type"] == "final"  # the last frame waits for no one


async def test_a_replay_loses_nothing_and_obeys_window_and_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    client = await patient(house)
    job, first = await begun(house, client, steps=20)
    await house.run_out()
    await client.messages()
    monkeypatch.setattr(stream, "BUNDLE_BYTES", 6 * size_of(first))
    await client.send(type="resume", job=job, last_seq=1)
    assert bundles(await client.messages()) == [[2, 3, 4, 5, 6, 7], [*range(8, 14)], [*range(14, 20)], [20, 21]]
    await client.send(type="hello", every_ms=LONG_MS, window=4)
    await client.answer()
    await client.send(type="resume", job=job)
    got = await client.messages()
    assert bundles(got) == [[1, 2, 3, 4]]
    for seq in range(1, 22):
        await client.send(type="ack", job=job, seq=seq)
        got += await client.messages()
    assert [seq for bundle in bundles(got) for seq in bundle] == list(range(1, 22)) and got[-1]["type"] == "final"


async def test_to_resume_in_the_middle_goes_on_in_bundles() -> None:
    house = House()
    client = await patient(house)
    job, _ = await begun(house, client, steps=20)
    await house.steps(5)
    await client.send(type="resume", job=job, last_seq=2)
    got = await client.messages()
    assert bundles(got) == [[3, 4, 5, 6, 7]] and got[0]["type"] == "topology"
    await house.steps(4)
    assert await client.messages() == []
    await house.run_out()
    assert bundles(await client.messages()) == [list(range(8, 22))]


async def test_to_say_hello_again_changes_the_pace_of_what_runs() -> None:
    house = House()
    client = house.client()
    await client.start(steps=200)
    await house.steps(2)
    assert seqs(await client.read()) == [1, 3]
    await client.send(type="hello", every_ms=LONG_MS)
    await client.answer()
    await house.steps(1)
    assert seqs(await client.read()) == [4]  # the first message since it was asked for
    await house.steps(3)
    assert await client.read() == []
    await client.send(type="hello")
    got = await client.read()
    assert seqs(got) == [7] and got[1].flags & FLAG_DROPPED and types(got) == ["welcome", "frame"]


async def test_a_client_that_has_gone_is_sent_nothing_when_the_time_is_over() -> None:
    house = House()
    client = await patient(house, every_ms=10)
    await begun(house, client)
    await house.steps(3)
    client.session.close()
    await asyncio.sleep(0.02)
    assert client.session._outbox.idle
    assert await client.messages() == []


@pytest.mark.parametrize("every_ms", [0, 1001, 1.5, "16", True])
async def test_a_senseless_time_is_refused(every_ms: object) -> None:
    client = House().client()
    await client.send(type="hello", every_ms=every_ms)
    assert (await client.answer())["field"] == "every_ms"
