"""The data set's file, built from a small package that looks like qm9pack."""

import csv
import dataclasses
import hashlib
import importlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import AllChem

from gpff import data
from gpff.errors import GpffError, InputError

SMILES = ["C", "N", "O", "CC=O", "C#N", "CCO", "C[C@H](O)F", "c1ccoc1", "CNC=O", "CC(C)=O", "OCC#N", "CF"]
SPLIT_HASH = "d532e900a090e939f402bf7236f26aa1582d13af47c6312161bcbd49a5921f71"
COLUMNS = [
    "XYZ_file", "Index", "SMILES", "Elements", "XYZ_Ang", "HOMO_LUMO_gap_au", "InternalEnergy_0K_au",
]  # fmt: skip


def embed(smiles: str) -> tuple[list[str], NDArray[np.float64]]:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(mol, randomSeed=3)
    AllChem.MMFFOptimizeMolecule(mol)
    return [atom.GetSymbol() for atom in mol.GetAtoms()], np.array(mol.GetConformer().GetPositions())


def record(index: int, symbols: list[str], positions: NDArray[np.float64]) -> dict[str, object]:
    """A row as qm9pack writes it: Python-like lists, and numbers such as "0." that are not JSON."""
    rows = ",".join("[" + ",".join(f"{c:.10f}".rstrip("0") for c in row) + "]" for row in positions)
    return {
        "XYZ_file": f"dsgdb9nsd_{index:06d}.xyz",
        "Index": index,
        "SMILES": "not read",
        "Elements": "[" + ",".join(f"'{symbol}'" for symbol in symbols) + "]",
        "XYZ_Ang": f"[{rows}]",
        "HOMO_LUMO_gap_au": 0.01 * index,
        "InternalEnergy_0K_au": -40.0 - index,
    }


@pytest.fixture(scope="module")
def records() -> list[dict[str, object]]:
    """Twelve molecules, then three that must not pass: two fragments, a radical, an overcrowded carbon."""
    rows = [record(10 + k, *embed(smiles)) for k, smiles in enumerate(SMILES)]
    symbols, positions = embed("C")
    rows.append(record(101, symbols * 2, np.vstack([positions, positions + 9.0])))
    rows.append(record(102, symbols[:4], positions[:4]))
    rows.append(record(103, [*symbols, "H"], np.vstack([positions, -1.1 * positions[4]])))
    return rows


