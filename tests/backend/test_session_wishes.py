"""What clients may do to their jobs, and to nobody else's, without a socket."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from house import Client, House, frames, seqs, types
from studio.codec import FLAG_KEY
from studio.keys import create, revoke

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


async def test_what_is_wished_for_again_under_its_name_is_granted_once() -> None:
    house = House()
    client, later = house.client(), house.client()
    job = await client.start()
    await house.steps(8)
    wish = {"type": "rewind", "job": job, "step": 3, "once": "a"}
    await client.send(**wish)
    await house.steps(3)
    await client.read()
    await later.send(type="resume", job=job)
    await later.send(**wish)
    await later.send(**wish | {"once": "b", "step": 99})  # refused: nothing was done under this name
    await later.send(type="steer", job=job, freeze=[1], once="a")
    await house.steps(1)
    got = await later.read()
    assert frames(got)[-1].step == 7 and types(got).count("error") == 1 and types(got).count("topology") == 1
    await later.send(**wish | {"once": "b", "step": 2})
    await house.steps(1)
    assert frames(await later.read())[-1].step == 3
    await house.run_out()
    await later.send(**wish)
    assert "error" not in types(await later.read())  # it has ended since; the wish was granted all the same


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
    ({"type": "steer"}, "steer", "invalid"),
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


async def greeted(house: House, *keys: str) -> list[Client]:
    """Clients that came without a key and have shown these."""
    clients = [house.client(str(number), None) for number, _ in enumerate(keys, 1)]
    for client, key in zip(clients, keys, strict=True):
        await client.send(type="hello", key=key)
        assert (await client.answer())["type"] == "welcome"
    return clients


async def test_no_one_reaches_the_jobs_of_another_owner(keys: tuple[Path, str, str]) -> None:
    path, anna, bert = keys
    house = House(keys=path)
    mine, other = await greeted(house, anna, bert)
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


async def test_a_key_that_is_revoked_ends_also_where_a_connection_is_open(keys: tuple[Path, str, str]) -> None:
    path, anna, bert = keys
    house = House(keys=path)
    mine, other = await greeted(house, anna, bert)
    job = await mine.start()
    revoke(path, "anna")
    for wish in ({"type": "start", "spec": {"formula": "CH4"}}, {"type": "resume", "job": job}):
        await mine.send(req_id="x", **wish)
        error = (await mine.read())[-1]
        assert (error["code"], error["req_id"]) == ("unauthorized", "x")
    await other.start()
    await mine.send(type="hello", key=create(path, "anna"))  # another one of the same owner
    assert (await mine.read())[-1]["type"] == "welcome"
    await mine.send(type="cancel", job=job)
    assert (await mine.read())[-1]["code"] == "cancelled"


async def test_the_first_key_is_asked_for_also_where_a_connection_is_open(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    client = House(keys=path).client()
    await client.start()
    create(path, "anna")
    await client.send(type="start", req_id="b", spec={"formula": "CH4"})
    assert (await client.read())[-1]["code"] == "unauthorized"


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
