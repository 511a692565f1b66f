"""What evaluation generates, made once: parts of a table's cell, judged and kept on disk, by several processes.

A cell is one variant of sampling at one number of steps. It is cut into parts of `PART` molecules; each part has a seed
of its own and is one file, so that a run that was stopped goes on, and a run with more molecules takes what a smaller
one has made. Molecules do not depend on the number of processes.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from gpff.checkpoint import Model, load
from gpff.chemistry import BondWorkers, is_crowded
from gpff.composition import formula
from gpff.data import QM9
from gpff.folders import whole
from gpff.generation import Candidate, generate
from gpff.molecules import pointers
from gpff.schedules import default_step_length, noise_of
from gpff.spec import SAMPLERS, SCHEDULED, Spec

PART = 100
SHAPES = ("rod", "disc", "sphere")
VARIANTS = (*SAMPLERS, "dd+shape", "sdd+shape", *(f"sdd+{shape}" for shape in SHAPES))
"""What can be measured: the samplers, two with each molecule's shape from the shape predictor, and archetypes."""


def noise_name(
    noise: float | None, power: float | None, held: bool, steps: int, step_length: float | None = None
) -> str:
    """SDD's noise and, where it is not 1, its step length, in file names: what is not given is called by what it is, so
    that other defaults have other names."""
    scale, falls = noise_of(held, steps, noise, power)
    eta = default_step_length(steps) if step_length is None else step_length
    return f"{scale:.3g}^{falls:g}" + (f"x{eta:.3g}" if eta != 1.0 else "")


@dataclass(frozen=True)
class Cell:
    """One molecule of each of the first ``n`` formulas of a split; ``noise`` is λ in Å, ``power`` how it falls and
    ``step_length`` SDD's η, None the defaults; ``widths``: whether samplers with a schedule put widths right."""

    variant: str
    steps: int
    n: int
    noise: float | None = None
    power: float | None = None
    seed: int = 0
    split: str = "test"
    step_length: float | None = None
    widths: bool = True

    @property
    def key(self) -> str:
        """Its name among files, without n."""
        noise = noise_name(self.noise, self.power, "+" in self.variant, self.steps, self.step_length)
        rule = "-widths" if self.widths and self.variant in SCHEDULED else ""
        return f"{self.variant}-{self.steps}-{noise}{rule}-{self.split}-{self.seed}"


@dataclass(frozen=True)
class Part:
    """Molecules ``PART * index`` and on of a cell, one of each of ``formulas``."""

    cell: Cell
    index: int
    formulas: tuple[str, ...]

    def file(self, folder: Path) -> Path:
        """Where it is kept: named by what it is made of."""
        digest = hashlib.sha256("\n".join(self.formulas).encode()).hexdigest()[:8]
        return folder / f"{self.cell.key}-{self.index}x{len(self.formulas)}-{digest}.npz"


def held_out_formulas(data: QM9, n: int, split: str = "test", seed: int = 0) -> list[str]:
    """Formulas of ``n`` molecules of a split, drawn without replacement with ``seed``."""
    part = data.subset(split)
    ids = np.random.default_rng(seed).permutation(len(part))[:n]
    return [formula(part[int(i)][0].astype(np.int64)) for i in ids]


