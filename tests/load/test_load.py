"""The load test in small, and that its checks see what they are there for."""

import json
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from benchmarks.load import memory
from benchmarks.load.page import text, verdict
from benchmarks.load.record import Record
from benchmarks.load.run import Outcome, run
from benchmarks.load.tasks import MALFORMED, Task, visits
from benchmarks.load.visitor import Visitor

from studio.codec import FLAG_DROPPED, FLAG_FINAL, Frame

TASK = Task(5, "CH4", n_samples=2, steps=3)


def test_two_hundred_jobs_of_all_sorts() -> None:
    with ThreadPoolExecutor(1) as pool:  # this thread's event loop may be that of a browser's driver
        outcome = pool.submit(run, 200, at_once=20).result()
    assert verdict(outcome) == []
    assert (outcome.lost, outcome.duplicates, outcome.crosstalk) == (0, 0, 0)
    assert outcome.ends["final"] + outcome.ends["cancelled"] == 200 and outcome.ends["cancelled"] <= 4
    assert sum(visitor.answered for visitor in outcome.visitors) == 2
    assert sum(visitor.resumed for visitor in outcome.visitors) > 0
    assert sum(record.frames for record in outcome.records) > 200
    assert "| jobs whose end never came | 0 |" in text(outcome, "a test")


def test_the_shares_are_as_stated() -> None:
    made = visits(10_000)
    jobs = [task for visit in made for task in visit.tasks]
    assert [task.index for task in jobs] == list(range(10_000))
    paces = Counter(visit.pace for visit in made)
    assert paces["stalls"] == paces["acknowledges late"] == len(made) // 20
    assert sum(visit.break_at is not None for visit in made) == len(made) // 20
    assert sum(task.cancel_at is not None for task in jobs) == 200
    sent = [bad for visit in made for bad in visit.malformed]
    assert len(sent) == 100 and set(sent) == set(MALFORMED)


def frames(task: Task = TASK, job: int = 7) -> list[Frame]:
    """What a flawless service sends of a job."""
    scalars = np.zeros(task.n_samples)
    path = list(task.path())
    return [
        Frame(job, step + 1, step, 0, x.astype(np.float32), scalars, scalars, FLAG_FINAL * (step == task.steps))
        for step, x in enumerate(path)
    ]


def result(task: Task = TASK, job: int = 7) -> dict[str, Any]:
    *_, end = task.path()
    size = len(task.numbers) // task.n_samples
    candidates = [
        {"numbers": task.numbers[i : i + size], "positions": end[i : i + size].tolist()}
        for i in range(0, len(task.numbers), size)
    ]
    return {"job": str(job), "seed": task.index, "candidates": candidates}


def heard(*told: Frame, end: dict[str, Any] | None = None) -> Record:
    record = Record(TASK, job="7")
    record.topology({"numbers": TASK.numbers})
    for frame in told:
        record.frame(frame)
    if end is not None:
        record.final(end)
    return record


def test_a_flawless_job_has_no_faults() -> None:
    record = heard(*frames(), end=result())
    assert record.faults == [] and record.frames == 4 and record.end == "final" and not record.lost
    first, *_, last = frames()
    assert heard(first, replace(last, flags=FLAG_FINAL | FLAG_DROPPED), end=result()).faults == []


def test_what_must_not_be_is_seen() -> None:
    first, second, third, last = frames()
    assert heard(first, second, second).duplicates == 1
    assert heard(first, third, second).duplicates == 1
    assert "none marked as passed over" in heard(first, third).faults[0]
    assert heard(first, replace(second, step=2)).crosstalk == 1
    other = frames(replace(TASK, index=6))
    assert heard(first, other[1]).crosstalk == 1
    assert heard(*frames(replace(TASK, n_samples=1))).crosstalk == 4
    assert heard(first, end=result()).faults == ["the result came before the last frame"]
    assert heard(*frames(), end=result(replace(TASK, index=6))).crosstalk == 2
    assert heard(*frames(), end=result(job=8)).crosstalk == 1
    assert heard(first).lost
    ended = heard(*frames(), end=result())
    ended.final(result())
    ended.frame(last)
    assert len(ended.faults) == 3
    ended = heard(first)
    ended.error("engine")
    assert ended.faults == ["ended by an error: engine"]


def test_a_visitor_sees_what_is_not_its_own() -> None:
    visitor = Visitor(visits(4)[0], port=0)
    visitor._of_job({"type": "final", "job": "3"})
    visitor._scolded({"code": "invalid", "detail": ""})
    assert len(visitor.faults) == 2


def test_the_verdict_names_a_leak() -> None:
    samples = [memory.Sample(float(i), 100 * i, 100.0 + 0.3 * i, 40.0, 10.0, 14) for i in range(41)]
    assert memory.slope(samples, "web") == pytest.approx(3.0) and abs(memory.slope(samples, "engine")) < 1e-9
    outcome = Outcome([], samples, seconds=1.0, left=0.0, restarts=1.0, dropped=0.0)
    assert verdict(outcome) == [
        "the engine was replaced 1 times",
        "memory of web grows by 3.00 MB for each 1,000 jobs",
    ]
    assert verdict(replace(outcome, left=2.0, samples=samples[:1], restarts=0.0)) == [
        "2 jobs or sockets were left when everyone had gone"
    ]


def test_the_family_of_a_process() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 30 & echo $!; wait"], stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        child = int(shell.stdout.readline())
        assert memory.family(shell.pid) == [shell.pid, child]
        shell.terminate()
    subprocess.run(["kill", str(child)], check=False)


def test_malformed_messages_are_what_they_seem() -> None:
    codes = Counter(code for _, code in MALFORMED)
    assert codes.keys() >= {"bad_json", "bad_message", "binary", "invalid", "over_limit", "unknown_job", "too_large"}
    with pytest.raises(json.JSONDecodeError):
        json.loads(MALFORMED[0][0])
