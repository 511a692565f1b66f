"""What goes out as a file comes in as the same molecule; what is no molecule is told apart, alone."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import AllChem

from gpff import formats
from gpff.errors import InputError, LimitError
from gpff.formats import FORMATS, Format, Parsed, Reading, Unreadable, detect, read, write

SMILES = [
    "C", "[H][H]", "CC=O", "C#N", "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "C/C=C/C", "C/C=C\\C", "F/C=C\\[C@H](F)O",
    "C1C[C@H]2CC[C@@H]1O2", "c1ccc2[nH]ccc2c1", "C[N+](=O)[O-]", "[NH3+]CC(=O)[O-]", "O.CO", "O=S(=O)(C)C", "BrC(Cl)=C",
]  # fmt: skip
CHARGED = ["CC(=O)[O-]", "C[NH3+]", "C[N+](C)(C)C", "[O-]C(=O)C(=O)[O-]", "C[NH3+].CC(=O)[O-]"]
COORDINATE_ERROR: dict[Format, float] = {"sdf": 5.1e-5, "mol": 5.1e-5, "xyz": 5.1e-7, "extxyz": 5.1e-7, "pdb": 5.1e-4}


def parsed(found: Parsed | Unreadable) -> Parsed:
    assert isinstance(found, Parsed), found
    return found


def one(text: str, format: Format, how: Reading | None = None) -> Parsed:
    (found,) = read(text, format, how)
    return parsed(found)


def reason(text: str, format: Format, how: Reading | None = None) -> str:
    (found,) = read(text, format, how)
    assert isinstance(found, Unreadable) and found.index == 0, found
    return found.reason


def canonical(smiles: str) -> str:
    return str(Chem.CanonSmiles(smiles))


@pytest.fixture(scope="module")
def molecules() -> dict[str, Parsed]:
    text = "\n".join(f"{smiles} named {k}" for k, smiles in enumerate(SMILES + CHARGED))
    return dict(zip(SMILES + CHARGED, map(parsed, read(text, "smiles")), strict=True))


@pytest.mark.parametrize("smiles", SMILES + CHARGED)
def test_smiles_become_the_molecule_they_name(smiles: str, molecules: dict[str, Parsed]) -> None:
    molecule = molecules[smiles]
    assert molecule.smiles == canonical(smiles) and molecule.embedded and molecule.reason is None
    assert molecule.name == f"named {(SMILES + CHARGED).index(smiles)}"
    full = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert molecule.numbers.tolist() == [atom.GetAtomicNum() for atom in full.GetAtoms()]
    assert molecule.added_hydrogens == len(molecule.numbers) - Chem.MolFromSmiles(smiles, sanitize=False).GetNumAtoms()
    assert sum(molecule.charges) == Chem.GetFormalCharge(full)


@pytest.mark.parametrize("smiles", SMILES + CHARGED)
@pytest.mark.parametrize("format", ["sdf", "mol", "xyz", "extxyz", "pdb"])
def test_stereo_charges_and_coordinates_survive(format: Format, smiles: str, molecules: dict[str, Parsed]) -> None:
    before = molecules[smiles]
    after = one(write([before], format), format)
    assert after.numbers.tolist() == before.numbers.tolist()
    assert np.abs(after.positions - before.positions).max() <= COORDINATE_ERROR[format]
    assert (after.name, after.embedded, after.added_hydrogens) == (before.name, False, 0)
    if format == "xyz" and sum(before.charges):  # the format has no place for a charge
        assert after.smiles is None and after.reason == "bonds do not fit the valences at charge 0"
        return
    assert after.smiles == before.smiles and after.reason is None
    assert sorted(after.charges) == sorted(before.charges)


@pytest.mark.parametrize("format", ["sdf", "xyz", "extxyz", "pdb", "smiles"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_many_records_whatever_the_line_ends(format: Format, ends: str, molecules: dict[str, Parsed]) -> None:
    some = [molecules[smiles] for smiles in SMILES]
    back = read(write(some, format).replace("\n", ends), format)
    assert [parsed(found).smiles for found in back] == [molecule.smiles for molecule in some]
    assert [parsed(found).name for found in back] == [molecule.name for molecule in some]


def test_a_mirror_image_is_read_as_one(molecules: dict[str, Parsed]) -> None:
    left = molecules["C[C@H](N)C(=O)O"]
    mirrored = formats.structure(left.numbers, left.positions * [1, 1, -1], left.bonds, left.charges)
    for format in ("sdf", "xyz", "pdb"):
        assert one(write([mirrored], format), format).smiles == canonical("C[C@@H](N)C(=O)O")


def test_the_seed_and_the_text_decide_the_coordinates() -> None:
    first, again, other = (one("CCCCO", "smiles", Reading(seed=seed)).positions for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.allclose(first, other)


def test_molecules_side_by_side_do_not_overlap(molecules: dict[str, Parsed]) -> None:
    apart = molecules["C[NH3+].CC(=O)[O-]"]
    fragments = Chem.GetMolFrags(formats.to_mol(apart))
    a, b = (apart.positions[list(atoms)] for atoms in fragments)
    assert np.linalg.norm(a[:, None] - b, axis=2).min() >= 4.0


def test_a_missing_end_and_blank_lines_do_no_harm(molecules: dict[str, Parsed]) -> None:
    text = write([molecules["C"], molecules["CC=O"]], "sdf")
    for cut in (text.rstrip(), text.rstrip().removesuffix("$$$$"), text + "\n\n", "\ufeff" + text):
        assert [parsed(found).smiles for found in read(cut, "sdf")] == ["C", "CC=O"]
    frames = write([molecules["C"], molecules["CC=O"]], "xyz")
    assert [parsed(found).smiles for found in read(f"\n\n{frames}\n\n".replace("\n2", "\n\n2"), "xyz")] == ["C", "CC=O"]
    for nothing in ("", "\n \n"):
        assert all(read(nothing, format) == [] for format in FORMATS)


def spoil_sdf(text: str) -> str:
    return text.replace("V2000", "V9999", 1)


def spoil_coordinate(text: str) -> str:
    line = text.splitlines()[2 if text[0].isdigit() else 0]
    return text.replace(line, line.replace(".", "x"), 1)


@pytest.mark.parametrize(
    ("format", "spoil"),
    [
        ("sdf", spoil_sdf),
        ("sdf", lambda text: "\n\n\n 99 99\n$$$$\n" + text.split("$$$$\n", 1)[1]),
        ("xyz", spoil_coordinate),
        ("xyz", lambda text: "1" + text),
        ("xyz", lambda text: "many" + text.split("\n", 1)[1].join(["\n", ""])),
        ("extxyz", spoil_coordinate),
        ("pdb", lambda text: text.replace(" C  ", " Qq ", 1)),
        ("smiles", lambda text: "C(" + text),
    ],
)
def test_a_bad_record_costs_its_neighbours_nothing(
    format: Format, spoil: Callable[[str], str], molecules: dict[str, Parsed]
) -> None:
    names = ["CC=O", "C", "C#N"]
    found = read(spoil(write([molecules[name] for name in names], format)), format)
    assert isinstance(found[0], Unreadable) and found[0].index == 0 and found[0].reason
    assert [parsed(molecule).smiles for molecule in found[1:]] == ["C", "C#N"]


def test_a_drawing_gets_hydrogens_coordinates_and_keeps_its_stereo() -> None:
    for smiles in ("C[C@H](N)C(=O)O", "C/C=C\\C", "c1ccccc1[N+](=O)[O-]"):
        drawing = Chem.MolFromSmiles(smiles)
        AllChem.Compute2DCoords(drawing)
        for v3000 in (False, True):
            found = one(Chem.MolToMolBlock(drawing, forceV3000=v3000), "mol")
            assert found.smiles == canonical(smiles) and found.embedded
            assert found.added_hydrogens == len(found.numbers) - drawing.GetNumAtoms() > 0
            assert np.ptp(found.positions, axis=0).min() > 0.1 or smiles.startswith("c1")


def test_hydrogens_that_a_file_implies_are_added_and_its_atoms_stay(molecules: dict[str, Parsed]) -> None:
    full = formats.to_mol(molecules["C[C@H](N)C(=O)O"])
    found = one(Chem.MolToMolBlock(Chem.RemoveHs(full)), "mol")
    assert found.smiles == "C[C@H](N)C(=O)O" and found.added_hydrogens == 7 and not found.embedded
    heavy = Chem.RemoveHs(full).GetConformer().GetPositions()
    assert np.abs(found.positions[: len(heavy)] - heavy).max() <= 5.1e-5


@pytest.mark.parametrize("format", ["sdf", "mol", "pdb"])
def test_open_sites_stay_open(format: Format) -> None:
    """A phenyl group: what a scaffold with an attachment site is."""
    phenyl = one("c1cccc[c]1", "smiles")
    after = one(write([phenyl], format), format)
    assert after.smiles == phenyl.smiles == "[c]1ccccc1" and len(after.numbers) == 11


def test_benzene_in_the_plane_is_no_drawing() -> None:
    benzene = one("c1ccccc1", "smiles")
    flat = benzene.positions - benzene.positions.mean(axis=0)
    axes = np.linalg.svd(flat)[2]
    flat = flat @ axes.T * [1, 1, 0]
    text = write([formats.structure(benzene.numbers, flat, benzene.bonds)], "mol").replace("3D\n", "  \n")
    found = one(text, "mol")
    assert not found.embedded and np.abs(found.positions - flat).max() < 1e-4


def test_aromatic_bonds_and_isotopes_of_other_programs_are_understood() -> None:
    benzene = write([one("c1ccccc1", "smiles")], "mol")
    ring = [f"{min(k, (k % 6) + 1):3d}{max(k, (k % 6) + 1):3d}" for k in range(1, 7)]
    aromatic = "\n".join(f"{line[:6]}  4  0" if line[:6] in ring else line for line in benzene.split("\n"))
    assert aromatic != benzene and one(aromatic, "mol").smiles == "c1ccccc1"
    heavy = one("[2H]OC", "smiles")
    assert heavy.smiles == "CO" and len(heavy.numbers) == 6


def test_xyz_of_other_programs() -> None:
    hydroxide = "2\n\n8 0 0 0 -0.5\nh1\t0.0 0.0 9.7D-01 0.5\n"
    found = one(hydroxide, "xyz", Reading(perceive=False))
    assert found.numbers.tolist() == [8, 1] and found.positions[1].tolist() == [0.0, 0.0, 0.97]
    assert found.smiles is None and found.reason == "no bonds are given"
    columns = 'Lattice="1 0 0 0 1 0 0 0 1" Properties=forces:R:3:Z:I:1:pos:R:3 charge=-1 name="a \\"b\\"" pbc="F F F"'
    found = one(f"2\n{columns}\n9 9 9 8 0 0 0\n9 9 9 1 0 0 0.97\n", "extxyz")
    assert (found.smiles, found.charges, found.name) == ("[OH-]", (-1, 0), 'a "b"')


@pytest.mark.parametrize("format", ["extxyz", "pdb"])
@pytest.mark.parametrize(
    "smiles", ["[H+]", "[H-]", "[Fe+2]", "[Cl-].[Na+]", "CC(=O)[O-].[Na+]", "O.[Cl-]", "C[N+](C)(C)C.[Cl-]", "[He]"]
)
def test_ions_keep_the_charges_that_a_file_states(smiles: str, format: Format) -> None:
    ions = one(smiles, "smiles")
    after = one(write([ions], format), format)
    assert (after.smiles, after.charges) == (smiles, ions.charges) and after.reason is None


def test_charges_that_contradict_each_other_are_none() -> None:
    comment = "Properties=species:S:1:pos:R:3:formal_charge:I:1 charge=2"
    found = one(f"2\n{comment}\nNa 0 0 0 1\nCl 0 0 9 -1\n", "extxyz")
    assert found.smiles is None and found.reason == "bonds do not fit the valences at charge 2"


def test_charges_may_be_written_as_reals() -> None:
    columns = "Properties=species:S:1:pos:R:3:formal_charge:R:1"
    found = one(f"2\n{columns} charge=-1.0\nO 0 0 0 -1.0\nH 0 0 0.97 0.\n", "extxyz")
    assert (found.smiles, found.charges) == ("[OH-]", (-1, 0))


@pytest.mark.parametrize(
    "edit", [str.strip, lambda text: f"\n \n{text}", lambda text: text.replace("V2000\n", "V2000 \n")]
)
def test_blank_lines_before_a_block_may_be_lost_or_too_many(edit: Callable[[str], str]) -> None:
    """What forms and hands do to the blank line of a block without a name."""
    text = write([one("CC=O", "smiles")], "mol")
    assert text.startswith("\n")
    for whole in (edit(text), f"{edit(text)}\n$$$$\n{text}\n$$$$\n\n{text}"):
        assert {parsed(record).smiles for record in read(whole, "sdf")} == {"CC=O"}
    assert one(text.replace("\n", "ends in 1 V2000\n", 1), "mol").name == "ends in 1 V2000"


def test_pdb_of_other_programs(molecules: dict[str, Parsed]) -> None:
    text = write([molecules["CC=O"]], "pdb")
    bare = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("CONECT"))
    single = "\n".join(f"{line[:6]}{''.join(sorted({line[k : k + 5] for k in range(6, len(line), 5)}))}"
                       if line.startswith("CONECT") else line for line in text.split("\n"))  # fmt: skip
    unnamed = "\n".join(line[:66] for line in bare.split("\n"))
    for variant in (text, bare, single, unnamed):
        assert one(variant, "pdb").smiles == "CC=O"
    doubled = [f"{line[:16]}{where}{line[17:]}" for line in bare.splitlines() if line[:6] == "HETATM" for where in "AB"]
    assert one("\n".join(doubled), "pdb").smiles == "CC=O"
    crystal = "\n".join(line for line in text.split("\n") if line[76:78] != " H" and not line.startswith("CONECT"))
    found = one(crystal, "pdb")
    assert len(found.numbers) == 3 and found.smiles is None and found.reason is not None


def test_a_trajectory_comes_back_frame_by_frame(molecules: dict[str, Parsed]) -> None:
    propanal = molecules["CC=O"]
    frames = propanal.positions + np.random.default_rng(0).normal(size=(3, 1, 3))
    for format, parts in (
        ("extxyz", formats.extxyz_frames(propanal.numbers, frames)),
        ("pdb", formats.pdb_frames(propanal.numbers, frames, bonds=propanal.bonds)),
    ):
        found = [parsed(record) for record in read("".join(parts), format)]
        assert [molecule.smiles for molecule in found] == ["CC=O"] * 3
        assert np.abs(np.array([molecule.positions for molecule in found]) - frames).max() < 1e-3


PAIR = """

 two atoms
  2  1  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 C   0  0
    0.0000    0.0000    1.4000 O   0  0
