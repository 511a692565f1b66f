"""Random numbers that belong to a molecule: counter-based, so that no draw depends on batch mates or order.

Every draw is named by `(seed, molecule, stream, step)` and comes from Philox with key `(seed, molecule)` and
the rest in the counter's high words. Nothing is shared or carried along: a state needs no generator, a run
can be cut, resumed and re-batched, and the same name always gives the same numbers.
"""

from __future__ import annotations

from enum import IntEnum

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


def normals(keys: Ints, sizes: Ints, stream: Stream, step: int | Ints = 0) -> Floats:
    """Standard normal `[sum(sizes), 3]`, for molecule m from the draw named by `keys[m]` (seed, molecule).

    `keys [n_molecules, 2]`, `sizes [n_molecules]` atoms; `step`: of all, or `[n_molecules]`. The same numbers as
    `generator(...)` gives; one bit generator is re-keyed for each molecule because making one takes five times as long.
    """
    ptr = pointers(sizes)
    out = np.empty((int(ptr[-1]), 3))
    bits = np.random.Philox(key=0)
    draw = np.random.Generator(bits)
    counters = np.zeros((len(keys), 4), dtype=np.uint64)
    counters[:, 2], counters[:, 3] = step, stream
    unused = np.zeros(4, dtype=np.uint64)
    bounds = ptr.tolist()
    for key, counter, start, stop in zip(keys.astype(np.uint64), counters, bounds[:-1], bounds[1:], strict=True):
        bits.state = {
            "bit_generator": "Philox",
            "state": {"counter": counter, "key": key},
            "buffer": unused,
            "buffer_pos": 4,
            "has_uint32": 0,
            "uinteger": 0,
        }
        draw.standard_normal(out=out[start:stop])
    return out