def parts(cell: Cell, formulas: Sequence[str]) -> list[Part]:
    """The parts of a cell; ``formulas`` has at least ``cell.n``."""
    return [Part(cell, i // PART, tuple(formulas[i : min(i + PART, cell.n)])) for i in range(0, cell.n, PART)]


def made(model: Model, part: Part, bonds: BondWorkers) -> list[Candidate]:
    """Sample and judge the molecules of a part, from the σ = 30 Å prior or from its shape's."""
    cell = part.cell
    name, _, shape = cell.variant.partition("+")
    sampler = next(s for s in SAMPLERS if s == name)
    shape = "any" if shape == "shape" else shape
    specs = [Spec.from_formula(formula, shape=shape or None) for formula in part.formulas]
    seed = 10_000 * cell.seed + part.index
    candidates = generate(
        model, specs, 1, sampler, cell.steps, seed, cell.noise, cell.power, cell.step_length, check=False,
        widths=cell.widths,
    )  # fmt: skip
    futures = [None if c.valid is False else bonds.submit(c.numbers, c.positions) for c in candidates]
    return [
        c if f is None else replace(c, **{k: getattr(f.result(), k) for k in ("valid", "smiles", "reason", "bonds")})
        for c, f in zip(candidates, futures, strict=True)
    ]


def is_strictly_valid(candidate: Candidate) -> bool:
    """Tier 0: valid, and without the contacts that RDKit's `DetermineBonds` takes for bonds too many."""
    return bool(candidate.valid) and not is_crowded(candidate.numbers, candidate.positions)


_KNOWN = ("smiles", "valid", "reason", "steps", "nfe", "sigma_hat", "rms_force", "bonds")


def write(file: Path, candidates: Sequence[Candidate]) -> None:
    """Keep judged candidates in one file, which is there whole or not at all."""
    known = [{name: getattr(c, name) for name in _KNOWN} for c in candidates]
    with whole(file) as half, half.open("wb") as out:
        np.savez_compressed(
            out,
            numbers=np.concatenate([c.numbers for c in candidates]),
            positions=np.concatenate([c.positions for c in candidates]),
            ptr=pointers(np.array([len(c.numbers) for c in candidates], dtype=np.int64)),
            known=np.array(json.dumps(known)),
        )


def read(file: Path) -> list[Candidate]:
    """The inverse of `write`."""
    with np.load(file) as arrays:
        numbers, positions, ptr = arrays["numbers"], arrays["positions"], arrays["ptr"]
        known = json.loads(str(arrays["known"]))
    return [
        Candidate(numbers[a:b], positions[a:b], **{**row, "bonds": tuple(tuple(bond) for bond in row["bonds"])})
        for (a, b), row in zip(pairwise(ptr), known, strict=True)
    ]


def keep(file: Path, values: dict[str, Any]) -> None:
    """Write JSON ``values``, which are there whole or not at all, whoever else writes them at the same time."""
    with whole(file) as half:
        half.write_text(json.dumps(values))


class Bench:
    """A model, a folder for what it makes, and processes that make it.

    ``workers`` 0 works in this process, with ``model`` as it is; else each process loads ``model`` by ``source``.
    """

    def __init__(self, model: Model, source: str, folder: Path, workers: int, device: str | None = None) -> None:
        self.model, self.source, self.workers, self.device = model, source, workers, device
        self.folder = folder / model.hash[:12]
        self.progress = sys.stderr.isatty()

    @contextmanager
    def _pool(self) -> Iterator[Executor | None]:
        if self.workers == 0:
            yield None
            return
        # not forked: PyTorch's pool of threads does not survive it
        spawn = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self.workers, spawn, _begin, (self.source, self.device))
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)

    def map[T](self, function: Callable[..., T], tasks: Sequence[tuple[Any, ...]], costs: Sequence[int]) -> list[T]:
        """``function(model, *task)`` of every task, in order. The costliest begin first."""
        out: dict[int, T] = {}
        order = sorted(range(len(tasks)), key=lambda i: -costs[i])
        bar = tqdm(total=sum(costs), unit="eval", unit_scale=True, disable=not self.progress or not tasks)
        with bar, self._pool() if tasks else _nothing() as pool:
            if pool is None:
                for i in order:
                    out[i] = function(self.model, *tasks[i])
                    bar.update(costs[i])
                return [out[i] for i in range(len(tasks))]
            futures: dict[Future[T], int] = {pool.submit(_with_model, function, tasks[i]): i for i in order}
            for future in as_completed(futures):
                out[futures[future]] = future.result()
                bar.update(costs[futures[future]])
        return [out[i] for i in range(len(tasks))]

    def fill(self, cells: Sequence[Cell], formulas: Sequence[str]) -> None:
        """Make every part that is not there yet."""
        wanted = {part.file(self.folder): part for cell in cells for part in parts(cell, formulas)}
        todo = {file: part for file, part in wanted.items() if not file.exists()}
        tasks = [(part, self.folder) for part in todo.values()]
        self.map(_fill, tasks, [part.cell.steps * len(part.formulas) for part in todo.values()])

    def candidates(self, cell: Cell, formulas: Sequence[str]) -> list[Candidate]:
        """The judged molecules of a cell, made where they are not there yet."""
        self.fill([cell], formulas)
        return [c for part in parts(cell, formulas) for c in read(part.file(self.folder))]

    def file(self, name: str) -> Path:
        """Where `kept` has, or will have, values of that name."""
        return self.folder / f"{name}.json"

    def kept(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """JSON values by name, from the folder or made now."""
        file = self.file(name)
        if not file.exists():
            keep(file, make())
        found: dict[str, Any] = json.loads(file.read_text())
        return found


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


def _fill(model: Model, part: Part, folder: Path) -> None:
    with BondWorkers(1) if _mine is None else _borrowed(_mine[1]) as bonds:
        write(part.file(folder), made(model, part, bonds))


@contextmanager
def _borrowed(bonds: BondWorkers) -> Iterator[BondWorkers]:
    yield bonds


_mine: tuple[Model, BondWorkers] | None = None
"""In a process of a pool: its model and its judge."""


def _begin(source: str, device: str | None) -> None:
    import torch

    global _mine
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    _mine = (load(source, device), BondWorkers(1))


def _leave_with_parent() -> None:
    """A pool's process waits for work for ever, also when the one that would give it was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _with_model[T](function: Callable[..., T], task: tuple[Any, ...]) -> T:
    assert _mine is not None
    return function(_mine[0], *task)
