"""The socket end to end: a real server, the real client library, an engine in a process of its own."""

import asyncio
import json
import socket
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import websockets
from client import Live, Story, connected
from fields import REFERENCES
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from studio.codec import FLAG_DROPPED, FLAG_FINAL, FLAG_KEY, Frame

WATER = {"formula": "H2O", "n_samples": 2, "steps": 5, "seed": 3}
LONG = {"formula": "C7H8O2", "steps": 1024, "seed": 1}


async def test_a_job_from_hello_to_final(live: Live) -> None:
    async with connected(live) as client:
        assert client.connection.subprotocol == "gpff.v1"
        await client.send(type="hello", client="test")
        welcome = await client.until("welcome")
        story = await client.run(**WATER)
    assert welcome["version"] == 1 and welcome["limits"]["max_samples"] == 64
    assert welcome["model"]["hash"] == "0" * 64
    assert story.order[:3] == ["accepted", "topology", "frame"] and story.order[-1] == "final"
    assert story.one("accepted") | {"job": "", "req_id": ""} == {
        **{"type": "accepted", "job": "", "req_id": "", "queue_pos": 0, "seed": 3}
    }
    topology = story.one("topology")
    assert topology["ptr"] == [0, 3, 6] and topology["numbers"] == [1, 1, 8] * 2 and not any(topology["fixed"])
    steps = [frame.step for frame in story.frames]
    assert steps[0] == 0 and steps[-1] == 5 and steps == sorted(set(steps))
    seqs = [frame.seq for frame in story.frames]
    assert seqs == sorted(set(seqs))
    assert story.frames[0].flags & FLAG_KEY and not story.frames[0].flags & FLAG_FINAL
    assert story.frames[-1].flags & FLAG_FINAL and story.frames[-1].flags & FLAG_KEY


async def test_the_final_says_what_became_of_every_candidate(live: Live) -> None:
    async with connected(live) as client:
        story = await client.run(**WATER)
    result = story.one("final")["result"]
    assert (result["job"], result["model"], result["seed"]) == (story.one("final")["job"], "0" * 64, 3)
    assert result["timings"]["queue_s"] >= 0 and result["timings"]["run_s"] > 0
    for i, candidate in enumerate(result["candidates"]):
        assert (candidate["smiles"], candidate["valid"], candidate["reason"]) == ("O", True, None)
        assert candidate["bonds"] == [[0, 2, 1], [1, 2, 1]] and candidate["steps"] == 5
        x = np.array(candidate["positions"])
        water = REFERENCES[1, 1, 8]
        np.testing.assert_allclose(x - x.mean(axis=0), water - water.mean(axis=0), atol=1e-5)
        last = story.frames[-1].positions[3 * i : 3 * i + 3]
        assert last.tobytes() == x.astype(np.float32).tobytes()
    verdicts = [message for message in story.messages if message["type"] == "verdict"]
    assert {(verdict["sample"], verdict["smiles"]) for verdict in verdicts[-2:]} == {(0, "O"), (1, "O")}


async def test_hello_and_subprotocol_are_optional(live: Live) -> None:
    async with connected(live, subprotocols=None) as client:
        assert (await client.run(**WATER)).order[-1] == "final"


async def test_the_same_seed_gives_the_same_molecules_and_no_seed_gives_new_ones(live: Live) -> None:
    async with connected(live) as client:
        one, same = [await client.run(**WATER) for _ in range(2)]
        drawn = [await client.run(formula="H2O", steps=2) for _ in range(2)]
    assert one.frames[0].positions.tobytes() == same.frames[0].positions.tobytes()
    seeds = [story.one("final")["result"]["seed"] for story in drawn]
    assert seeds == [story.one("accepted")["seed"] for story in drawn] and seeds[0] != seeds[1]
    assert drawn[0].frames[0].positions.tobytes() != drawn[1].frames[0].positions.tobytes()


