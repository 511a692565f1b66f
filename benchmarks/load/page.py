"""The page of the load test: ``docs/results/load.md`` and the plot of memory beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.load.memory import ROLES, Sample, slope
from benchmarks.load.run import AT_ONCE, RETAIN_MB, Outcome
from benchmarks.load.tasks import JOBS_EACH

MOST_SLOPE_MB = 1.0
"""Memory is flat when it grows by less for each 1,000 jobs, over the second half of the run."""


def verdict(outcome: Outcome) -> list[str]:
    """What went wrong, in words; empty when nothing did."""
    wrong = list(outcome.faults())
    if outcome.restarts:
        wrong.append(f"the engine was replaced {outcome.restarts:.0f} times")
    for role in ROLES:
        growth = slope(outcome.samples, role)
        if growth > MOST_SLOPE_MB and outcome.samples[-1].jobs >= 2000:
            wrong.append(f"memory of {role} grows by {growth:.2f} MB for each 1,000 jobs")
    return wrong


def text(outcome: Outcome, machine: str) -> str:
    """The page, Markdown."""
    n, frames = len(outcome.records), sum(record.frames for record in outcome.records)
    lines = [
        "# The service under load",
        "",
        f"Written by `make load` on {machine}; the clients ran on the same cores. {n:,} jobs over "
        f"{len(outcome.visitors):,} real sockets, {AT_ONCE} at a time with {JOBS_EACH} jobs each, against "
        "`python -m studio` in processes of its own. The field is springs that cost nothing, so that the service is "
        "all there is to wait for; where every atom of every frame must be is worked out again by the client from the "
        f"job's seed. {outcome.seconds:.0f} s, {n / outcome.seconds:.0f} jobs/s, {frames:,} frames "
        "received and compared.",
        "",
        "| what must be | found |",
        "|---|---|",
        f"| jobs whose end never came | {outcome.lost} |",
        f"| sequence numbers that came twice or went back | {outcome.duplicates} |",
        f"| frames, topologies and results with atoms of another job | {outcome.crosstalk} |",
        f"| any other fault | {len(list(outcome.faults()))} |",
        f"| jobs and sockets that the service still counts at the end | {outcome.left:.0f} |",
        f"| times the engine was replaced | {outcome.restarts:.0f} |",
        "",
        "| who misbehaved | number | share of all | what came of it |",
        "|---|---|---|---|",
        *_misbehaved(outcome),
        "",
        f"Resident memory, with `STUDIO_RETAIN_MB={RETAIN_MB}` so that the bound on kept frames is reached early; the "
        "slope is that of the second half of the jobs. *Others* are the processes that read bonds and files, and the "
        "one that engines are forked from.",
        "",
        "| process | at the start, MB | at half, MB | at the end, MB | slope, MB / 1,000 jobs |",
        "|---|---|---|---|---|",
        *(_row(outcome.samples, role) for role in ROLES),
        "",
        f"Open descriptors of the web process: {outcome.samples[0].descriptors} before, "
        f"{outcome.samples[-1].descriptors} after.",
        "",
        "![Memory while the jobs ran](load.svg)",
        "",
    ]
    return "\n".join(lines)


def _misbehaved(outcome: Outcome) -> Iterator[str]:
    visits, n = outcome.visitors, len(outcome.records)

    def line(who: str, number: int, what: str) -> str:
        return f"| {who} | {number} | {100 * number / n:.0f} % | {what} |"

    for pace, who in (
        ("stalls", "jobs of readers that stall"),
        ("acknowledges late", "of readers that acknowledge late"),
    ):
        records = [record for v in visits if v.visit.pace == pace for record in v.records]
        passed = sum(record.dropped for record in records)
        yield line(who, len(records), f"{passed} gaps of frames passed over; all had their last frame and their end")
    broken = sum(len(v.records) for v in visits if v.visit.break_at is not None)
    resumed = sum(v.resumed for v in visits)
    yield line("of connections that broke", broken, f"{resumed} had no end yet, and were taken up where they stood")
    cancels = sum(record.task.cancel_at is not None for record in outcome.records)
    yield line("cancelled", cancels, f"{outcome.ends['cancelled']} ended so, the others had finished before")
    malformed, answered = sum(len(v.visit.malformed) for v in visits), sum(v.answered for v in visits)
    yield line("malformed messages", malformed, f"{answered} got the right error, and their connections went on")


def plot(samples: list[Sample], path: Path) -> None:
    """Resident memory over jobs that have ended."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "load"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3))
    for role in ROLES:
        jobs, memory = [s.jobs for s in samples], [getattr(s, role) for s in samples]
        axes.plot(jobs, memory, label=f"{role}: {slope(samples, role):+.2f} MB / 1,000 jobs")
    axes.set(xlabel="jobs that have ended", ylabel="resident, MB", ylim=(0, None))
    axes.legend(loc="lower right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _row(samples: list[Sample], role: str) -> str:
    half = next(s for s in samples if s.jobs >= samples[-1].jobs / 2)
    values = [getattr(s, role) for s in (samples[0], half, samples[-1])]
    return f"| {role} | {' | '.join(f'{value:.0f}' for value in values)} | {slope(samples, role):+.2f} |"
