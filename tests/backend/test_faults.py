"""Processes die under a service that streams: its clients hear of it at most as a pause."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from typing import Any

import pytest
from client import PATIENCE_S, Client, Live, Story, connected, running, settings

from studio.judge import CRASHED


async def reach(clients: list[Client], step: int) -> None:
    """Receive until every job of every client has shown this step, or a later one."""

    async def one(client: Client) -> None:
        while any(not story.frames or story.frames[-1].step < step for story in client.stories.values()):
            await client.receive()

    await asyncio.gather(*(one(client) for client in clients))


async def finals(clients: list[Client]) -> list[Story]:
    """Every job's story, once all have ended."""

    async def one(client: Client) -> None:
        while any("final" not in story.order and "error" not in story.order for story in client.stories.values()):
            await client.receive()

    await asyncio.gather(*(one(client) for client in clients))
    return [story for client in clients for story in client.stories.values()]


def positions(story: Story) -> list[list[list[float]]]:
    return [candidate["positions"] for candidate in story.one("final")["result"]["candidates"]]


async def kill_engine(live: Live, clients: list[Client]) -> float:
    """SIGKILL, and seconds until every stream has gone on."""
    deaths, began = live.engine.restarts, time.monotonic()
    os.kill(live.engine.pid, signal.SIGKILL)
    while live.engine.restarts == deaths:
        await asyncio.sleep(0.002)
    noticed_us = time.time_ns() // 1000  # frames that are newer come from another process

    async def goes_on(client: Client) -> None:
        while any(story.frames[-1].t_server_us <= noticed_us for story in client.stories.values()):
            await client.receive()

    await asyncio.gather(*(goes_on(client) for client in clients))
    return time.monotonic() - began


async def test_streams_go_on_when_the_engine_is_killed() -> None:
    specs: list[dict[str, Any]] = [{"formula": "CH4", "steps": 400, "seed": seed, "n_samples": 2} for seed in range(4)]
    with running(settings("slow")) as live:
        async with asyncio.timeout(4 * PATIENCE_S), connected(live) as one, connected(live) as two:
            for i, spec in enumerate(specs):
                await (one, two)[i % 2].accepted(f"r{i}", **spec)
            for step in (10, 80):
                await reach([one, two], step)
                print(f"streams went on {await kill_engine(live, [one, two]):.2f} s after the engine was killed")
            stories = await finals([one, two])
            assert live.engine.restarts == 2 and live.get("/readyz").status_code == 200
            for story in stories:
                assert len({frame.job for frame in story.frames}) == 1
                seqs, steps = [frame.seq for frame in story.frames], [frame.step for frame in story.frames]
                assert seqs == sorted(set(seqs)), "sequence numbers go on, and none comes twice"
                assert steps == sorted(set(steps)) and steps[-1] == 400, "nor does a step"
                assert story.order.count("accepted") == story.order.count("topology") == story.order.count("final") == 1
            undisturbed = [await one.run(f"again{i}", **spec) for i, spec in enumerate(specs)]
    ends = sorted(map(positions, stories))
    assert ends == sorted(map(positions, undisturbed)), "every run ended where it would have anyway"


def bond_workers(live: Live) -> list[int]:
    """The processes that judge finished candidates."""
    judge = live.server.config.app.state.services.jobs._workshop.judge  # type: ignore[union-attr]
    return [child._process.pid for child in judge._finals._workers._children]


async def test_bond_perception_that_is_killed_costs_no_candidate() -> None:
    with running(settings("harmonic", bond_workers=2)) as live:
        async with asyncio.timeout(4 * PATIENCE_S), connected(live) as client:
            assert (await client.run("calm", formula="H2O", steps=3)).one("final")
            job = await client.accepted("stormy", formula="H2O", steps=3, n_samples=64)
            await reach([client], 3)
            killed = 0
            while "final" not in client.stories[job].order:
                for pid in bond_workers(live):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed += 1
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await client.until("final", job=job)
            candidates = client.stories[job].one("final")["result"]["candidates"]
            after = await client.run("after", formula="H2O", steps=3, n_samples=3)
    assert killed >= 2 and len(candidates) == 64
    for candidate in candidates:
        assert candidate["numbers"] == [1, 1, 8] and len(candidate["positions"]) == 3
        assert candidate["valid"] or candidate["reason"] == CRASHED, "a verdict, or in words why there is none"
    assert [candidate["smiles"] for candidate in after.one("final")["result"]["candidates"]] == ["O"] * 3


@pytest.mark.parametrize("broken", ["worker", "engine"])
async def test_a_request_over_rest_survives_too(broken: str) -> None:
    with running(settings("slow")) as live:
        spec = {"formula": "H2O", "steps": 150, "n_samples": 4, "seed": 3}
        call = asyncio.create_task(asyncio.to_thread(live.post, "/generate", json=spec))
        while "studio_frames_total 0.0" in live.get("/metrics").text:
            await asyncio.sleep(0.02)
        victims = bond_workers(live) if broken == "worker" else [live.engine.pid]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        answer = await asyncio.wait_for(call, 2 * PATIENCE_S)
    assert answer.status_code == 200
    assert [candidate["smiles"] for candidate in answer.json()["candidates"]] == ["O"] * 4
