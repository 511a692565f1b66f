"""The Python client against a real server: jobs step by step, and wires that break; in ordinary code and in asyncio."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from client import Live, running, settings
from cutter import Cutter, cutter

from studio.client import (
    AsyncClient,
    BadRequest,
    Busy,
    Cancelled,
    Candidate,
    Client,
    ClientError,
    Final,
    Frame,
    NotFound,
    Unreachable,
    VerdictMessage,
)
from studio.client.story import Patience
from studio.codec import FLAG_FINAL

WATER: dict[str, Any] = {"n_samples": 2, "steps": 6, "seed": 3}
LONG: dict[str, Any] = {"steps": 1024, "seed": 1}


# --- step by step ------------------------------------------------------------------------------------


def test_a_stream_has_frames_verdicts_and_a_final(studio: Client) -> None:
    with studio.stream("H2O", **WATER) as run:
        assert run.job is not None and run.seed == 3 and run.topology is not None and not run.over
        with pytest.raises(ValueError, match="not over"):
            _ = run.result
        events = list(run)
    frames = [event for event in events if isinstance(event, Frame)]
    assert frames[0].step == 0 and frames[-1].step == 6 and frames[-1].flags & FLAG_FINAL
    assert all(a.seq < b.seq for a, b in pairwise(frames)) and run.frame is frames[-1]
    assert {event.sample for event in events if isinstance(event, VerdictMessage)} == {0, 1} == set(run.verdicts)
    assert isinstance(events[-1], Final) and run.over and run.result == events[-1].result
    last = np.array(run.result.candidates[1].positions)
    np.testing.assert_allclose(run.sample(frames[-1], 1), last, atol=1e-5)


def test_a_run_needs_no_block(studio: Client) -> None:
    run = studio.stream("H2O", **WATER)
    assert [frame.step for frame in run.frames()][-1] == 6 and run.wait() == run.result


def test_pause_steer_rewind_and_branch(studio: Client) -> None:
    blob = {"formula": "CH4", "covariance": np.eye(3).tolist()}
    with studio.stream({"blobs": [blob]}, steps=300, seed=2) as run:
        frames = run.frames()
        while next(frames).step < 5:
            pass
        run.pause()
        run.steer([{"center": [6.0, 0.0, 0.0]}])
        run.resume()
        while (frame := next(frames)).positions.mean(axis=0)[0] < 4.0:
            assert frame.step < 300
        run.rewind(2)
        while next(frames).step > 5:
            pass
        with run.branch(3, seed=9) as branch:
            assert branch.job != run.job and 3 <= next(branch.frames()).step < 100
            assert branch.wait().seed == 9
        result = run.wait()
    assert len(result.candidates) == 1


def test_a_wish_that_is_refused_is_raised_and_the_run_goes_on(studio: Client) -> None:
    with studio.stream("C7H8O2", steps=200, seed=1) as run:
        run.steer(freeze=[999])
        with pytest.raises(BadRequest) as caught:
            list(run)
        assert caught.value.field is not None and caught.value.field.startswith("freeze") and not run.over
        with pytest.raises(BadRequest):
            run.steer([{"centre": [0, 0, 0]}])
        assert run.wait().candidates
        run.pause()
    with pytest.raises(ClientError, match="not been accepted"):
        studio.stream("CH4").cancel()


def test_cancelling_ends_a_run_and_so_does_leaving_it(studio: Client, live: Live) -> None:
    jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
    with studio.stream("C7H8O2", **LONG) as run:
        frames = run.frames()
        next(frames)
        run.cancel()
        list(frames)
        with pytest.raises(Cancelled):
            _ = run.result
    with studio.stream("C7H8O2", **LONG) as left:
        next(left.frames())
    deadline = time.monotonic() + 10
    while jobs.find(left.job).state != "cancelled":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_run_that_is_detached_goes_on(studio: Client) -> None:
    with studio.stream("C7H8O2", steps=150, seed=1) as run:
        seq = next(run.frames()).seq
        run.detach()
    assert run.job is not None
    with studio.follow(run.job, seq) as again:
        frames = list(again.frames())
    assert frames[0].seq > seq and frames[-1].step == 150


def test_a_run_is_steered_from_another_thread(studio: Client) -> None:
    with studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        timer = threading.Timer(0.1, run.cancel)
        timer.start()
        assert all(isinstance(event, Frame | VerdictMessage) for event in run)
        timer.join()
    assert run.over


def test_a_busy_queue_is_waited_for() -> None:
    with running(settings("slow", max_running=1, max_queue=0)) as live, Client(live.url) as studio:
        first = studio.submit("C7H8O2", steps=60)
        with studio.stream("CH4", steps=2) as run:
            assert run.wait().candidates
        assert first.status().state == "finished"
        studio.submit("C7H8O2", **LONG)
        with Client(live.url, patience_s=0.2) as hasty, pytest.raises(Busy) as caught, hasty.stream("CH4"):
            pass
    assert caught.value.retry_after_s is not None


def test_a_rate_that_is_spent_is_not_called_a_full_queue_alone() -> None:
    with running(settings("hazard", rate_jobs="1/hour")) as live, Client(live.url, patience_s=0.2) as studio:
        with studio.stream("CH4", steps=2) as run:
            assert run.wait().candidates
        with pytest.raises(Busy, match="the rate is spent"), studio.stream("CH4", steps=2):
            pass


# --- a wire that breaks ------------------------------------------------------------------------------


@pytest.fixture
def wire(live: Live) -> Iterator[Cutter]:
    with cutter(live.port) as wire:
        yield wire


def test_a_stream_that_breaks_goes_on(wire: Cutter) -> None:
    """Cut several times: sequence numbers rise, nothing comes twice, and the end is that of the same job."""
    with Client(wire.url) as studio, studio.stream("C7H8O2", steps=400, seed=1) as run:
        job, frames, verdicts, cuts = run.job, [], [], 0
        for event in run:
            if isinstance(event, Frame):
                frames.append(event)
                if cuts < 3 and len(frames) >= (1, 5, 30)[cuts] and wire.opened == cuts + 1:
                    wire.cut()
                    cuts += 1
            elif isinstance(event, VerdictMessage):
                verdicts.append(event)
    assert wire.opened == 4 and run.job == job == run.result.job
    assert all(a.seq < b.seq for a, b in pairwise(frames)) and frames[-1].step == 400
    assert len(verdicts) == len(set(map(str, verdicts)))
    with Client(wire.url) as studio:
        assert studio.generate("C7H8O2", steps=400, seed=1).candidates == run.result.candidates


def test_a_wish_outlives_a_broken_wire(wire: Cutter) -> None:
    with Client(wire.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        wire.refuse = True
        wire.cut()
        deadline = time.monotonic() + 10
        while run._connection is not None and run._connection.state.name == "OPEN":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        run.cancel()
        wire.refuse = False
        list(run)
        assert run.over
        with pytest.raises(Cancelled):
            _ = run.result


def test_a_wish_that_was_lost_on_its_way_is_sent_again(wire: Cutter) -> None:
    with Client(wire.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        wire.deaf = True
        run.cancel()
        time.sleep(0.1)  # until the wire has it, and has lost it
        wire.cut()
        wire.deaf = False
        list(run)
        assert wire.opened == 2
        with pytest.raises(Cancelled):
            _ = run.result


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "arrived unconfirmed"])
def test_a_rewind_that_may_be_lost_is_made_once(wire: Cutter, lost: bool) -> None:
    with Client(wire.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        steps = [-1]
        while steps[-1] < 20:
            steps.append(next(run.frames()).step)
        run.pause()
        wire.deaf = lost
        run.rewind(3)
        time.sleep(0.1)  # until the wire has it, and may have lost it
        wire.deaf = False
        wire.cut()
        run.resume()
        steps += [next(run.frames()).step for _ in range(100)]
        backwards = [(a, b) for a, b in pairwise(steps) if b <= a]
        assert wire.opened == 2 and len(backwards) == 1 and 3 <= backwards[0][1] < 20 <= backwards[0][0]
        run.cancel()


def test_a_wish_that_arrived_is_not_sent_again(wire: Cutter) -> None:
    """It would undo what someone else has wished in the meantime."""
    with Client(wire.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        run.pause()
        run.resume()
        while run._story.pending._wishes:
            next(run)
        wire.cut()
        before = run._story.last_seq  # with what has come and was not looked at
        while next(run.frames()).seq <= before:
            pass
        assert run._story.pending.again() == []


def test_a_wire_that_stays_broken_is_given_up(wire: Cutter) -> None:
    with Client(wire.url, patience_s=0.4) as studio, studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        wire.refuse = True
        wire.cut()
        with pytest.raises(Unreachable):
            list(run)


def test_a_job_that_is_gone_cannot_be_resumed(wire: Cutter, live: Live) -> None:
    with Client(wire.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        next(run.frames())
        jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
        live_job = jobs._jobs.pop(int(run.job or ""))
        wire.cut()
        with pytest.raises(NotFound):
            list(run)
        jobs._jobs[live_job.number] = live_job
    assert run.over


def test_patience_ends() -> None:
    now = [0.0]
    patience = Patience(1.0, lambda: now[0])
    error = Unreachable("x")
    pauses = []
    with pytest.raises(Unreachable):
        while True:
            pauses.append(patience.pause_s(error))
            now[0] += pauses[-1]
    assert pauses == [0.1, 0.2, 0.4]
    patience.calm()
    assert patience.pause_s(error) == 0.1
    assert patience.pause_s(Busy("busy", "x", retry_after_s=0.5)) == 0.5


# --- asyncio -----------------------------------------------------------------------------------------


async def test_the_same_in_asyncio(live: Live) -> None:
    async with AsyncClient(live.url) as studio:
        result = await studio.generate("H2O", **WATER)
        assert (await studio.generate_sdf("H2O", **WATER)).count("$$$$") == 2
        each = [candidate async for _, candidate in studio.each_candidate("H2O", **WATER)]
        assert [candidate.smiles for candidate in each] == ["O", "O"] and isinstance(each[0], Candidate)
        job = await studio.submit("H2O", **WATER)
        assert (await job.result(30)).candidates == result.candidates
        assert len(await job.trajectory()) == 7 and "MODEL" in await job.trajectory_text("pdb")
        assert (await job.status()).state == (await job.cancel()).state == "finished"
        assert job.id in [other.job async for other in studio.jobs()]
        assert (await studio.model()).name == "analytic" and (await studio.health()).status == "ok"
        assert (await studio.molecules.properties("CCO")).formula == "C2H6O"
        assert [one.reason for one in (await studio.molecules.predict(result.candidates)).molecules] == [None, None]
        async with job.follow() as run:
            assert (await run.wait()).candidates == result.candidates
        with pytest.raises(BadRequest):
            await studio.generate("Zz")


async def test_many_streams_at_once_in_asyncio(live: Live) -> None:
    async with AsyncClient(live.url) as studio:

        async def watch(seed: int) -> tuple[int, list[Frame]]:
            async with studio.stream("C2H6O", steps=40, seed=seed) as run:
                frames = [frame async for frame in run.frames()]
            assert run.result.candidates[0].smiles == "CCO"
            return run.result.seed, frames

        runs = await asyncio.gather(*map(watch, range(8)))
    assert [seed for seed, _ in runs] == list(range(8))
    assert all(len({frame.job for frame in frames}) == 1 and frames[-1].step == 40 for _, frames in runs)


async def test_wishes_in_asyncio(live: Live) -> None:
    async with AsyncClient(live.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        await anext(run.frames())
        await run.pause()
        await run.resume()
        await run.steer(freeze=[0])
        await run.rewind(0)
        async with run.branch(0) as branch:
            await anext(branch.frames())
            await branch.detach()
        await run.cancel()
        async for _ in run:
            pass
        assert run.over


async def never(message: str) -> None:
    """As `send` of a connection whose other side reads nothing."""
    await asyncio.Event().wait()


async def stopped(awaited: Coroutine[Any, Any, Any]) -> None:
    """Begin, and be cancelled while something is waited for."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(awaited, 0.05)


