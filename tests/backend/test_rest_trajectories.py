"""Frames of a job by REST: as the socket sends them, and as text."""

import asyncio

import numpy as np
from client import Live, connected, running, settings
from test_rest_jobs import WATER, finished, submitted

from gpff.formats import read
from studio.codec import FLAG_DROPPED, FLAG_FINAL, decode_all


async def test_the_binary_trajectory_is_what_the_socket_sends(live: Live) -> None:
    async with connected(live) as client:
        story = await client.run(**WATER)
    job = story.one("final")["job"]
    response = await asyncio.to_thread(live.get, f"/jobs/{job}/trajectory")
    assert response.headers["content-type"] == "application/vnd.gpff.frames"
    frames = decode_all(response.content)
    assert [frame.seq for frame in frames] == list(range(1, 8)) and frames[-1].flags & FLAG_FINAL
    kept = {frame.seq: frame for frame in frames}
    for frame in story.frames:
        assert frame.positions.tobytes() == kept[frame.seq].positions.tobytes()
        assert frame.rms_force.tobytes() == kept[frame.seq].rms_force.tobytes()
    rest = await asyncio.to_thread(live.get, f"/jobs/{job}/trajectory?last_seq=5")
    assert [frame.seq for frame in decode_all(rest.content)] == [6, 7]
    topology = (await asyncio.to_thread(live.get, f"/jobs/{job}/topology")).json()
    assert topology == {**story.one("topology")}


def test_a_trajectory_with_gaps_says_so(live: Live) -> None:
    job = submitted(live, {**WATER, "steps": 9, "stride": 9})
    finished(live, job)
    frames = decode_all(live.get(f"/jobs/{job}/trajectory").content)
    assert [(frame.step, bool(frame.flags & FLAG_DROPPED)) for frame in frames] == [(0, False), (9, False)]
    store = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
    store.find(job).trajectory._checkpoints.insert(0, store.find(job).trajectory._checkpoints.pop())
    del store.find(job).trajectory._checkpoints[1:]
    (frame,) = decode_all(live.get(f"/jobs/{job}/trajectory").content)
    assert frame.seq == 2 and frame.flags & FLAG_DROPPED


def test_trajectories_as_text(live: Live) -> None:
    job = submitted(live)
    result = finished(live, job)["result"]
    by_accept = live.get(f"/jobs/{job}/trajectory", headers={"Accept": "text/html, chemical/x-extxyz;q=0.9"})
    assert by_accept.headers["content-type"].startswith("chemical/x-extxyz")
    found = read(by_accept.text, "extxyz")
    assert len(found) == 7 * 2 and found[0].numbers.tolist() == [1, 1, 8]
    last = np.array(result["candidates"][1]["positions"])
    np.testing.assert_allclose(found[-1].positions, last, atol=1e-6)
    assert f"frame=6 molecule=1 job={job} seq=7 step=6" in by_accept.text

    pdb = live.get(f"/jobs/{job}/trajectory?format=pdb", headers={"Accept": "chemical/x-extxyz"})
    assert pdb.headers["content-type"].startswith("chemical/x-pdb") and f"job-{job}.pdb" in str(pdb.headers)
    assert pdb.text.count("MODEL ") == 7 and pdb.text.count("CONECT") == 6 and pdb.text.endswith("END\n")


def test_a_job_without_frames_has_an_empty_trajectory() -> None:
    with running(settings("late"), ready=False) as live:
        job = submitted(live)
        for format in ("frames", "extxyz", "pdb"):
            response = live.get(f"/jobs/{job}/trajectory?format={format}")
            assert response.status_code == 200 and response.content == b""
        assert live.get(f"/jobs/{job}").json()["state"] == "queued"
