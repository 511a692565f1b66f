"""QM9 as one compact cached file: geometries that pass tier 0, two properties, and a split that stays.

Source: the package `qm9pack` (130,831 B3LYP/6-31G(2df,p) geometries of QM9, the uncharacterised ones left
out). A molecule is kept when its bonds, perceived from the coordinates alone, make one connected molecule at
charge 0 without charges or radicals (`chemistry.perceive_strictly`): 123,569 of the 130,831 pass with RDKit 2026.9, as
many as in the paper.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import os
import zipfile
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from gpff.chemistry import BondWorkers, Verdict, perceive_strictly
from gpff.cores import cores
from gpff.elements import NUMBERS
from gpff.errors import GpffError, InputError
from gpff.molecules import pointers

N_QM9 = 130_831
SPLITS = ("train", "val", "test")
SPLIT_SEED = 20260519
HARTREE_EV = 27.211386245988  # CODATA 2018

_PARTS = ("qm9_part1.csv", "qm9_part2.csv", "qm9_part3.csv")
_ARRAYS = ("positions", "numbers", "ptr", "index", "smiles", "gap", "u0", "split")


@dataclass(frozen=True, eq=False)
class QM9:
    """Molecules one after the other; molecule i has the atoms `ptr[i]:ptr[i + 1]`.

    positions: float32 [n_atoms, 3], Å, centre of geometry at the origin
    numbers: uint8 [n_atoms]
    ptr: int64 [n_molecules + 1]
    index: int32 [n_molecules], QM9's own number (1 to 133,885: the one in the name of the published xyz file)
    smiles: bytes [n_molecules], canonical, without hydrogens, as perceived from these coordinates (so that it
        compares with the SMILES of a generated molecule)
    gap: float32 [n_molecules], HOMO–LUMO gap, eV
    u0: float64 [n_molecules], total internal energy at 0 K, eV (QM9 gives totals, not atomisation energies)
    split: uint8 [n_molecules], 0 train, 1 val, 2 test
    hash: sha256 over numbers, positions and split of the whole data set; a subset keeps that of its whole
    """

    positions: NDArray[np.float32]
    numbers: NDArray[np.uint8]
    ptr: NDArray[np.int64]
    index: NDArray[np.int32]
    smiles: NDArray[np.bytes_]
    gap: NDArray[np.float32]
    u0: NDArray[np.float64]
    split: NDArray[np.uint8]
    hash: str

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, i: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Numbers [n] and positions [n, 3] of molecule i."""
        if not -len(self) <= i < len(self):
            raise IndexError(f"molecule {i} of {len(self)}")
        a, b = self.ptr[i % len(self)], self.ptr[i % len(self) + 1]
        return self.numbers[a:b], self.positions[a:b]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Atoms per molecule, [n_molecules]."""
        return np.diff(self.ptr)

    def subset(self, split: str) -> QM9:
        """The molecules of "train", "val" or "test"; InputError for any other name."""
        if split not in SPLITS:
            raise InputError("split", f"one of {', '.join(SPLITS)}", repr(split))
        keep = self.split == SPLITS.index(split)
        atoms = np.repeat(keep, self.sizes)
        return QM9(
            positions=self.positions[atoms],
            numbers=self.numbers[atoms],
            ptr=pointers(self.sizes[keep]),
            index=self.index[keep],
            smiles=self.smiles[keep],
            gap=self.gap[keep],
            u0=self.u0[keep],
            split=self.split[keep],
            hash=self.hash,
        )


@dataclass(frozen=True)
class _Row:
    index: int
    numbers: NDArray[np.uint8]  # [n]
    positions: NDArray[np.float64]  # [n, 3] Å
    gap: float  # eV
    u0: float  # eV


def default_path() -> Path:
    """`$GPFF_CACHE/qm9.npz`, or `~/.cache/gpff/qm9.npz`."""
    return Path(os.environ.get("GPFF_CACHE") or Path.home() / ".cache" / "gpff") / "qm9.npz"


def load(path: Path | str | None = None) -> QM9:
    """Read the cached file, built first where there is none. Raises GpffError when the file is damaged."""
    path = default_path() if path is None else Path(path)
    if not path.exists():
        return build(path)
    try:
        with path.open("rb") as raw, np.load(raw) as file:
            arrays = {name: file[name] for name in _ARRAYS}
            recorded = str(file["hash"])
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise GpffError(f"{path} is no whole QM9 file ({error}); delete it to build it again") from error
    found = fingerprint(arrays["numbers"], arrays["positions"], arrays["split"])
    if found != recorded:
        raise GpffError(f"{path} holds data of hash {found}, not {recorded}; delete it to build it again")
    return QM9(**arrays, hash=recorded)


def build(path: Path | str | None = None, workers: int | None = None, progress: bool = True) -> QM9:
    """Read QM9, keep what passes tier 0, write the file and return its content (a minute or two).

    workers: processes for bond perception; None: one per core. Raises ModuleNotFoundError without qm9pack.
    """
    path = default_path() if path is None else Path(path)
    rows = list(tqdm(_rows(_source()), total=N_QM9, desc="reading QM9", unit="mol", disable=not progress))
    splits = _split(len(rows))
    judged = _verdicts(rows, workers or cores())
    verdicts = tqdm(judged, total=len(rows), desc="perceiving bonds", unit="mol", disable=not progress)
    data = _assemble([(r, v.smiles, s) for r, v, s in zip(rows, verdicts, splits, strict=True) if v.smiles])
    _write(path, data)
    return data


def turned_down(data: QM9, split: str) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    """Numbers [n] and positions [n, 3] (Å) of the equilibria of a split that tier 0 kept out of the whole `data`."""
    kept, wanted = set(data.index.tolist()), SPLITS.index(split)
    for row, number in zip(_rows(_source()), _split(N_QM9), strict=True):
        if number == wanted and row.index not in kept:
            yield row.numbers, row.positions


def fingerprint(numbers: NDArray[np.uint8], positions: NDArray[np.float32], split: NDArray[np.uint8]) -> str:
    """sha256 (hex) over the three arrays that decide what a model is trained on."""
    digest = hashlib.sha256()
    for array, dtype in ((numbers, "u1"), (positions, "<f4"), (split, "u1")):
        digest.update(np.ascontiguousarray(array, dtype=dtype).tobytes())
    return digest.hexdigest()


def _source() -> list[Path]:
    """qm9pack's files, found without importing it: its import needs the retired `pkg_resources`."""
    package = importlib.util.find_spec("qm9pack")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the data set needs the package qm9pack: pip install 'gpff-studio[train]'")
    return [Path(package.origin).parent / "data" / part for part in _PARTS]


