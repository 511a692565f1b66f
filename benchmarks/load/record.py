"""One job as its client sees it, checked message by message. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.load.tasks import Task, far_apart
from gpff.molecules import Floats
from studio.codec import FLAG_DROPPED, FLAG_FINAL, Frame

FRAME_TOLERANCE = 1e-4  # Å; frames are float32, and begin at tens of Å
RESULT_TOLERANCE = 1e-9  # Å


@dataclass
class Record:
    """What was heard of one job. ``faults``: everything that must not be, in words."""

    task: Task
    job: str | None = None
    seq: int = 0
    frames: int = 0
    dropped: int = 0  # times that frames had been passed over
    end: str | None = None  # final, or the code of an error
    duplicates: int = 0  # sequence numbers that were there before, or went back
    crosstalk: int = 0  # frames or results that belong to another job
    faults: list[str] = field(default_factory=list)
    _path: Iterator[Floats] | None = None
    _known: list[Floats] = field(default_factory=list)  # the path as far as it was needed
    _last: bool = False  # the last frame was heard

    @property
    def lost(self) -> bool:
        """It was accepted, and nobody was told its end."""
        return self.end is None

    def frame(self, frame: Frame) -> None:
        """Check a frame."""
        if self.end is not None:
            self.faults.append(f"frame {frame.seq} after the end")
        if frame.seq <= self.seq:
            self.duplicates += 1
            self.faults.append(f"frame {frame.seq} after frame {self.seq}")
        if frame.seq > self.seq + 1 and not frame.flags & FLAG_DROPPED:
            self.faults.append(f"frame {frame.seq} after frame {self.seq}, and none marked as passed over")
        self.dropped += bool(frame.flags & FLAG_DROPPED)
        self.seq = frame.seq
        self.frames += 1
        self._last |= bool(frame.flags & FLAG_FINAL)
        self._compare(f"frame {frame.seq}", np.asarray(frame.positions, np.float64), frame.step, FRAME_TOLERANCE)

    def topology(self, message: dict[str, Any]) -> None:
        """Check what the job's atoms are said to be."""
        if message["numbers"] != self.task.numbers:
            self._mixed(f"topology: atoms {message['numbers']}")

    def final(self, result: dict[str, Any]) -> None:
        """Check the result, and the end."""
        self._ended("final")
        if not self._last:
            self.faults.append("the result came before the last frame")
        numbers = [number for candidate in result["candidates"] for number in candidate["numbers"]]
        positions = np.array([row for candidate in result["candidates"] for row in candidate["positions"]])
        if result["job"] != self.job or result["seed"] != self.task.index or numbers != self.task.numbers:
            self._mixed(f"result of job {result['job']}, seed {result['seed']}, atoms {numbers}")
        self._compare("result", positions, self.task.steps, RESULT_TOLERANCE)

    def error(self, code: str) -> None:
        """The job ended otherwise, which only a job that was cancelled may."""
        self._ended(code)
        if code != "cancelled" or self.task.cancel_at is None:
            self.faults.append(f"ended by an error: {code}")

    def _ended(self, how: str) -> None:
        if self.end is not None:
            self.faults.append(f"ended twice: {self.end}, {how}")
        self.end = how

    def _compare(self, what: str, positions: Floats, step: int, tolerance: float) -> None:
        if not far_apart(positions, self._expected(step)) <= tolerance:
            self._mixed(f"{what}: positions at step {step} are not this job's")

    def _expected(self, step: int) -> Floats:
        if self._path is None:
            self._path = self.task.path()
        while len(self._known) <= step:
            positions = next(self._path, None)
            if positions is None:
                return np.zeros((0, 3))
            self._known.append(positions)
        return self._known[step]

    def _mixed(self, fault: str) -> None:
        self.crosstalk += 1
        self.faults.append(fault)

    def forget_path(self) -> None:
        """Free what is no longer needed."""
        self._path, self._known = None, []