"""

REASONS: list[tuple[Format, str, str]] = [
    ("sdf", "one line", "expected a MOL block: three lines of header, and the counts, got 1 lines"),
    ("sdf", "\n\n\n999999 V2000\n", "got 4 lines for 999 atoms and 999 bonds"),
    ("sdf", "\n\n\nnonsense\n", "expected counts of atoms and bonds in a MOL block, got 'nonsense'"),
    ("sdf", "\n\n\n  0  0  0     0  0            999 V3000\nM  V30 COUNTS 99999999 1 0 0 0\n", "as many lines"),
    ("sdf", "\n\n\n  0  0  0     0  0            999 V3000\n", "expected counts of atoms and bonds"),
    ("sdf", "\n\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n", "expected at least one atom, got none"),
    ("mol", "\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n       nan    0.0000    0.0000 C   0  0\nM  END\n",
     "expected a MOL block, got coordinates that are not finite on line 5: '       nan    0.0000"),
    ("mol", f"{PAIR}  1  3  1  0\nM  END\n", "got no bond between two of 2 atoms on line 7: '  1  3  1  0'"),
    ("mol", f"{PAIR}  1  2  1  0\n", "expected a MOL block, got none that ends with M  END"),
    ("mol", f"{PAIR}  1  2  1  0\nM  END\n".replace(" O ", " Qq"), "got no symbol of an element on line 6: 'Qq'"),
    ("mol", f"{PAIR}  1  2  1  0\nM  END\n".replace("1.4000", "******"), "got no coordinates on line 6: '    "),
    ("mol", f"{PAIR}  1  2  4  0\nM  END\n", "expected aromatic bonds in rings only, got one for C1-O2"),
    ("mol", "\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 R#  0  0\nM  END\n",
     "expected elements only, got"),
    ("xyz", "-1\n\n", "expected the number of atoms on its first line, got '-1'"),
    ("xyz", "0\n\n", "expected at least one atom, got none"),
    ("xyz", "999999999\n\nH 0 0 0\n", "expected at most 10000 atoms, got 999999999"),
    ("xyz", "1\n", "expected 1 atoms, as its first line says, got 0 lines of atoms"),
    ("xyz", "1\n\nH 0 0\n", "expected a symbol and three coordinates for each atom, got a line with 3 columns"),
    ("xyz", "1\n\nH 0 0 nan\n", "expected finite coordinates within 9999 Å, got nan"),
    ("xyz", "1\n\nH 0 0 1e400\n", "expected finite coordinates within 9999 Å, got inf"),
    ("xyz", "1\n\nH 0 0 1_0\n", "expected numbers for coordinates, got '1_0'"),
    ("xyz", "1\n\nXx 0 0 0\n", "expected the symbol of an element, got 'Xx'"),
    ("xyz", "1\n\n119 0 0 0\n", "expected the symbol of an element, got '119'"),
    ("extxyz", "1\nProperties=pos:R:3\n0 0 0\n", "expected species and pos among its Properties"),
    ("extxyz", "1\nProperties=species:S:1:pos:R:3 charge=1e9\nH 0 0 0\n", "expected whole numbers for charges"),
    ("pdb", "HETATM", "expected the symbol of an element, got ''"),
    ("pdb", "REMARK nothing\n", "expected at least one atom, got none"),
    ("smiles", "C(", "expected a SMILES string, got 'C('"),
    ("smiles", "C" * 10_001, "expected at most 10000 atoms, got 10001"),
    ("smiles", "C" * 4_000, "expected at most 10000 atoms, got 12002"),
    ("smiles", "C(C)(C)(C)(C)C", "expected bonds and charges that make a molecule, got C1 with more bonds than"),
    ("smiles", "c1cccc1", "got aromatic bonds that fit no single and double ones, at C1, C2, C3 and 2 more"),
    ("smiles", "Cc", "got C2, which is aromatic and in no ring"),
    ("xyz", "H 0 0 0\nH 0 0 0.74\n", "expected the number of atoms on its first line, got 'H 0 0 0'"),
    ("extxyz", "1\nProperties=species:S:1:pos:R:3 charge=0.5\nH 0 0 0\n", "whole numbers for charges, got '0.5'"),
    ("smiles", "C~C", "expected single, double, triple and aromatic bonds only, got"),
]  # fmt: skip


@pytest.mark.parametrize(("format", "text", "message"), REASONS)
def test_what_is_no_molecule_says_why(format: Format, text: str, message: str) -> None:
    assert message in reason(text, format)


def test_a_text_of_which_too_much_is_shared_is_refused() -> None:
    text = "MODEL\nENDMDL\n".replace("MODEL\n", "MODEL    1\n") * 3000 + "CONECT    1    2\n" * 3000
    with pytest.raises(LimitError, match="text: expected fewer models"):
        read(text, "pdb")


def test_writing_names_the_molecule_that_does_not_fit(molecules: dict[str, Parsed]) -> None:
    good = molecules["C"]
    unknown = formats.structure(good.numbers, good.positions)
    far = formats.structure(good.numbers, good.positions - 2000, good.bonds)
    with pytest.raises(InputError, match=r"molecules.1.bonds: expected known bonds, .* got no bonds are given"):
        write([good, unknown], "smiles")
    with pytest.raises(InputError, match=r"molecules.1.positions: expected coordinates of at least -999.999"):
        write([good, far], "pdb")
    for several in ([], [good, good]):
        with pytest.raises(InputError, match="molecules: expected exactly one molecule for a MOL file"):
            write(several, "mol")
    assert write([], "sdf") == write([], "xyz") == write([], "smiles") == ""


@pytest.mark.parametrize("bonds", [[(0, 1, 3)], [(0, 1, 2), (0, 2, 1), (0, 3, 1), (0, 4, 1)]])
def test_bonds_that_make_no_molecule_are_refused(
    bonds: list[tuple[int, int, int]], molecules: dict[str, Parsed]
) -> None:
    methane = molecules["C"]
    with pytest.raises(InputError, match=r"bonds: expected bonds and .* got [CH]\d with more"):
        formats.structure(methane.numbers, methane.positions, bonds)


def test_formats_are_told_apart_by_content_and_by_name(molecules: dict[str, Parsed]) -> None:
    for format in FORMATS:
        text = write([molecules["CC=O"]], format)
        assert detect(text) == format
        assert detect(text, name="upload.txt") == format
    assert detect(Chem.MolToMolBlock(Chem.MolFromSmiles("C"), forceV3000=True)) == "mol"
    names = {"a.SDF": "sdf", "b.mol": "mol", "c.ent": "pdb", "d.smi": "smiles", "e.extxyz": "extxyz", "f.xyz": "xyz"}
    assert {name: detect("", name) for name in names} == names
    for text in ("H 0 0 0\nH 0 0 0.74\n", "water\nO 0. .1 -1e-1 7.2\r\n\r\nH1\t1 2 3D+0\r\n"):
        assert detect(text) == "xyz"  # without the count
    for text in ("C 1 2", "CC 1 2 3", "C methane 1 2 3", "C 1 2 3\nCC 1 2 3", "CCO\n"):
        assert detect(text) == "smiles"
    for text in ("", "{}", "hello, world", "<html>"):
        with pytest.raises(InputError, match="format: expected text in one of sdf, mol, xyz, extxyz, pdb, smiles"):
            detect(text)


def test_what_rdkit_did_not_foresee_is_a_bad_record_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(*_: object) -> Parsed:
        raise RuntimeError("Pre-condition Violation\nmore of the same")

    monkeypatch.setitem(formats._READERS, "smiles", trip)
    assert reason("C", "smiles") == "expected a record that RDKit can read, got Pre-condition Violation"


PIECES = [
    "0", "-1", "999", "1e400", "nan", "C", "Xx", "*", "é", "$$$$", "(", "]", "=", '"', "V30", "CONECT", "ENDMDL",
    "MODEL ", "ATOM  ", "Properties=", "M  CHG  8   1  99", "M  END", "\n", "\r", " ", "\t", "\x00", "\ud800",
]  # fmt: skip


@cache
def text_to_spoil(format: Format) -> str:
    return write([one("C[C@H](N)O", "smiles")], format)


@settings(max_examples=100)
@given(
    st.sampled_from([format for format in FORMATS if format != "smiles"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), st.sampled_from(PIECES)), min_size=1, max_size=5),
)
def test_spoilt_text_is_read_or_refused(format: Format, edits: list[tuple[float, int, str]]) -> None:
    text = text_to_spoil(format)
    for place, length, piece in edits:
        start = int(place * len(text))
        text = text[:start] + piece + text[start + length :]
    for index, found in enumerate(read(text, format)):
        if isinstance(found, Unreadable):
            assert found.index == index and found.reason
        else:
            assert found.positions.shape == (len(found.numbers), 3) and np.isfinite(found.positions).all()
            assert len(found.charges) == len(found.numbers)
            assert (found.smiles is None) == (found.reason is not None)
