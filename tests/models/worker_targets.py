"""What the tests let worker processes run; a module of its own, so that a child need not load pytest."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gpff.worker import set_up

if TYPE_CHECKING:
    from gpff.chemistry import Verdict


def act(what: str) -> str:
    """For the generic pool: do what the word says."""
    match what:
        case "hang":
            time.sleep(60.0)
        case "crash":
            os.abort()
        case "eat":
            bytearray(2**30)
        case "raise":
            raise KeyError("lost")
        case "print":
            os.write(1, b"noise on stdout")
            os.write(2, b"noise on stderr")
        case "pid":
            return str(os.getpid())
        case "set up" | "set up and hang" | "break the set-up":
            with set_up():
                time.sleep(1.5)
                if what.startswith("break"):
                    raise KeyError("no table")
            if what.endswith("hang"):
                time.sleep(60.0)
    return f"did {what}"


def perceive_or_fail(numbers: NDArray[np.int64], positions: NDArray[np.float64]) -> Verdict:
    """For bond workers: noble gases misbehave, everything else is perceived."""
    from gpff.chemistry import Verdict, perceive

    match numbers[0]:
        case 2:
            time.sleep(60.0)
        case 10:
            os.abort()
        case 18:
            bytearray(2**30)
        case 36:
            return Verdict(False, reason=" ".join(sys.modules))
        case 54:
            raise KeyError("lost")
    return perceive(numbers, positions)


def fail_one_after_the_other(worker: int, folder: str) -> None:
    """Worker 1 is the cause, but worker 0, which loses it, is the first to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    begun, lost = Path(folder, "begun"), Path(folder, "lost")
    if worker == 0:
        _wait_for(begun)
        lost.touch()
        raise ConnectionError("the other is gone")
    begun.touch()
    _wait_for(lost)
    time.sleep(0.2)
    raise ValueError("the cause")


def _wait_for(file: Path) -> None:
    while not file.exists():
        time.sleep(0.01)
