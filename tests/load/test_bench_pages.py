"""The pages of `make bench`: their figures are those that were measured."""

import numpy as np
import pytest
from benchmarks import fairness, faults, overhead, service
from benchmarks.__main__ import speed
from benchmarks.network import Result
from benchmarks.overhead import Overhead
from benchmarks.streams import Streams
from benchmarks.throughput import _verdict
from benchmarks.wire import Seen


def seen(first: float, n_frames: int = 3, step: float = 0.01) -> Seen:
    frames = tuple(first + step * i for i in range(n_frames))
    return Seen(frames, frames[-1] + 0.1, {})


def test_a_stream_is_told_by_its_percentiles() -> None:
    flow = Streams(4, tuple(seen(0.010 + 0.001 * i) for i in range(101)), seconds=3.03)
    line = service._stream(flow)
    assert line.startswith("| 4 | 101 | 60.0 | 109.0 | 100 | 100 | 100 |")
    assert abs(seen(0.5, 11, 0.02).rate - 50.0) < 1e-9


def test_shares_ratios_and_gaps() -> None:
    found = Overhead(2, np.array([[0.9, 0.04, 0.01, 0.03, 0.02], [0.5, 0.2, 0.1, 0.1, 0.1]]))
    np.testing.assert_allclose(found.added, [0.06, 0.3])
    np.testing.assert_allclose(found.beside, [0.1, 0.5])
    assert _verdict(2.0, 3.0) == "Both are reached."
    assert "not reached by the first." in _verdict(1.9, 2.1) and "the first and the second" in _verdict(1.2, 1.3)
    slow = fairness.Fairness(idle=(0.01,) * 50, loaded=(0.015,) * 50)
    assert abs(slow.ratio - 1.5) < 1e-9
    times = [0.0, 0.1, 0.2, 0.9, 1.0, 3.0]
    assert abs(faults._gap(times, at=0.15) - 0.75) < 1e-9, "from the kill to the first frame after the silence"


def test_the_page_of_speed_names_both_sides() -> None:
    rows = [Result("training", "molecules/s", 10.0, 20.0, 100.0, True), Result("step", "ms", 50.0, 30.0, 3.0, False)]
    text = "\n".join(speed("a test", rows, Streams(1, (seen(0.02),), 1.0)))
    assert "| training | molecules/s | 10.0 | 20.0 | 100.0 | 10.0 ×, 5.0 × |" in text
    assert "| step | ms | 50.0 | 30.0 | 3.0 | 16.7 ×, 10.0 × |" in text
    assert "| first frame | 20.0 | 20.0 |" in text


def test_every_row_of_a_step_has_a_cell_under_each_head(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = np.full((3, len(overhead.PARTS)), 0.001)
    monkeypatch.setattr(overhead, "measure", lambda: iter([Overhead(4, seconds)]))
    rows = [line for line in service._overhead() if line.startswith("|")]
    assert len(rows) == 3 and len({row.count("|") for row in rows}) == 1
    assert rows[-1].endswith("| **60.0 %** | 60.0 % | 80.0 % |")
