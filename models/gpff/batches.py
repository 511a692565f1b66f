"""The batches of a training run: which molecules a step shows, in which state.

Everything random is drawn from a counter: the order of an epoch from (seed, epoch), the noise of a step from
(seed, step). A run that is stopped and resumed therefore sees the batches that an unbroken run would have seen,
and any number of worker processes sees the same molecules.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gpff.company import Company
from gpff.data import QM9
from gpff.noising import Batch, noised
from gpff.strays import Strays, lessons
from gpff.train_config import TrainConfig
from gpff.walking import Answers, walked


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
    which some molecules go on (``config.noise.walked``) in the place of new ones, as do some ``strays``.
    """

    company = Company(data, config.noise.crowd)

    def prepare(step: int) -> Batch:
        keep = np.arange(config.batch) % workers == worker
        before = (given or {}).get(step - 2) if config.noise.walked else None
        rng = counted_rng(config.seed, 2**62 + step * workers + worker)
        on = None if before is None else walked(data, before, config.noise.walked, rng)
        if on is not None:
            keep[np.flatnonzero(keep)[: len(on.ids)]] = False
        astray = _strayed(strays, config, int(keep.sum()), counted_rng(config.seed, 2**61 + step * workers + worker))
        if astray is not None:
            keep[np.flatnonzero(keep)[: len(astray.ids)]] = False
        rng = counted_rng(config.seed, 2**60 + step * workers + worker)
        together = _together(company, config, int(keep.sum()), rng)
        if together is not None:
            keep[np.flatnonzero(keep)[: len(together.ids)]] = False
        rng = counted_rng(config.seed, 2**63 + step)
        new = noised(data, batch_ids(len(data), config, step), config.noise, rng, keep) if keep.any() else None
        return Batch.cat([part for part in (new, on, astray, together) if part is not None])

    with ThreadPoolExecutor(1) as pool:
        step = start
        ahead = pool.submit(prepare, step)
        while True:
            batch, step = ahead.result(), step + 1
            ahead = pool.submit(prepare, step)
            yield batch


def _strayed(strays: Strays | None, config: TrainConfig, free: int, rng: np.random.Generator) -> Batch | None:
    """The strays of one batch that has ``free`` places left: of every molecule that is new, a share."""
    if strays is None:
        return None
    n = int(rng.binomial(free, config.noise.strayed))
    return lessons(strays, n, rng) if n else None


def _together(company: Company, config: TrainConfig, free: int, rng: np.random.Generator) -> Batch | None:
    """The molecules side by side of one batch that has `free` places left: of every molecule that is new, a share."""
    n = int(rng.binomial(free, config.noise.company)) if config.noise.company else 0
    return company.batch(n, rng) if n else None