@pytest.mark.parametrize("breaks", [False, True])
async def test_a_wish_of_someone_who_was_stopped_while_sending_is_kept(
    live: Live, breaks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = await asyncio.to_thread(Cutter, live.port)
    try:
        async with AsyncClient(wire.url) as studio, studio.stream("C7H8O2", **LONG) as run:
            while (await anext(run.frames())).step < 20:
                pass
            with monkeypatch.context() as slow:
                slow.setattr(run._connection, "send", never)
                await stopped(run.rewind(3))
            if breaks:
                wire.cut()
            while (await anext(run.frames())).step > 15:
                pass
            await run.cancel()
        assert wire.opened == 1 + breaks
    finally:
        await asyncio.to_thread(wire.close)


async def test_a_reader_who_was_stopped_while_sending_begins_anew(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    async with AsyncClient(live.url) as studio, studio.stream("C7H8O2", **LONG) as run:
        last, connection = await anext(run.frames()), run._connection
        monkeypatch.setattr(connection, "send", never)
        await stopped(run.__anext__())  # says first that it has the last frame
        assert run._connection is None
        assert (await anext(run.frames())).seq > last.seq and run._connection is not connection
        await run.cancel()


async def test_a_stream_that_breaks_goes_on_in_asyncio(live: Live) -> None:
    wire = await asyncio.to_thread(Cutter, live.port)
    try:
        async with AsyncClient(wire.url) as studio, studio.stream("C7H8O2", steps=300, seed=1) as run:
            frames, cuts = [], 0
            async for frame in run.frames():
                frames.append(frame)
                if cuts < 2 and len(frames) >= (1, 10)[cuts] and wire.opened == cuts + 1:
                    wire.cut()
                    cuts += 1
        assert wire.opened == 3 and frames[-1].step == 300
        assert all(a.seq < b.seq for a, b in pairwise(frames))
        wire.refuse = True
        wire.cut()
        async with AsyncClient(wire.url, patience_s=0.3) as studio:
            with pytest.raises(Unreachable):
                async with studio.stream("CH4"):
                    pass
    finally:
        await asyncio.to_thread(wire.close)
