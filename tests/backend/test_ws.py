"""The socket end to end: a real server, the real client library, an engine in a process of its own."""

import asyncio

import numpy as np
from client import Live, connected

WATER = {"formula": "H2O", "n_samples": 2, "steps": 5, "seed": 3}


async def test_a_job_from_hello_to_final(live: Live) -> None:
    async with connected(live) as client:
        await client.send(type="hello")
        welcome = await client.until("welcome")
        assert welcome["version"] == 1
        assert welcome["limits"]["max_samples"] == 64
        assert welcome["model"]["hash"] == "0" * 64
        story = await client.run(**WATER)
    assert story.order[:3] == ["accepted", "topology", "frame"]
    assert story.order[-1] == "final"
    assert [frame.step for frame in story.frames] == [0, 1, 2, 3, 4, 5]