async def test_scaffold_atoms_keep_their_bits_in_every_frame_and_in_the_result(live: Live) -> None:
    given = [[0.1, 1 / 3, -2.7182818284590455], [1.1180339887498949, 0.1, 1e-17]]
    spec = {
        "blobs": [{"formula": "CH3", "center": [0.0, 1.5, -2.7]}],
        "scaffold": {"numbers": [8, 1], "positions": given, "attach": [0]},
        "n_samples": 2,
        "steps": 12,
    }
    async with connected(live) as client:
        story = await client.run(**spec)
    assert story.one("topology")["fixed"] == [True, True, False, False, False, False] * 2
    bits = np.array(given).astype(np.float32).tobytes()
    assert len(story.frames) > 1
    for frame in story.frames:
        assert frame.positions[:2].tobytes() == bits == frame.positions[6:8].tobytes()
    for candidate in story.one("final")["result"]["candidates"]:
        assert candidate["positions"][:2] == given


async def test_the_stride_thins_out_frames(live: Live) -> None:
    async with connected(live) as client:
        story = await client.run(**{**WATER, "steps": 10}, stride=4)
    assert {frame.step for frame in story.frames} <= {0, 4, 8, 10}
    assert story.frames[0].step == 0 and story.frames[-1].step == 10


async def test_jobs_of_one_socket_and_of_many_run_side_by_side(live: Live) -> None:
    async def several(name: str) -> list[Story]:
        async with connected(live) as client:
            jobs = [await client.accepted(f"{name}{i}", formula="C2H6O", steps=20, seed=i) for i in range(4)]
            left = {job for job in jobs if "final" not in client.stories[job].order}  # others ended meanwhile
            while left:
                left.discard((await client.until("final"))["job"])
            assert set(client.stories) == set(jobs)  # nothing of anybody else's
            return [client.stories[job] for job in jobs]

    stories = [story for group in await asyncio.gather(*map(several, "abcd")) for story in group]
    assert len({story.one("final")["job"] for story in stories}) == 16
    for i in range(4):
        twins = stories[i::4]
        ends = {story.frames[-1].positions.tobytes() for story in twins}
        assert len(ends) == 1 and twins[0].one("final")["result"]["candidates"][0]["smiles"] == "CCO"


async def test_cancel_ends_one_job_and_leaves_the_other(live: Live) -> None:
    async with connected(live) as client:
        long = await client.accepted("long", **LONG)
        other = await client.accepted("other", **{**LONG, "steps": 60})
        await client.send(type="cancel", job=long)
        error = await client.until("error", job=long)
        assert error["code"] == "cancelled" and error["req_id"] == "long"
        assert (await client.until("final", job=other))["result"]["candidates"][0]["steps"] == 60
        assert client.stories[long].order[-1] == "error"
        await client.send(type="cancel", job=long)  # too late, which harms no one
        await client.send(type="ping")
        assert (await client.receive()) == {"type": "pong"}


async def test_pause_holds_a_job_and_resume_run_lets_it_go(live: Live) -> None:
    async with connected(live) as client:
        job = await client.accepted("a", **{**LONG, "steps": 80})
        await client.receive(), await client.receive()  # topology and the first frame
        await client.send(type="pause", job=job)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await client.until("final", job=job)
        seen = len(client.stories[job].frames)
        assert seen < 81
        await client.send(type="resume_run", job=job)
        await client.until("final", job=job)


async def test_disconnecting_cancels_what_ran_after_the_grace(live: Live) -> None:
    async with connected(live) as client:
        await client.accepted("a", **LONG)
        await client.accepted("b", **LONG)
    jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
    async with asyncio.timeout(10):
        while len(jobs):
            await asyncio.sleep(0.01)
    async with connected(live) as client:
        assert (await client.run(**WATER)).order[-1] == "final"


