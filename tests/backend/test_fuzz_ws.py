"""Whatever is sent to the socket, in whatever order: it is answered, nothing hangs, no job is left behind.

Each example is one connection. It sends a script of messages, right ones, mutated ones and bytes; then asks for a sign
of life on itself, and on a connection that was there before. `FUZZ_EXAMPLES=1000` looks deeper.
"""

import asyncio
import json
import os
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from typing import Any

import pytest
import websockets
from client import PATIENCE_S, Live, running, settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from studio.codec import decode_all
from studio.protocol import SERVER_MESSAGE, Accepted, BusyMessage, ErrorMessage, Final

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
HOW = hypothesis_settings(
    max_examples=EXAMPLES or 120,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SMALL: dict[str, Any] = {
    **{"max_steps": 200, "max_samples": 4, "max_atoms_per_molecule": 40, "max_total_atoms": 80, "grace_s": 0.2},
    **{"max_message_bytes": 4096, "max_jobs_per_client": 4, "retain_s": 2.0, "max_running": 8, "max_queue": 16},
}

# --- scripts -----------------------------------------------------------------------------------------

JOBS = st.sampled_from(["JOB", "JOB", "JOB", "0", "4294967295", "x", "", -1])  # JOB: the newest that was accepted
REQUESTS = st.sampled_from(["a", "b", "c", "", "x" * 65, 1])
STEPS = st.one_of(st.integers(0, 30), st.sampled_from([-1, 10**20, "1", None, 2.5]))
COORDINATES = st.one_of(st.floats(-5, 5), st.sampled_from([1e308, float("nan"), "0"]))
CENTERS = st.lists(COORDINATES, min_size=3, max_size=3)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "formula": st.sampled_from(["CH4", "H2O", "C2H6O", "Zz", ""]),
        "blobs": st.lists(st.fixed_dictionaries({"formula": st.just("CH4"), "center": CENTERS}), max_size=2),
        "steps": st.one_of(st.integers(1, 60), STEPS),
        "n_samples": st.integers(0, 5),
        "stride": st.integers(1, 9),
        "valid_only": st.booleans(),
    },
)
GOOD_SPECS = st.fixed_dictionaries(
    {"formula": st.sampled_from(["CH4", "H2O", "C2H6O"]), "steps": st.integers(1, 200), "n_samples": st.integers(1, 3)}
)


def message(type: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(type), **fields})


