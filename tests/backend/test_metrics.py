"""What is counted, and what the counts are called."""

import asyncio
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from client import running, settings

from gpff.chemistry import perceive
from house import House
from studio.door import Door
from studio.engine.messages import Report, Snapshot
from studio.meter import meters
from studio.metrics import Metrics, kind
from studio.results import RAN_AWAY

WATER = [[0.0, 0.0, 0.12], [0.0, 0.76, -0.47], [0.0, -0.76, -0.47]]


def value(text: str, name: str) -> float:
    (found,) = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found)


@pytest.mark.parametrize(
    ("numbers", "positions", "expected"),
    [
        ([8, 1, 1], WATER, "valid"),
        ([8, 1, 1], [*WATER[:2], [0.0, -9.0, 0.0]], "fragments"),
        ([8, 1, 1], [*WATER[:2], [0.0, 0.7601, -0.47]], "overlap"),
        ([8, 1], WATER[:2], "radical"),
        ([8, 1, 1], [*WATER[:2], [float("nan"), 0.0, 0.0]], "ran_away"),
        ([9, 1, 1], [[0.0, 0.0, 0.0], [0.92, 0.0, 0.0], [-0.92, 0.0, 0.0]], "crowded"),
    ],
)
def test_reasons_are_counted_by_kind(numbers: list[int], positions: list[list[float]], expected: str) -> None:
    verdict = perceive(numbers, positions)
    assert kind(verdict.valid, verdict.reason) == expected


def test_reasons_that_are_not_of_the_bonds() -> None:
    assert kind(False, RAN_AWAY) == "ran_away"
    assert kind(False, "bond perception took longer than 5 s") == "timeout"
    assert kind(False, "news") == kind(False, None) == "other"


def test_requests_are_counted_by_route_and_never_by_path() -> None:
    with running(settings("harmonic")) as live:
        live.post("/generate", json={"formula": "CH4", "steps": 2})
        live.post("/generate", json={"formula": "Zz"})
        live.get("/nothing/7.js")
        response = live.get("/metrics")
        assert response.headers["content-type"].startswith("text/plain")
        text = response.text
        assert value(text, 'studio_http_requests_total{method="POST",route="/generate",status="200"}') == 1
        assert value(text, 'studio_http_requests_total{method="POST",route="/generate",status="422"}') == 1
        assert value(text, 'studio_http_request_seconds_count{route="/generate"}') == 2
        assert "nothing" not in text
        assert value(text, "studio_ready") == 1


def test_jobs_are_timed_and_their_candidates_counted() -> None:
    with running(settings("hazard")) as live:
        live.post("/generate", json={"formula": "CH4", "steps": 9, "n_samples": 2})
        live.post("/generate", json={"formula": "C3H8", "steps": 2})
        live.post("/generate", json={"formula": "N2", "steps": 2})
        text = live.get("/metrics").text
    assert value(text, 'studio_jobs_total{end="finished"}') == 2
    assert value(text, 'studio_jobs_total{end="failed"}') == 1
    assert value(text, "studio_first_frame_seconds_count") >= 2 and value(text, "studio_job_seconds_count") == 3
    assert value(text, 'studio_verdicts_total{reason="valid"}') == 2
    assert sum(map(float, re.findall(r"studio_verdicts_total\{.*\} (\S+)", text))) == 3
    assert value(text, "studio_frames_total") >= 4 and value(text, "studio_jobs_unfinished") == 0


def test_two_applications_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.judged(True, None)
    assert value(one.text().decode(), 'studio_verdicts_total{reason="valid"}') == 1
    assert b'reason="' not in other.text()


def own(text: str) -> list[str]:
    """The lines of the service's own metrics; the process's go on by themselves."""
    return [line for line in text.splitlines() if "studio_" in line]


def test_the_engines_reports_become_metrics() -> None:
    metrics = Metrics()
    metrics.report(Report(0.02, 0.001, 4, 900, {"interactive": 3, "batch": 7}, 5, steps=10, samplers_s=0.002))
    metrics.report(Report(0.04, 0.001, 2, 400, {"interactive": 0, "batch": 6}, 2, steps=12))
    text = metrics.text().decode()
    assert value(text, "studio_steps_total") == 22
    assert value(text, "studio_step_seconds_count") == 2 and value(text, "studio_step_seconds_sum") == 0.06
    assert value(text, "studio_step_samplers_seconds_sum") == value(text, "studio_step_overhead_seconds_sum") == 0.002
    assert value(text, 'studio_batch_jobs_bucket{le="2.0"}') == 1
    metrics.report(Report(0.0, 0.0, 0, 0, {"interactive": 0, "batch": 6}, 2, steps=0))  # of no step
    assert own(metrics.text().decode()) == own(text)
    assert value(text, 'studio_jobs_waiting{lane="interactive"}') == 0
    assert value(text, 'studio_jobs_waiting{lane="batch"}') == 6 and value(text, "studio_jobs_running") == 2


def test_passed_over_frames_are_counted_where_they_were() -> None:
    """At a socket whose client reads too slowly, and between the processes."""
    metrics, door = Metrics(), Door()

    async def run() -> None:
        house = House()
        house.services = replace(house.services, metrics=metrics)
        house.jobs.observers.append(meters(metrics, door))
        client = house.client()
        job = await client.start(steps=20)
        await house.steps(10)
        await client.read()
        running = house.jobs.find(job)
        assert running is not None
        running._on_event(Snapshot(running.number, running.trajectory._checkpoints[-1].state, dropped=True))
        await house.run_out()

    asyncio.run(run())
    text = metrics.text().decode()
    assert value(text, 'studio_frames_dropped_total{where="socket"}') >= 1
    assert value(text, 'studio_frames_dropped_total{where="engine"}') == 1


def test_every_metric_is_in_the_table() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    (table,) = re.findall(r"^## Metrics\n(.*?)^No label", text, re.MULTILINE | re.DOTALL)
    told = {name for line in table.splitlines() for name in re.findall(r"`(studio_\w+)`", line)}
    names = {family.name + ("_total" if family.type == "counter" else "") for family in Metrics().registry.collect()}
    assert told == {name for name in names if name.startswith("studio_")}


def test_a_live_engine_reports() -> None:
    with running(settings("harmonic")) as live:
        live.post("/generate", json={"formula": "CH4", "steps": 300})
        deadline = time.monotonic() + 30
        while not (steps := value(live.get("/metrics").text, "studio_steps_total")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        text = live.get("/metrics").text
    assert steps > 0 and value(text, "studio_step_seconds_count") >= 1 and value(text, "studio_engine_restarts") == 0