async def test_a_client_that_vanishes_without_goodbye_is_noticed(live: Live) -> None:
    async with connected(live) as client:
        await client.accepted("a", **LONG)
        client.connection.transport.abort()
    jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
    async with asyncio.timeout(10):
        while len(jobs):
            await asyncio.sleep(0.01)


async def test_a_slow_reader_misses_frames_but_neither_the_last_nor_the_final(live: Live) -> None:
    narrow = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", live.port))
    jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
    async with connected(live, sock=narrow, max_queue=1) as client:
        job = await client.accepted("big", formula="C80H162", n_samples=16, steps=250)
        async with asyncio.timeout(60):
            while len(jobs):  # meanwhile nothing is read
                await asyncio.sleep(0.02)
        await client.until("final", job=job)
    frames = client.stories[job].frames
    seqs = [frame.seq for frame in frames]
    assert seqs == sorted(set(seqs)) and frames[0].step == 0 and len(frames) < 251
    assert frames[-1].flags & FLAG_FINAL and frames[-1].step == 250
    gaps = [later.seq - sooner.seq > 1 for sooner, later in pairwise(frames)]
    assert any(gaps)
    assert all(frame.flags & FLAG_DROPPED for frame, gap in zip(frames[1:], gaps, strict=True) if gap)


async def test_a_job_outlives_its_connection_and_is_resumed_on_another(live: Live) -> None:
    async with connected(live) as client:
        job = await client.accepted("a", **{**LONG, "steps": 200})
        while len(client.stories[job].frames) < 10:
            await client.receive()
        before = client.stories[job].frames
        client.connection.transport.abort()
    async with connected(live) as other:
        await other.send(type="resume", job=job, last_seq=before[-1].seq)
        await other.until("final", job=job)
    story = other.stories[job]
    assert story.order[0] == "topology" and story.order[-1] == "final" and story.order.count("final") == 1
    seqs = [frame.seq for frame in before + story.frames]
    assert seqs == sorted(set(seqs)) and story.frames[-1].step == 200
    assert story.frames[0].seq == before[-1].seq + 1 and not story.frames[0].flags & FLAG_DROPPED


async def test_a_run_is_branched_rewound_and_moved_over_the_socket(live: Live) -> None:
    blob = {"formula": "CH4", "covariance": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}
    async with connected(live) as client:
        whole = await client.run(formula="CH4", steps=30, seed=4)
        job = whole.one("final")["job"]
        await client.send(type="branch", req_id="b", job=job, step=whole.frames[3].step)
        branch = (await client.until("accepted", req_id="b"))["job"]
        result = (await client.until("final", job=branch))["result"]
        assert result["candidates"] == whole.one("final")["result"]["candidates"]

        job = await client.accepted("m", blobs=[blob], steps=300, stride=1)
        await client.send(type="pause", job=job)
        await client.send(type="rewind", job=job, step=0)
        await client.send(type="steer", job=job, blobs=[{"center": [6, 0, 0]}])
        await client.send(type="resume_run", job=job)
        result = (await client.until("final", job=job))["result"]
    assert np.mean(result["candidates"][0]["positions"], axis=0)[0] > 4.0


async def test_frames_wait_for_acknowledgements_when_a_window_is_declared(live: Live) -> None:
    async with connected(live) as client:
        await client.send(type="hello", window=2)
        await client.until("welcome")
        job = await client.accepted("a", **{**LONG, "steps": 200})
        await asyncio.sleep(0.3)
        await client.send(type="ping")
        await client.until("pong")
        assert len(client.stories[job].frames) == 2
        while "final" not in client.stories[job].order:
            got = await client.receive()
            if isinstance(got, Frame):
                await client.send(type="ack", job=job, seq=got.seq)
        frames = client.stories[job].frames
    assert frames[2].flags & FLAG_DROPPED and frames[-1].step == 200


