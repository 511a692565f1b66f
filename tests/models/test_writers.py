"""Text files of molecules and trajectories: every number is found again where the format says it is."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from rdkit import Chem

from gpff.errors import InputError
from gpff.molfile import mol_block
from gpff.writers import conect, extxyz_frame, extxyz_frames, pdb_frames, pdb_model, xyz_frame

NUMBERS = np.array([6, 8, 1, 1, 17, 9])
PTR = [0, 4, 6]
FRAMES = np.random.default_rng(0).normal(scale=30.0, size=(3, 6, 3))


def test_xyz_reads_back() -> None:
    text = xyz_frame(NUMBERS, FRAMES[0], comment="two\nlines\x00")
    assert text.splitlines()[:2] == ["6", "two lines"] and text.endswith("\n")
    mol = Chem.MolFromXYZBlock(text)
    assert [atom.GetAtomicNum() for atom in mol.GetAtoms()] == NUMBERS.tolist()
    assert np.abs(mol.GetConformer().GetPositions() - FRAMES[0]).max() < 1e-6


def blocks(text: str) -> list[tuple[str, list[list[str]]]]:
    """The comment and the rows of every block of an XYZ file."""
    lines, found = text.splitlines(), []
    while lines:
        n = int(lines[0])
        found.append((lines[1], [line.split() for line in lines[2 : n + 2]]))
        del lines[: n + 2]
    return found


def test_a_trajectory_as_extended_xyz_has_a_block_for_each_molecule_of_each_frame() -> None:
    info = [{"step": k, "note": "a b", "sigma": 0.5} for k in (0, 8, 16)]
    parts = list(extxyz_frames(NUMBERS, iter(FRAMES.astype(np.float32)), PTR, info))
    assert len(parts) == 3
    found = blocks("".join(parts))
    assert len(found) == 6
    for k, (comment, rows) in enumerate(found):
        frame, molecule = divmod(k, 2)
        atoms = slice(PTR[molecule], PTR[molecule + 1])
        assert comment == (
            f"Properties=species:S:1:pos:R:3 frame={frame} molecule={molecule} step={8 * frame} "
            'note="a b" sigma=0.5 pbc="F F F"'
        )
        assert [row[0] for row in rows] == [["C", "O", "H", "H", "Cl", "F"][i] for i in range(*atoms.indices(6))]
        assert np.abs(np.array([row[1:] for row in rows], dtype=float) - FRAMES[frame, atoms]).max() < 1e-5


def test_ase_reads_one_molecule_out_of_a_trajectory(tmp_path: Any) -> None:
    ase = pytest.importorskip("ase.io")
    path = tmp_path / "run.extxyz"
    path.write_text("".join(extxyz_frames(NUMBERS, FRAMES, PTR, ({"step": k, "name": 'a "b"'} for k in range(3)))))
    images = ase.read(path, index="1::2")
    assert [image.info["step"] for image in images] == [0, 1, 2] and images[0].info["name"] == 'a "b"'
    assert images[0].get_chemical_symbols() == ["Cl", "F"] and not images[0].pbc.any()
    assert np.abs(np.array([image.positions for image in images]) - FRAMES[:, 4:]).max() < 1e-6


def test_extended_xyz_has_a_column_of_charges_where_there_are_any() -> None:
    text = extxyz_frame([7, 1], [[0, 0, 0], [0, 0, 1]], charges=[1, 0], info={"name": "x", "real": True})
    assert text.splitlines()[1] == (
        'Properties=species:S:1:pos:R:3:formal_charge:I:1 charge=1 name=x real=T pbc="F F F"'
    )
    assert [line.split()[-1] for line in text.splitlines()[2:]] == ["1", "0"]
    assert "charge" not in extxyz_frame([7], [[0, 0, 0]], charges=[0])


def test_a_trajectory_as_pdb_has_a_model_for_each_frame_and_a_chain_for_each_molecule() -> None:
    text = "".join(pdb_frames(NUMBERS, iter(FRAMES), PTR, bonds=[(0, 1, 2), (0, 2, 1), (0, 3, 1), (4, 5, 1)]))
    mol = Chem.MolFromPDBBlock(text, removeHs=False, proximityBonding=False, sanitize=False)
    assert mol.GetNumConformers() == 3
    for frame, conformer in zip(FRAMES, mol.GetConformers(), strict=True):
        assert np.abs(conformer.GetPositions() - frame).max() <= 0.5001e-3
    assert [atom.GetAtomicNum() for atom in mol.GetAtoms()] == NUMBERS.tolist()
    chains = [atom.GetPDBResidueInfo().GetChainId() for atom in mol.GetAtoms()]
    residues = [atom.GetPDBResidueInfo().GetResidueNumber() for atom in mol.GetAtoms()]
    assert chains == ["A"] * 4 + ["B"] * 2 and residues == [1] * 4 + [2] * 2
    # The standard has them after the last model; RDKit looks for them in the first.
    bonds = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), b.GetBondTypeAsDouble()) for b in mol.GetBonds()]
    assert sorted(bonds) == [(0, 1, 2.0), (0, 2, 1.0), (0, 3, 1.0), (4, 5, 1.0)]
    assert [line.split()[1:] for line in text.splitlines() if line.startswith("CONECT")] == [
        ["1", "2", "2", "3", "4"], ["2", "1", "1"], ["3", "1"], ["4", "1"], ["5", "6"], ["6", "5"],
    ]  # fmt: skip
    assert re.findall(r"^(\w+)", text, re.M).count("ENDMDL") == 3 and text.endswith("\nEND\n")


def test_columns_of_a_pdb_atom_are_where_they_belong() -> None:
    line = pdb_model([17], [[-999.999, 9998.999, 0.0]], charges=[-1], name="salt").splitlines()[1]
    assert (line[0:6], line[6:11], line[12:16], line[17:20], line[21], line[22:26]) == (
        "HETATM", "    1", "Cl1 ", "MOL", "A", "   1",
    )  # fmt: skip
    assert (line[30:38], line[38:46], line[46:54]) == ("-999.999", "9998.999", "   0.000")
    assert (line[76:78], line[78:80], len(line)) == ("CL", "1-", 80)


def test_atom_names_of_a_large_pdb_molecule_keep_their_columns() -> None:
    n = 12_345
    text = pdb_model([6] * n, np.zeros((n, 3)))
    rows = [line for line in text.splitlines() if line.startswith("HETATM")]
    assert len(rows) == n and {len(row) for row in rows} == {80} and {row[76:80] for row in rows} == {" C  "}


def test_many_molecules_share_chains_but_no_residue() -> None:
    text = "".join(pdb_frames([1] * 70, [np.zeros((70, 3))], range(71)))
    places = [(line[21], line[22:26]) for line in text.splitlines() if line.startswith("HETATM")]
    assert len(set(places)) == 70 and places[62] == ("A", "  63")


def test_conect_lines_hold_four_partners() -> None:
    bonds = [(0, k, 1) for k in range(1, 6)]
    assert conect(bonds).splitlines()[:2] == ["CONECT    1    2    3    4    5", "CONECT    1    6"]


BAD: list[tuple[Any, Any, dict[str, Any], str]] = [
    ([6], [[0.0, np.nan, 0.0]], {}, "positions: expected finite coordinates within 9999 Å, got nan"),
    ([6], [[0.0, -np.inf, 0.0]], {}, "positions: expected finite coordinates"),
    ([6], [[1e5, 0.0, 0.0]], {}, "positions: expected finite coordinates"),
    ([6, 119], np.zeros((2, 3)), {}, "numbers: expected atomic numbers [n_atoms] from 1 to 118"),
    ([6], np.zeros((2, 3)), {}, "positions: expected an array [1, 3], got one of shape [2, 3]"),
    ([6, 1], np.zeros((2, 3)), {"ptr": [0, 1]}, "ptr: expected boundaries rising strictly from 0 to 2"),
    ([6, 1], np.zeros((2, 3)), {"ptr": [0, 2, 2]}, "ptr: expected boundaries rising strictly from 0 to 2"),
]


@pytest.mark.parametrize(("numbers", "frame", "options", "message"), BAD)
def test_what_fits_no_file_is_named(numbers: Any, frame: Any, options: dict[str, Any], message: str) -> None:
    for write in (extxyz_frames, pdb_frames):
        with pytest.raises(InputError, match=re.escape(message)):
            "".join(write(numbers, [frame], **options))
    if not options:
        for one in (xyz_frame, extxyz_frame, mol_block):
            with pytest.raises(InputError, match=re.escape(message)):
                one(numbers, frame)


def test_a_pdb_column_is_narrower_to_the_left_of_the_origin() -> None:
    with pytest.raises(InputError, match=r"positions: expected coordinates of at least -999.999 Å in a PDB file"):
        "".join(pdb_frames([6], [[[-1000.0, 0.0, 0.0]]]))


@pytest.mark.parametrize("bonds", [[(0, 2, 1)], [(-1, 0, 1)], [(1, 1, 1)], [(0, 1, 4)], [(0, 1, 1), (1, 0, 1)]])
def test_bonds_that_are_none_are_named(bonds: Sequence[tuple[int, int, int]]) -> None:
    for write in (
        lambda b: "".join(pdb_frames([6, 6], [np.zeros((2, 3))], bonds=b)),
        lambda b: mol_block([6, 6], np.zeros((2, 3)), b),
    ):
        with pytest.raises(InputError, match=r"bonds\.\d: expected two different atoms from 0 to 1"):
            write(bonds)
