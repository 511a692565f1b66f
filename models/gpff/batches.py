"""The batches of a training run: which molecules a step shows, in which state.

Everything random is drawn from a counter: the order of an epoch from (seed, epoch), the noise of a step from
(seed, step). A run that is stopped and resumed therefore sees the batches that an unbroken run would have seen,
and any number of worker processes sees the same molecules.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from gpff.company import Company
from gpff.data import QM9
from gpff.noising import Batch, noised
from gpff.strays import Strays, lessons
from gpff.train_config import TrainConfig
from gpff.walking import Answers, walked

type Teach = Callable[[int, np.random.Generator], Batch]
"""Makes so many molecules that are none of the data's own."""


def counted_rng(seed: int, counter: int) -> np.random.Generator:
    """The generator named by (seed, counter)."""
    # as unsigned integers: a list with a number past 2**63 would become floats, and neighbours one generator
    return np.random.Generator(np.random.Philox(key=np.array([seed, counter], dtype=np.uint64)))


@lru_cache(maxsize=2)
def _order(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return counted_rng(seed, epoch).permutation(n)


def batch_ids(n: int, config: TrainConfig, step: int) -> NDArray[np.int64]:
    """Molecules of one step, ``[batch]``: slices of a fresh permutation of all ``n`` for every epoch."""
    epoch, k = divmod(step, n // config.batch)
    return _order(n, config.seed, epoch)[k * config.batch : (k + 1) * config.batch]


def batches(
    data: QM9,
    config: TrainConfig,
    start: int,
    worker: int = 0,
    workers: int = 1,
    given: Mapping[int, Answers] | None = None,
    strays: Strays | None = None,
) -> Generator[Batch]:
    """Batches from step ``start`` on, of each the molecules that fall to ``worker``.

    Each is prepared on a thread while the one before is trained on. ``given``: the network's answers by step, from
    which some molecules go on (``config.noise.walked``) in the place of new ones, as ``strays`` and company do.
    """
    taught: list[tuple[int, float, Teach]] = []
    if strays is not None:
        taught.append((2**61, config.noise.strayed, partial(lessons, strays)))
    if config.noise.company:
        taught.append((2**60, config.noise.company, Company(data, config.noise.crowd).batch))

    def prepare(step: int) -> Batch:
        keep = np.arange(config.batch) % workers == worker
        parts: list[Batch] = []

        def place(part: Batch | None) -> None:
            if part is not None:
                keep[np.flatnonzero(keep)[: len(part.ids)]] = False
                parts.append(part)

        before = (given or {}).get(step - 2) if config.noise.walked else None
        if before is not None:
            rng = counted_rng(config.seed, 2**62 + step * workers + worker)
            place(walked(data, before, config.noise.walked, rng))
        for counter, share, teach in taught:
            rng = counted_rng(config.seed, counter + step * workers + worker)
            n = int(rng.binomial(int(keep.sum()), share))  # of every molecule that is new
            place(teach(n, rng) if n else None)
        if keep.any():
            rng = counted_rng(config.seed, 2**63 + step)
            parts.insert(0, noised(data, batch_ids(len(data), config, step), config.noise, rng, keep))
        return Batch.cat(parts)

    with ThreadPoolExecutor(1) as pool:
        step = start
        ahead = pool.submit(prepare, step)
        while True:
            batch, step = ahead.result(), step + 1
            ahead = pool.submit(prepare, step)
            yield batch