async def test_too_many_jobs_of_one_client_are_told_to_wait(live: Live) -> None:
    async with connected(live) as client:
        for i in range(8):
            await client.accepted(f"{i}", **LONG)
        await client.send(type="start", req_id="late", spec=WATER)
        busy = await client.until("busy")
        assert busy["req_id"] == "late" and busy["retry_after_ms"] > 0
        async with connected(live) as other:
            assert (await other.run(**WATER)).order[-1] == "final"


async def test_a_req_id_in_use_is_refused(live: Live) -> None:
    async with connected(live) as client:
        await client.accepted("same", **LONG)
        await client.send(type="start", req_id="same", spec=WATER)
        assert (await client.until("error"))["code"] == "duplicate"


async def test_ping(live: Live) -> None:
    async with connected(live) as client:
        await client.send(type="ping")
        assert await client.receive() == {"type": "pong"}


async def test_a_molecule_that_runs_away_ends_alone(live: Live) -> None:
    async with connected(live) as client:
        story = await client.run(formula="F2", n_samples=2, steps=4)
    for candidate in story.one("final")["result"]["candidates"]:
        assert not candidate["valid"] and "finite" in candidate["reason"]
        assert np.isfinite(candidate["positions"]).all()
    assert all(np.isfinite(frame.positions).all() for frame in story.frames)


async def test_an_engine_error_reaches_the_stream_and_the_engine_lives_on(live: Live) -> None:
    async with connected(live) as client:
        story = await client.run(formula="N2", steps=4)
        error = story.one("error")
        assert error["code"] == "engine" and error["retryable"] and "nitrogen" in error["detail"]
        assert (await client.run(**WATER)).order[-1] == "final"


BLOB = {"formula": "CH4", "covariance": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}
CO = {"numbers": [6, 8], "positions": [[0, 0, 0], [1.4, 0, 0]]}
BAD_SPECS: list[tuple[dict[str, Any], str, str]] = [
    ({"formula": "C7H8Zz"}, "formula", "unknown element"),
    ({"formula": "CH3"}, "formula", "closed shell"),
    ({"formula": ""}, "formula", "at least 1 character"),
    ({"formula": 7}, "formula", "string"),
    ({"blobs": [{**BLOB, "formula": "Uuo"}]}, "blobs.0.formula", "element"),
    ({"blobs": [{**BLOB, "covariance": [[1, 0, 0], [0, -1, 0], [0, 0, 1]]}]}, "blobs.0.covariance", "positive"),
    ({"blobs": [{**BLOB, "covariance": [[0, 0, 0], [0, 0, 0], [0, 0, 0]]}]}, "blobs.0.covariance", "positive"),
    ({"blobs": [{**BLOB, "covariance": [[1, 5, 0], [0, 1, 0], [0, 0, 1]]}]}, "blobs.0.covariance", "symmetric"),
    ({"blobs": [{**BLOB, "center": [float("nan"), 0, 0]}]}, "blobs.0.center.0", "finite"),
    ({"blobs": [{**BLOB, "center": [float("inf"), 0, 0]}]}, "blobs.0.center.0", "finite"),
    ({"blobs": [BLOB], "scaffold": {**CO, "positions": [[0, 0, 0], [0, 0, 0.1]]}}, "scaffold.positions", "apart"),
    (
        {"blobs": [BLOB], "scaffold": {**CO, "positions": [[0, 0, 0], [0, 0, float("-inf")]]}},
        "scaffold.positions.1.2",
        "finite",
    ),
    ({"blobs": [BLOB], "scaffold": {**CO, "numbers": [6, 99]}}, "scaffold.numbers", "unknown element"),
    ({"blobs": [BLOB], "scaffold": {**CO, "attach": [9]}}, "scaffold.attach", "indices"),
    ({"formula": "CH4", "n_samples": 65}, "n_samples", "at most 64"),
    ({"formula": "CH4", "steps": 5000}, "steps", "at most 1024"),
    ({"formula": "C300H8"}, "formula", "at most 256 atoms"),
    ({"formula": "CH4", "colour": "red"}, "colour", "no field of this name"),
    ({}, "spec", "either blobs or formula"),
]


