"""Random numbers that belong to a molecule: counter-based, so that no draw depends on batch mates or order.

Every draw is named by `(seed, molecule, stream, step)` and comes from Philox with key `(seed, molecule)` and
the rest in the counter's high words. Nothing is shared or carried along: a state needs no generator, a run
can be cut, resumed and re-batched, and the same name always gives the same numbers.
"""

from __future__ import annotations

import threading
from enum import IntEnum
from typing import Any

import numpy as np

from gpff.molecules import Floats, Ints, pointers


class Stream(IntEnum):
    """What a draw is for."""

    COMPOSITION = 0
    PRIOR = 1
    NOISE = 2
    SHAPE = 3


def generator(seed: int, molecule: int, stream: Stream, step: int = 0) -> np.random.Generator:
    """The generator of one named draw."""
    key = np.array([seed, molecule], dtype=np.uint64)
    counter = np.array([0, 0, step, stream], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


class _Reused(threading.local):
    """A bit generator of each thread, which is re-keyed for every draw: making one takes ten times as long."""

    def __init__(self) -> None:
        self.bits = np.random.Philox(key=0)
        self.draw = np.random.Generator(self.bits)


_reused = _Reused()


def normals(keys: Ints, sizes: Ints, stream: Stream, step: int | Ints = 0) -> Floats:
    """Standard normal `[sum(sizes), 3]`, for molecule m from the draw named by `keys[m]` (seed, molecule).

    `keys [n_molecules, 2]`, `sizes [n_molecules]` atoms; `step`: of all, or `[n_molecules]`. The same numbers as
    `generator(...)` gives.
    """
    bounds = pointers(sizes).tolist()
    steps = [step] * len(keys) if isinstance(step, int) else step.tolist()
    out = np.empty((bounds[-1], 3))
    bits, draw = _reused.bits, _reused.draw.standard_normal
    # Python's numbers where NumPy gives arrays: they are read one by one, which takes three times as long from those.
    name: dict[str, object] = {}
    state: Any = {
        "bit_generator": "Philox",
        "state": name,
        "buffer": (0, 0, 0, 0),
        "buffer_pos": 4,
        "has_uint32": 0,
        "uinteger": 0,
    }
    for key, k, start, stop in zip(keys.astype(np.uint64).tolist(), steps, bounds[:-1], bounds[1:], strict=True):
        name["key"], name["counter"] = key, (0, 0, k, int(stream))
        bits.state = state
        draw(out=out[start:stop])
    return out
