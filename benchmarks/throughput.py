"""What sharing calls of the network is worth: the same service batched, job by job, and molecule by molecule."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.server import Server, serving
from benchmarks.wire import run, user

USERS, ROUNDS = 8, 15
PARTS = ("engine", "web", "judges", "users")
SIDES = {
    "batched": ({}, "every step of every running job is in one call of the network"),
    "a job at a time": ({"STUDIO_MAX_RUNNING": "1"}, "the others wait; a call holds the 3 molecules of one job"),
    "a molecule at a time": (
        {"STUDIO_MAX_RUNNING": "1", "STUDIO_ENGINE_FACTORY": "benchmarks.apart:load"},
        "the others wait, and a call holds one molecule: a service without any batching",
    ),
}
"""Settings of each side, and what it is."""


@dataclass(frozen=True)
class Side:
    """Jobs of ``USERS`` users at once: each second, and milliseconds of a processor that each took, by `PARTS`."""

    name: str
    jobs_per_s: float
    cpu_ms: tuple[float, ...]

    @property
    def what(self) -> str:
        """Its definition."""
        return SIDES[self.name][1]


def measure() -> Iterator[Side]:
    """One service after the other. They differ in nothing but the settings of `SIDES`."""
    for name, (settings, _) in SIDES.items():
        with serving(**settings) as server:
            yield asyncio.run(_side(name, server))


async def _side(name: str, server: Server) -> Side:
    async def one(i: int, rounds: int) -> None:
        async with user(server.port) as connection:
            for k in range(rounds):
                await run(connection, seed=1000 * i + k)

    await asyncio.gather(*(one(i, 2) for i in range(USERS)))  # not counted
    before, began = _spent(server), time.perf_counter()
    await asyncio.gather(*(one(i, ROUNDS) for i in range(USERS)))
    seconds = time.perf_counter() - began
    jobs = USERS * ROUNDS
    spent = tuple(1000 * (after - so_far) / jobs for after, so_far in zip(_spent(server), before, strict=True))
    return Side(name, jobs / seconds, spent)


def _spent(server: Server) -> tuple[float, ...]:
    """Seconds of a processor so far, by `PARTS`. The users are this process."""
    spent = server.cpu_s()
    return *(spent[part] for part in PARTS[:-1]), time.process_time()


def lines() -> Iterator[str]:
    """What was found, as lines of Markdown."""
    sides = {}
    yield from (
        f"{USERS} users, each with one job after the other; jobs a second, and milliseconds of a processor that a job "
        "took in each process (the users are one process, on the same cores):",
        "",
        f"| | jobs/s | {' | '.join(PARTS)} | together | what it is |",
        f"|{'---|' * (len(PARTS) + 4)}",
    )
    for side in measure():
        sides[side.name] = side.jobs_per_s
        parts = " | ".join(f"{part:.1f}" for part in side.cpu_ms)
        yield f"| {side.name} | {side.jobs_per_s:.2f} | {parts} | {sum(side.cpu_ms):.1f} | {side.what} |"
    batched, job, molecule = sides.values()
    yield from (
        "",
        f"Batched against a job at a time: **{batched / job:.2f} ×**; against a molecule at a time: "
        f"**{batched / molecule:.2f} ×** (bar: 2 ×). {_verdict(batched / job, batched / molecule)}",
        "",
    )


def _verdict(jobs: float, molecules: float) -> str:
    """Which of the two bars is reached, in words."""
    if min(jobs, molecules) >= 2:
        return "Both are reached."
    why = (
        "A job of 3 molecules keeps the compiled network as busy for each atom as a full batch does, so that sharing "
        "calls saves what a call costs by itself, and lets a second core take part."
    )
    missed = [name for name, ratio in (("the first", jobs), ("the second", molecules)) if ratio < 2]
    return f"The bar is not reached by {' and '.join(missed)}. {why}"


if __name__ == "__main__":
    for line in lines():
        print(line, flush=True)
