"""What clients of every kind are sent, without a socket: quick, slow, acknowledging, returning, and of other owners."""

import asyncio
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inline import InlineEngine, TellingJudge

from gpff.chemistry import Verdict
from gpff.spec import Limits
from studio import codec
from studio.api.session import MAX_WAITING, Session
from studio.api.state import Services
from studio.codec import FLAG_DROPPED, FLAG_FINAL, FLAG_KEY, Frame
from studio.job import Workshop
from studio.jobs import Jobs
from studio.keys import Keys, create
from studio.settings import Settings

GOOD = Verdict(True, "C", None, ())


class House:
    """One service and its clients. Steps of the engine are taken by hand."""

    def __init__(self, engine: InlineEngine | None = None, keys: Path = Path("/nonexistent"), **bounds: Any) -> None:
        self.engine = engine or InlineEngine()
        self.judge = TellingJudge(lambda z, x: GOOD)
        limits = Limits(max_atoms_per_molecule=256, max_samples=64, max_steps=1024, max_total_atoms=4096)
        self.jobs = Jobs(Workshop(self.engine, self.judge, limits, rerun_rounds=2), **bounds)
        self.services = Services(Settings(), self.engine, self.jobs, Keys(keys))

    def client(self, name: str = "test", owner: str | None = "local") -> "Client":
        return Client(Session(self.services, name, owner))

    async def steps(self, n: int) -> None:
        for _ in range(n):
            self.engine.step()
            await asyncio.sleep(0)

    async def run_out(self) -> None:
        async with asyncio.timeout(20):
            while len(self.jobs):
                await self.steps(1)


class Client:
    def __init__(self, session: Session) -> None:
        self.session = session

    async def send(self, **message: Any) -> None:
        await self.session.receive(json.dumps(message))

    async def start(self, req_id: str = "a", **spec: Any) -> str:
        """Start a job; its number, of the message `accepted`."""
        await self.send(type="start", req_id=req_id, spec={"formula": "CH4", "steps": 20, "seed": 1, **spec})
        (accepted, topology) = await self.read(2)
        assert accepted["type"] == "accepted" and topology["type"] == "topology"
        return str(accepted["job"])

    async def read(self, n: int | None = None) -> list[Any]:
        """What waits, or the first `n` of it; frames decoded."""
        got: list[Any] = []
        while n is None or len(got) < n:
            try:
                data = await asyncio.wait_for(self.session.next(), 0.002)
            except TimeoutError:
                break
            got.append(codec.decode(data) if isinstance(data, bytes) else json.loads(data))
        return got

    async def answer(self) -> dict[str, Any]:
        """The one thing that waits."""
        (message,) = await self.read()
        return dict(message)


def frames(got: list[Any]) -> list[Frame]:
    return [item for item in got if isinstance(item, Frame)]


def seqs(got: list[Any]) -> list[int]:
    return [frame.seq for frame in frames(got)]


def types(got: list[Any]) -> list[str]:
    return ["frame" if isinstance(item, Frame) else item["type"] for item in got]


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


# --- coming back -------------------------------------------------------------------------------------


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
    job = await client.start()
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


# --- steering ----------------------------------------------------------------------------------------


async def test_a_branch_is_a_new_job_of_the_same_spec() -> None:
    house = House()
    client = house.client()
    job = await client.start(n_samples=2)
    await house.run_out()
    told = await client.read()
    await client.send(type="branch", req_id="b", job=job, step=7)
    await house.run_out()
    got = await client.read()
    accepted, topology, *_, final = got
    assert (accepted["type"], accepted["req_id"], accepted["seed"]) == ("accepted", "b", 1)
    assert topology["ptr"] == [0, 5, 10] and accepted["job"] != job
    first = frames(got)[0]
    assert (first.seq, first.step, first.flags) == (1, 7, FLAG_KEY)
    assert [c["positions"] for c in final["result"]["candidates"]] == [
        c["positions"] for c in told[-1]["result"]["candidates"]
    ]


async def test_steps_back_have_new_numbers() -> None:
    house = House()
    client = house.client()
    job = await client.start()
    await house.steps(8)
    got = await client.read()
    await client.send(type="rewind", job=job, step=3)
    for _ in range(25):
        await house.steps(1)
        got += await client.read()
    steps = [frame.step for frame in frames(got)]
    assert seqs(got) == sorted(set(seqs(got))) and types(got)[-1] == "final"
    assert steps[-17:] == list(range(4, 21)) and 3 not in steps[2:-18]


async def test_pausing_and_going_on() -> None:
    house = House()
    client = house.client()
    job = await client.start()
    await house.steps(3)
    await client.send(type="pause", job=job)
    await client.read()
    await house.steps(5)
    assert await client.read() == []
    await client.send(type="resume_run", job=job)
    await house.run_out()
    assert types(await client.read())[-1] == "final"