@pytest.fixture
def qm9pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: list[dict[str, object]]) -> Path:
    """A package whose import fails, as the real one's does, with its three tables."""
    package = tmp_path / "site" / "qm9pack"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('pkg_resources is gone')")
    for k, part in enumerate(np.array_split(np.arange(len(records)), 3), start=1):
        with (package / "data" / f"qm9_part{k}.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            table.writerows(records[i] for i in part)
    monkeypatch.syspath_prepend(package.parent)
    return package


@pytest.fixture
def built(qm9pack: Path, tmp_path: Path) -> data.QM9:
    return data.build(tmp_path / "cache" / "qm9.npz", workers=1, progress=False)


def test_keeps_what_passes_and_nothing_else(built: data.QM9) -> None:
    assert built.index.tolist() == list(range(10, 10 + len(SMILES)))
    assert [smiles.decode() for smiles in built.smiles] == [
        Chem.MolToSmiles(Chem.MolFromSmiles(smiles)) for smiles in SMILES
    ]


def test_each_molecule_is_itself_centred_in_angstrom(built: data.QM9) -> None:
    table = Chem.GetPeriodicTable()
    for k, smiles in enumerate(SMILES):
        symbols, positions = embed(smiles)
        numbers, found = built[k]
        assert [table.GetElementSymbol(int(number)) for number in numbers] == symbols
        assert np.abs(found - (positions - positions.mean(axis=0))).max() < 1e-6
    assert len(built[-1][0]) == built.sizes[-1] == len(embed(SMILES[-1])[0])
    with pytest.raises(IndexError, match="12 of 12"):
        built[12]


def test_energies_are_in_electronvolt(built: data.QM9) -> None:
    assert built.gap == pytest.approx(0.01 * built.index * 27.211386, rel=1e-6)
    assert built.u0 == pytest.approx((-40.0 - built.index) * 27.211386, rel=1e-7)


def test_types_are_the_documented_ones(built: data.QM9) -> None:
    types = {field.name: getattr(built, field.name) for field in dataclasses.fields(built)}
    assert {name: array.dtype.str.lstrip("<|") for name, array in types.items() if name != "hash"} == {
        "positions": "f4", "numbers": "u1", "ptr": "i8", "index": "i4", "smiles": built.smiles.dtype.str[1:],
        "gap": "f4", "u0": "f8", "split": "u1",
    }  # fmt: skip
    assert built.smiles.dtype.kind == "S"


def test_the_split_belongs_to_the_row_and_not_to_the_filter() -> None:
    """Dropping rows before or after must not move others; the known hash pins the published split."""
    split = data._split(data.N_QM9)
    assert np.bincount(split).tolist() == [104_664, 13_083, 13_084]
    assert hashlib.sha256(split.tobytes()).hexdigest() == SPLIT_HASH


def test_subsets_are_disjoint_and_whole(built: data.QM9) -> None:
    parts = {name: built.subset(name) for name in data.SPLITS}
    assert sorted(np.concatenate([part.index for part in parts.values()])) == sorted(built.index)
    row = {number: k for k, number in enumerate(built.index.tolist())}
    for code, part in enumerate(parts.values()):
        assert set(part.split.tolist()) <= {code}
        assert part.hash == built.hash
        for k, number in enumerate(part.index.tolist()):
            assert np.array_equal(part[k][1], built[row[number]][1])
            assert part.smiles[k] == built.smiles[row[number]]
    with pytest.raises(InputError, match="split: expected one of train, val, test, got 'holdout'"):
        built.subset("holdout")


def test_load_reads_what_build_wrote(built: data.QM9, tmp_path: Path) -> None:
    loaded = data.load(tmp_path / "cache" / "qm9.npz")
    for field in dataclasses.fields(built):
        assert np.array_equal(getattr(loaded, field.name), getattr(built, field.name)), field.name
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["qm9.npz"]


def test_load_builds_into_the_cache_folder(
    qm9pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GPFF_CACHE", str(tmp_path / "elsewhere"))
    loaded = data.load()
    assert len(loaded) == len(SMILES)
    assert (tmp_path / "elsewhere" / "qm9.npz").exists()
    assert "perceiving bonds" in capsys.readouterr().err
    monkeypatch.delenv("GPFF_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data.default_path() == tmp_path / ".cache" / "gpff" / "qm9.npz"


def test_the_hash_follows_what_a_model_is_trained_on(built: data.QM9) -> None:
    def fingerprint(numbers: object = None, positions: object = None, split: object = None) -> str:
        choice = zip((numbers, positions, split), (built.numbers, built.positions, built.split), strict=True)
        return data.fingerprint(*(new if new is not None else old for new, old in choice))  # type: ignore[arg-type]

    hashes = {
        built.hash,
        fingerprint(numbers=built.numbers[::-1]),
        fingerprint(positions=np.nextafter(built.positions, np.float32(9.0))),
        fingerprint(split=built.split + np.uint8(1)),
    }
    assert len(hashes) == 4
    assert fingerprint() == built.hash


def test_a_damaged_file_is_refused(built: data.QM9, tmp_path: Path) -> None:
    path = tmp_path / "cache" / "qm9.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GpffError, match="delete it to build it again"):
        data.load(path)
    arrays = {name: getattr(built, name) for name in data._ARRAYS}
    np.savez(path, **arrays | {"positions": built.positions + 1e-3}, hash=np.array(built.hash))
    with pytest.raises(GpffError, match="delete it to build it again"):
        data.load(path)


def test_a_build_that_is_cut_off_leaves_the_old_file(
    built: data.QM9, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_the_disk(file: object, **arrays: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise OSError("no space left on device")

    path = tmp_path / "cache" / "qm9.npz"
    before = path.read_bytes()
    monkeypatch.setattr(np, "savez_compressed", fill_the_disk)
    with pytest.raises(OSError, match="no space left"):
        data.build(path, workers=1, progress=False)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["qm9.npz"]


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="qm9pack"):
        data.build(tmp_path / "qm9.npz", progress=False)
