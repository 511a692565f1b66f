"""Idempotency keys: one job for each, for as long as it is kept, within the bound of what is kept."""

import asyncio
import tracemalloc
from dataclasses import dataclass

import pytest
from inline import InlineEngine
from test_jobs import ended, shop, wire

from gpff.errors import InputError
from studio.receipts import MAX_NAMES, Names, Receipts


@dataclass
class Thing:
    number: int


class Bench:
    """Makes things, when it may."""

    def __init__(self) -> None:
        self.made = 0
        self.kept: set[int] = set()
        self.gate = asyncio.Event()
        self.gate.set()
        self.refuse: Exception | None = None
        self.receipts: Receipts[Thing] = Receipts(lambda number: number in self.kept)

    async def start(self) -> Thing:
        await self.gate.wait()
        if self.refuse is not None:
            raise self.refuse
        self.made += 1
        self.kept.add(self.made)
        return Thing(self.made)

    async def once(self, owner: str = "anna", key: str = "k", request: bytes = b"x") -> tuple[Thing, bool]:
        return await self.receipts.once(owner, key, request, self.start)


async def test_one_thing_for_each_owner_and_key() -> None:
    bench = Bench()
    first, new = await bench.once()
    again, second = await bench.once()
    assert first is again and (new, second) == (True, False) and bench.made == 1
    assert (await bench.once(owner="bert"))[0].number == 2 and (await bench.once(key="l"))[0].number == 3


async def test_another_request_with_the_same_key_is_refused() -> None:
    bench = Bench()
    await bench.once()
    with pytest.raises(InputError) as caught:
        await bench.once(request=b"y")
    assert caught.value.field == "header.idempotency-key"


async def test_who_comes_while_it_starts_waits_for_it() -> None:
    bench = Bench()
    bench.gate.clear()
    both = [asyncio.create_task(bench.once()) for _ in range(2)]
    await asyncio.sleep(0)
    both[0].cancel()  # the first gave up; the second still gets what was begun
    await asyncio.sleep(0)
    bench.gate.set()
    assert (await both[1])[1] is False and bench.made == 1


async def test_what_was_refused_leaves_the_key_free() -> None:
    bench = Bench()
    bench.refuse = ValueError("no")
    with pytest.raises(ValueError, match="no"):
        await bench.once()
    assert len(bench.receipts) == 0
    bench.refuse = None
    assert (await bench.once())[1]


async def test_what_is_no_longer_kept_is_made_anew() -> None:
    bench = Bench()
    await bench.once()
    bench.receipts.forget(1)
    bench.receipts.forget(99)
    assert len(bench.receipts) == 0 and (await bench.once())[0].number == 2


async def test_what_is_gone_before_it_was_noted_leaves_nothing() -> None:
    bench = Bench()

    async def vanishing() -> Thing:
        return Thing(7)

    await bench.receipts.once("anna", "k", b"x", vanishing)
    assert len(bench.receipts) == 0


async def test_a_kept_job_with_its_receipt_costs_no_more_than_is_counted() -> None:
    engine = InlineEngine()
    jobs = shop(engine)
    spec = wire(n_samples=1, steps=1)

    async def one(i: int) -> None:
        key = f"{i:0255d}"
        job, _ = await jobs.receipts.once("anna", key, b"x" * 32, lambda: jobs.start(spec, "client", owner="anna"))
        await ended(engine, job)

    for i in range(5):  # what is made once
        await one(i)
    tracemalloc.start()
    counted, held = jobs.trajectories.nbytes, tracemalloc.get_traced_memory()[0]
    for i in range(5, 45):
        await one(i)
    counted, held = jobs.trajectories.nbytes - counted, tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    assert len(jobs.receipts) == 45 and 0 < held <= counted, (held, counted)


def test_the_newest_names_are_remembered() -> None:
    names = Names()
    for i in range(MAX_NAMES + 2):
        names.add(str(i))
    names.add("5")
    assert "0" not in names and "1" not in names and "2" in names and str(MAX_NAMES + 1) in names