@pytest.mark.parametrize(("spec", "field", "words"), BAD_SPECS, ids=[f"{f}-{w}" for _, f, w in BAD_SPECS])
async def test_bad_specs_are_answered_by_name(live: Live, spec: dict[str, Any], field: str, words: str) -> None:
    async with connected(live) as client:
        await client.send(type="start", req_id="bad", spec=spec)
        error = await client.until("error")
        assert error["field"] == field and words in error["detail"]
        assert error["req_id"] == "bad" and error["job"] is None and not error["retryable"]
        assert error["code"] in ("invalid", "over_limit") and error["expected"] and error["got"]


async def test_bad_messages_harm_neither_the_connection_nor_its_jobs(live: Live) -> None:
    async with connected(live) as client:
        job = await client.accepted("good", **{**LONG, "steps": 150})
        bad: list[tuple[str | bytes, str]] = [
            ("{", "bad_json"),
            ("", "bad_json"),
            ('{"type": "ping"} trailing', "bad_json"),
            ("[" * 5000, "bad_json"),
            ('"\\ud800"', "bad_json"),
            ("[]", "bad_message"),
            ("null", "bad_message"),
            ("{}", "bad_message"),
            ('{"type": "dance"}', "bad_message"),
            ('{"type": 7}', "bad_message"),
            ('{"type": "cancel"}', "invalid"),
            ('{"type": "cancel", "job": 7}', "invalid"),
            ('{"type": "cancel", "job": "7"}', "unknown_job"),
            ('{"type": "start", "spec": {"formula": "CH4"}}', "invalid"),
            (b"GF\x01", "binary"),
            (json.dumps({"type": "hello", "client": "x" * 70_000}), "too_large"),
        ]
        for message, code in bad:
            await client.connection.send(message)
            error = await client.until("error")
            assert (error["code"], error["job"]) == (code, None), (message[:40], error)
        assert (await client.until("final", job=job))["result"]["candidates"][0]["steps"] == 150


@pytest.mark.parametrize(("kind", "got"), [('"dance"', "'dance'"), ("7", "7"), ("null", "null"), ("[]", "a list of 0")])
async def test_a_type_that_is_none_is_told_as_it_came(live: Live, kind: str, got: str) -> None:
    async with connected(live) as client:
        await client.connection.send(f'{{"type": {kind}}}')
        assert (await client.until("error"))["got"] == got


async def test_a_message_far_over_the_limit_ends_the_connection_with_its_own_code(live: Live) -> None:
    async with connected(live) as client:
        with pytest.raises(ConnectionClosed) as closed:
            await client.connection.send("x" * 300_000)
            await client.receive()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        ("http://localhost:5173", True),
        ("http://127.0.0.1:9999", True),
        ("https://evil.example", False),
        ("null", False),
        ("https://localhost.evil.example", False),
    ],
)
async def test_only_pages_of_allowed_origins_may_connect(live: Live, origin: str, welcome: bool) -> None:
    if welcome:
        async with connected(live, origin=Origin(origin)) as client:
            await client.send(type="ping")
            assert await client.receive() == {"type": "pong"}
        return
    with pytest.raises(InvalidStatus) as refused:
        async with connected(live, origin=Origin(origin)):
            pass
    assert refused.value.response.status_code == 403


async def test_an_unknown_subprotocol_is_refused(live: Live) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connected(live, subprotocols=[Subprotocol("gpff.v9")]):
            pass
    assert refused.value.response.status_code == 400
    assert b"gpff.v1" in refused.value.response.body


async def test_frames_are_not_compressed(live: Live) -> None:
    async with websockets.connect(f"ws://127.0.0.1:{live.port}/ws", compression="deflate") as connection:
        assert connection.response is not None
        assert "Sec-WebSocket-Extensions" not in connection.response.headers
