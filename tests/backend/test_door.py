"""The end of the service: what it waits for, and what it says."""

import asyncio

import pytest

from studio.door import Door, drained
from studio.errors import Draining, report


class Jobs:
    def __init__(self, running: int) -> None:
        self.running = running
        self.closed = False

    def __len__(self) -> int:
        return self.running

    def close(self) -> None:
        self.closed, self.running = True, 0


class Guest:
    def __init__(self, idle: bool = True) -> None:
        self.idle = idle
        self.told = 0

    def draining(self) -> None:
        self.told += 1


async def test_it_waits_for_jobs_and_for_what_is_unsent() -> None:
    door, jobs, slow = Door(), Jobs(1), Guest(idle=False)
    with door.guest(slow), door.guest(Guest()):
        ending = asyncio.create_task(drained(door, jobs, 30.0))
        await asyncio.sleep(0.05)
        jobs.running = 0
        await asyncio.sleep(0.05)
        assert not ending.done() and door.unsent == 1
        slow.idle = True
        assert await ending
    assert not jobs.closed


async def test_patience_ends_and_the_rest_is_cancelled() -> None:
    door, jobs = Door(), Jobs(2)
    assert not await drained(door, jobs, 0.0)
    assert jobs.closed


async def test_a_guest_that_leaves_keeps_nothing_waiting() -> None:
    door = Door()
    with door.guest(Guest(idle=False)):
        pass
    assert await drained(door, Jobs(0), 30.0)


async def test_it_waits_for_those_who_may_come_back_for_their_results() -> None:
    door = Door(grace_s=30.0)
    door.owe("1")
    door.owe("2")
    ending = asyncio.create_task(drained(door, Jobs(0), 30.0))
    await asyncio.sleep(0.05)
    door.collected("1")
    assert not ending.done() and door.owed == 1
    door.collected("2")
    assert await ending


async def test_it_does_not_wait_for_those_who_have_not_come_in_time() -> None:
    door = Door(grace_s=0.0)
    door.owe("1")
    assert await drained(door, Jobs(0), 30.0)


async def test_what_no_one_fetches_does_not_hold_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.door.COLLECT_S", 0.1)
    door, jobs = Door(grace_s=3600.0), Jobs(1)
    door.owe("before")
    await asyncio.sleep(0.15)
    assert door.owed == 1  # as long as the door is open, only the grace counts
    ending = asyncio.create_task(drained(door, jobs, 3600.0))
    await asyncio.sleep(0.15)
    assert door.owed == 0 and not ending.done()
    jobs.running = 0
    door.owe("meanwhile")
    await asyncio.sleep(0.05)
    assert door.owed == 1 and not ending.done()
    assert await ending and not jobs.closed


async def test_everyone_is_told_once_and_late_guests_too() -> None:
    door, early, late = Door(), Guest(), Guest()
    door.check()
    with door.guest(early):
        door.close()
        door.close()
        with door.guest(late):
            assert (early.told, late.told) == (1, 1)


async def test_a_closed_door_refuses_new_work() -> None:
    door = Door()
    door.close()
    with pytest.raises(Draining) as refused:
        door.check()
    found = report(refused.value)
    assert (found.status, found.code, found.retryable) == (503, "draining", True)
    assert found.retry_after_s and found.retry_after_s > 0