STARTS = message("start", req_id=st.sampled_from("abc"), spec=GOOD_SPECS)
MESSAGES = st.one_of(
    STARTS,
    message("start", req_id=REQUESTS, spec=SPECS),
    message("hello", window=st.sampled_from([1, 4, 0, None, -1]), key=st.sampled_from([None, "k"])),
    message("ack", job=JOBS, seq=STEPS),
    message("cancel", job=JOBS, req_id=REQUESTS),
    message("pause", job=JOBS),
    message("resume_run", job=JOBS),
    message("rewind", job=JOBS, step=STEPS),
    message("branch", req_id=REQUESTS, job=JOBS, step=STEPS, seed=st.sampled_from([None, 1, -1])),
    message("resume", job=JOBS, last_seq=STEPS),
    message("steer", job=JOBS, freeze=st.lists(st.integers(-1, 9), max_size=3)),
    message("steer", job=JOBS, blobs=st.lists(st.fixed_dictionaries({"center": CENTERS}), max_size=2)),
    message("ping"),
    message("final", job=JOBS),
    st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5), st.none()), max_size=3),
)
JUNK = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60),
    st.sampled_from(["", "null", "[]", "{", "[" * 2000, '{"type":' * 300, '{"type": "ping"}' * 2, "\x00", "x" * 4097]),
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A message with some of its characters replaced, doubled or lost."""
    text = json.dumps(draw(MESSAGES))
    i = draw(st.integers(0, len(text) - 1))
    return text[:i] + draw(st.text(max_size=3)) + text[i + draw(st.integers(0, 3)) :]


SCRIPTS = st.builds(
    lambda first, rest: [*first, *rest],
    st.lists(STARTS, max_size=2),
    st.lists(st.one_of(MESSAGES, MESSAGES, MESSAGES, mutated(), JUNK), min_size=1, max_size=12),
)
ENDS = st.sampled_from(["listen", "listen", "close", "abort"])

# --- the server, and one client who minds its own business -------------------------------------------


class Loop:
    """An event loop for connections that outlive an example."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(4 * PATIENCE_S)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Place:
    """A server, and a connection that has been there all the time."""

    def __init__(self, live: Live, loop: Loop) -> None:
        self.live = live
        self.loop = loop
        self.jobs = live.server.config.app.state.services.jobs  # type: ignore[union-attr]
        self.bystander = loop.run(self.connect())

    async def connect(self) -> ClientConnection:
        url = f"ws://127.0.0.1:{self.live.port}/ws"
        return await connect(url, compression=None, max_size=None, max_queue=None, close_timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    loop = Loop()
    try:
        with running(settings("hazard", **SMALL)) as live:
            found = Place(live, loop)
            yield found
            loop.run(found.bystander.close())
            deadline = time.monotonic() + PATIENCE_S
            while len(found.jobs) or found.jobs.trajectories.nbytes:
                assert time.monotonic() < deadline, f"{len(found.jobs)} jobs were left behind"
                time.sleep(0.05)
    finally:
        loop.close()


def understood(data: str | bytes) -> Any:
    """Everything that the server says is of the protocol, and nothing is its own fault."""
    if isinstance(data, bytes):
        return decode_all(data)
    found = SERVER_MESSAGE.validate_json(data)
    assert not (isinstance(found, ErrorMessage) and found.code == "internal"), data
    return found


async def play(connection: ClientConnection, script: list[Any]) -> set[str]:
    """Send it all; the jobs that were accepted until then."""
    accepted: list[str] = []
    for line in script:
        if isinstance(line, dict):
            if line.get("job") == "JOB":
                line = {**line, "job": accepted[-1] if accepted else "7"}
            line = json.dumps(line)
        await connection.send(line)
        starts = isinstance(line, str) and line.startswith('{"type": "start"')
        with suppress(TimeoutError):
            while True:
                found = understood(await asyncio.wait_for(connection.recv(), 1.0 if starts else 0.002))
                if isinstance(found, Accepted):
                    accepted.append(found.job)
                if isinstance(found, Accepted | BusyMessage | ErrorMessage):
                    starts = False
    return set(accepted)


async def alive(connection: ClientConnection) -> None:
    """A new job runs to its end, in answer to a request of our own."""
    await connection.send(json.dumps({"type": "ping"}))
    await connection.send(json.dumps({"type": "start", "req_id": "alive", "spec": {"formula": "H2O", "steps": 2}}))
    job, busy_until = None, time.monotonic() + PATIENCE_S
    while True:
        found = understood(await asyncio.wait_for(connection.recv(), PATIENCE_S))
        if isinstance(found, Accepted) and found.req_id == "alive":
            job = found.job
        if isinstance(found, Final) and found.job == job:
            return
        busy = getattr(found, "req_id", None) == "alive" and found.type == "busy"
        if busy:  # the script's own jobs take up all that one connection may have
            assert time.monotonic() < busy_until
            await asyncio.sleep(0.05)
            start = {"type": "start", "req_id": "alive", "spec": {"formula": "H2O", "steps": 2}}
            await connection.send(json.dumps(start))


async def example(place: Place, script: list[Any], end: str) -> None:
    connection = await place.connect()
    try:
        jobs = await play(connection, script)
        for job in jobs:  # paused ones would keep this connection's places
            await connection.send(json.dumps({"type": "cancel", "job": job}))
        if end == "listen":
            await alive(connection)
    except ConnectionClosed:
        # Four times the longest message is the one thing that ends a connection.
        assert any(len(line if isinstance(line, str | bytes) else json.dumps(line)) > 4096 for line in script), script
    finally:
        if end == "abort":
            connection.transport.abort()
        else:
            await connection.close()
    await alive(place.bystander)


@HOW
@given(script=SCRIPTS, end=ENDS)
def test_every_script_leaves_the_server_well(script: list[Any], end: str, place: Place) -> None:
    place.loop.run(example(place, script, end))


@HOW
@given(data=st.one_of(st.binary(min_size=1, max_size=200), st.sampled_from([b"\x81\xff", b"\x82\x7f" + b"\xff" * 8])))
def test_bytes_that_are_no_frames_of_a_socket(data: bytes, place: Place) -> None:
    """Straight onto the wire, below the protocol: this connection ends, the others do not notice."""

    async def spoil() -> None:
        connection = await place.connect()
        connection.transport.write(data)
        with suppress(websockets.WebSocketException, OSError):
            await asyncio.wait_for(connection.ping(), 1)
        connection.transport.abort()
        await alive(place.bystander)

    place.loop.run(spoil())
