"""``docs/results/service.md``: what users of the service wait for, measured from outside, and where the time goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks import fairness, faults, overhead, streams, throughput, yields
from benchmarks.network import Result
from benchmarks.server import serving
from benchmarks.streams import Streams


def ms(seconds: Sequence[float], q: float) -> str:
    """A percentile in milliseconds."""
    return f"{1000 * float(np.percentile(seconds, q)):.1f}"


def page(machine: str, step: Result, flows: list[Streams]) -> Iterator[str]:
    """The page line by line, measured as it is asked for. ``step``: 8 molecules beside the stock modules."""
    yield from (
        "# The service, measured from outside",
        "",
        f"Written by `make bench` on {machine}. A service of its own with the shipped weights, users on real sockets "
        "on the same cores; a job is 3 candidates of C7H8O2 (17 atoms) and 64 steps unless said otherwise. Percentiles "
        "are over all jobs, or all steps, of one run.",
        "",
        "## Streams",
        "",
        "| streams at once | jobs | first frame, median, ms | 99 %, ms | frames/s of a stream, median | slowest 1 % | "
        "frames/s, all | job, median, ms | 99 %, ms |",
        "|---|---|---|---|---|---|---|---|---|",
        *map(_stream, flows),
        "",
    )
    yield from _throughput()
    yield from _overhead()
    a, b = step.ratios
    yield from (
        "## The network beside the stock modules",
        "",
        f"{step.what.capitalize()}, median of one run: SchNetPack's modules with the same weights "
        f"{step.stock_ours:.1f} ms, with the paper's basis {step.stock_paper:.1f} ms, ours {step.ours:.1f} ms: "
        f"**{b:.1f} ×** and {a:.1f} × "
        "(bar: 10 ×). `speed.md` has other sizes.",
        "",
    )
    yield from _yield()
    yield from _fairness()
    yield from _faults()


def flows() -> list[Streams]:
    """1, 4, 8 and 32 streams."""
    with serving() as server:
        return list(streams.measure(server))


def _stream(flow: Streams) -> str:
    first, rate, end = ([getattr(job, name) for job in flow.jobs] for name in ("first", "rate", "end"))
    slow = f"{np.percentile(rate, 1):.0f}"
    return (
        f"| {flow.at_once} | {len(flow.jobs)} | {ms(first, 50)} | {ms(first, 99)} | {np.median(rate):.0f} | {slow} | "
        f"{flow.frames_per_s:.0f} | {ms(end, 50)} | {ms(end, 99)} |"
    )


def _throughput() -> Iterator[str]:
    yield from ("## Batched against one at a time", "")
    yield from throughput.lines()


def _overhead() -> Iterator[str]:
    yield from (
        "## Where a step goes",
        "",
        "In one process, without sockets, on the threads that the engine takes; medians in ms. *Samplers*: noise, "
        "constraints and the update, which any run has, in a notebook too. *Scheduling*: which jobs, put together and "
        "taken apart. *Messages*: snapshots packed on their way out of the engine. *Frames*: what the web process, on "
        "another core, makes of them. The bar of 10 % is for scheduling and encoding, that is, the last three; the "
        "last column counts the samplers too.",
        "",
        f"| jobs at once | steps | {' | '.join(overhead.PARTS)} | scheduling + encoding | 99 % | all but the network |",
        f"|{'---|' * (len(overhead.PARTS) + 5)}",
    )
    for found in overhead.measure():
        parts = " | ".join(f"{1000 * part:.2f}" for part in np.median(found.seconds, axis=0))
        half, most = np.percentile(100 * found.added, [50, 99])
        beside = 100 * np.median(found.beside)
        yield f"| {found.jobs} | {len(found.added)} | {parts} | **{half:.1f} %** | {most:.1f} % | {beside:.1f} % |"
    yield ""


def _yield() -> Iterator[str]:
    with serving() as server:
        found = yields.measure(server)
    yield from (
        "## Valid molecules",
        "",
        f"{yields.STEPS} network evaluations each, compositions of held-out QM9 molecules, {yields.USERS} users with "
        f"jobs of {yields.CANDIDATES} candidates, from `start` to `final` with verdicts: {found.valid} of {found.made} "
        f"valid in {found.seconds:.1f} s, **{found.valid / found.seconds:.1f} valid molecules a second** "
        f"({found.made / found.seconds:.1f} candidates a second).",
        "",
    )


def _fairness() -> Iterator[str]:
    found = fairness.measure()
    yield from (
        "## A light user beside a heavy one",
        "",
        f"First frame of {fairness.JOBS} jobs of {fairness.STEPS} steps, one now and then; the heavy user always has "
        f"{fairness.QUEUED} jobs of 64 steps that have not ended, and is a process of its own.",
        "",
        "| | median, ms | 99 %, ms |",
        "|---|---|---|",
        f"| idle | {ms(found.idle, 50)} | {ms(found.idle, 99)} |",
        f"| beside the heavy user | {ms(found.loaded, 50)} | {ms(found.loaded, 99)} |",
        "",
        f"The 99th percentile is **{found.ratio:.1f} ×** that of idle (bar: 2 ×).",
        "",
    )


def _faults() -> Iterator[str]:
    found = faults.measure()
    yield from (
        "## Deaths",
        "",
        f"The engine killed {len(found.pauses)} times (SIGKILL) under {faults.USERS} streams: the longest pause of any "
        f"stream {np.median(found.pauses):.2f} s in the median, {max(found.pauses):.2f} s at most (bar: 5 s); "
        f"{found.broken} streams had a sequence number that did not rise. SIGTERM with {found.accepted} jobs accepted: "
        f"**{found.accepted - found.finals} results lost**, over after {found.seconds:.1f} s.",
        "",
    )