def _rows(files: Iterable[Path]) -> Iterator[_Row]:
    for file in files:
        with file.open(newline="") as text:
            for record in csv.DictReader(text):
                yield _row(record)


def _row(record: dict[str, str]) -> _Row:
    """One line of the table; energies come in hartree, coordinates in Å."""
    symbols = json.loads(record["Elements"].replace("'", '"'))
    # "0." and "1." are no JSON numbers, hence not json.loads
    flat = record["XYZ_Ang"].replace("[", "").replace("]", "").split(",")
    return _Row(
        index=int(record["Index"]),
        numbers=np.array([NUMBERS[symbol] for symbol in symbols], dtype=np.uint8),
        positions=np.array(flat, dtype=np.float64).reshape(len(symbols), 3),
        gap=float(record["HOMO_LUMO_gap_au"]) * HARTREE_EV,
        u0=float(record["InternalEnergy_0K_au"]) * HARTREE_EV,
    )


def _verdicts(rows: Iterable[_Row], n_workers: int) -> Iterator[Verdict]:
    """Verdicts in the order of the rows, with a short queue ahead of the workers."""
    waiting: deque[Future[Verdict]] = deque()
    with BondWorkers(n_workers, target=perceive_strictly) as workers:
        for row in rows:
            waiting.append(workers.submit(row.numbers, row.positions))
            if len(waiting) >= 64 * n_workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _split(n: int) -> NDArray[np.uint8]:
    """80/10/10 over all rows of the source, before any filter, so that no filter moves a molecule across.

    RandomState, because its stream is frozen for good; numpy's newer generators may change theirs.
    """
    split = np.zeros(n, dtype=np.uint8)
    order = np.random.RandomState(SPLIT_SEED).permutation(n)
    split[order[n * 8 // 10 : n * 9 // 10]] = 1
    split[order[n * 9 // 10 :]] = 2
    return split


def _assemble(kept: list[tuple[_Row, str, np.uint8]]) -> QM9:
    rows = [row for row, _, _ in kept]
    numbers = np.concatenate([row.numbers for row in rows])
    centred = [row.positions - row.positions.mean(axis=0) for row in rows]
    positions = np.concatenate(centred).astype(np.float32)
    split = np.array([s for _, _, s in kept], dtype=np.uint8)
    return QM9(
        positions=positions,
        numbers=numbers,
        ptr=pointers(np.array([len(row.numbers) for row in rows])),
        index=np.array([row.index for row in rows], dtype=np.int32),
        smiles=np.array([smiles.encode() for _, smiles, _ in kept]),
        gap=np.array([row.gap for row in rows], dtype=np.float32),
        u0=np.array([row.u0 for row in rows]),
        split=split,
        hash=fingerprint(numbers, positions, split),
    )


def _write(path: Path, data: QM9) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    """Under another name until it is whole, so that no reader meets half a file."""
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with half.open("wb") as file:
            arrays = {name: getattr(data, name) for name in _ARRAYS}
            np.savez_compressed(file, **arrays, hash=np.array(data.hash))
        os.replace(half, path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