SHAPE = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
WISHES: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "steer", "blobs": [{}, {}]}, "blobs", "invalid"),
    ({"type": "steer", "blobs": [{"formula": "CH2"}]}, "blobs.0.formula", "invalid"),
    ({"type": "steer", "blobs": [{"heavy_atoms": 3}]}, "blobs.0.heavy_atoms", "invalid"),
    ({"type": "steer", "blobs": [{"covariance": [[1, 0, 0], [0, -1, 0], [0, 0, 1]]}]}, "blobs.0.covariance", "invalid"),
    ({"type": "steer", "blobs": [{"center": [0, 0, None]}]}, "blobs.0.center.2", "invalid"),
    ({"type": "steer", "blobs": [{"strictness": 0}]}, "blobs.0.strictness", "invalid"),
    ({"type": "steer", "freeze": [99]}, "freeze", "invalid"),
    ({"type": "steer", "freeze": [-1]}, "freeze.0", "invalid"),
    ({"type": "steer"}, "spec", "invalid"),
    ({"type": "rewind", "step": 9}, "step", "invalid"),
    ({"type": "branch", "step": 9}, "step", "invalid"),
    ({"type": "resume", "last_seq": 99}, "last_seq", "invalid"),
]


@pytest.mark.parametrize(("wish", "field", "code"), WISHES, ids=[f"{w['type']}-{f}" for w, f, _ in WISHES])
async def test_what_cannot_be_is_answered_by_name_and_the_job_goes_on(
    wish: dict[str, Any], field: str, code: str
) -> None:
    house = House()
    client = house.client()
    blob = {"formula": "CH4", "covariance": SHAPE}
    job = await client.start(formula=None, blobs=[blob])
    await house.steps(2)
    await client.read()
    await client.send(job=job, req_id="w", **wish)
    error = await client.answer()
    assert (error["type"], error["code"], error["field"]) == ("error", code, field)
    assert (error["req_id"], error["job"]) == ("w", None) and error["expected"] and error["got"]
    await house.run_out()
    assert types(await client.read())[-1] == "final"


async def test_a_blob_moves_with_what_is_named_and_keeps_the_rest() -> None:
    house = House()
    client = house.client()
    job = await client.start(formula=None, blobs=[{"formula": "CH4", "covariance": SHAPE, "strictness": 2.0}])
    await house.steps(2)
    await client.send(type="steer", job=job, blobs=[{"formula": "CH4", "center": [4, 0, 0]}])
    await house.run_out()
    assert types(await client.read())[-1] == "final"
    found = house.jobs.find(job)
    assert found is not None
    (blob,) = found.spec.blobs
    assert blob.center == (4.0, 0.0, 0.0) and blob.strictness == 2.0 and np.array_equal(blob.covariance, SHAPE)


async def test_the_ended_are_not_steered_and_a_late_cancel_harms_no_one() -> None:
    house = House()
    client = house.client()
    job = await client.start()
    await house.run_out()
    await client.read()
    await client.send(type="cancel", job=job)
    assert await client.read() == []
    for wish in ({"type": "pause"}, {"type": "steer", "freeze": [1]}, {"type": "rewind", "step": 2}):
        await client.send(job=job, req_id="late", **wish)
        error = await client.answer()
        assert (error["code"], error["req_id"], error["job"]) == ("ended", "late", None)


# --- owners ------------------------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, str, str]:
    path = tmp_path / "keys.json"
    return path, create(path, "anna"), create(path, "bert")


async def test_no_one_reaches_the_jobs_of_another_owner(keys: tuple[Path, str, str]) -> None:
    path, anna, bert = keys
    house = House(keys=path)
    mine, other = house.client("1", None), house.client("2", None)
    for client, key in ((mine, anna), (other, bert)):
        await client.send(type="hello", key=key)
        assert (await client.answer())["type"] == "welcome"
    job = await mine.start()
    await house.steps(3)
    wishes: list[dict[str, Any]] = [
        *({"type": kind} for kind in ("cancel", "pause", "resume_run", "resume")),
        {"type": "steer", "freeze": [0]},
        {"type": "rewind", "step": 1},
        {"type": "branch", "step": 1},
        {"type": "ack", "seq": 1},
    ]
    for wish in wishes:
        await other.send(job=job, **({} if wish["type"] == "ack" else {"req_id": "x"}), **wish)
        got = await other.read()
        assert [item["code"] for item in got] == ([] if wish["type"] == "ack" else ["unknown_job"])
    await house.run_out()
    assert types(await mine.read())[-1] == "final" and await other.read() == []


async def test_without_a_key_nothing_but_hello_is_heard(keys: tuple[Path, str, str]) -> None:
    path, anna, bert = keys
    client = House(keys=path).client("1", None)
    await client.send(type="start", req_id="a", spec={"formula": "CH4"})
    error = await client.answer()
    assert (error["code"], error["req_id"]) == ("unauthorized", "a")
    for key in ({}, {"key": "gpff_wrong"}):
        await client.send(type="hello", **key)
        assert (await client.answer())["code"] == "unauthorized"
    await client.send(type="hello", key=anna)
    assert (await client.answer())["type"] == "welcome"
    await client.send(type="hello", key=bert)
    assert (await client.answer())["code"] == "unauthorized"
    await client.start()


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
        patch.setattr(codec, "encode", lambda frame, flags: 1 // 0)
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
