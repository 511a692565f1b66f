"""Verdicts, their reasons, the files, and the processes that perceive."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import AllChem, rdDetermineBonds
from tests.models.test_judges import embedded
from worker_targets import perceive_or_fail

from gpff import elements
from gpff.chemistry import BondWorkers, Verdict, is_crowded, perceive, perceive_strictly, to_sdf
from gpff.errors import InputError
from gpff.growth_steps import flat_smiles
from gpff.writers import xyz_frame

type Molecule = tuple[NDArray[np.int64], NDArray[np.float64]]

SMILES = [
    "C", "N", "O", "F", "[H][H]", "C#N", "C=O", "CC=O", "FC(F)(F)F", "C#CC1CC1", "N#CC(=O)NC", "OCCN=C=O",
    "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "C/C=C/C", "C/C=C\\C", "O=c1cc[nH]c(=O)[nH]1", "c1ccc2[nH]ccc2c1",
    "C1C[C@H]2CC[C@@H]1O2", "CN1CCC[C@H]1c1cccnc1", "CC(=O)Oc1ccccc1C(=O)O", "CC(C)Cc1ccc([C@@H](C)C(=O)O)cc1",
]  # fmt: skip


def embed(smiles: str) -> Molecule:
    """A 3D structure with all its hydrogens."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles, sanitize=True))
    assert AllChem.EmbedMolecule(mol, randomSeed=7) == 0
    AllChem.MMFFOptimizeMolecule(mol)
    numbers = np.array([atom.GetAtomicNum() for atom in mol.GetAtoms()])
    return numbers, np.array(mol.GetConformer().GetPositions())


@pytest.fixture(scope="module")
def molecules() -> dict[str, Molecule]:
    return {smiles: embed(smiles) for smiles in SMILES}


def canonical(smiles: str) -> str:
    return str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles)))


def without(molecule: Molecule, *atoms: int) -> Molecule:
    return np.delete(molecule[0], atoms), np.delete(molecule[1], atoms, axis=0)


def in_one_call(numbers: NDArray[np.int64], positions: NDArray[np.float64]) -> str | None:
    """Tier 0 as the design words it: the SMILES, or None."""
    mol = Chem.MolFromXYZBlock(xyz_frame(numbers, positions))
    with rdBase.BlockLogs():
        try:
            rdDetermineBonds.DetermineBonds(mol, charge=0, allowChargedFragments=False)
        except ValueError:
            return None
        if len(Chem.GetMolFrags(mol)) > 1 or any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()):
            return None
        return str(Chem.MolToSmiles(Chem.RemoveHs(mol)))


@pytest.mark.parametrize("smiles", SMILES)
def test_finds_the_molecule_that_was_embedded(smiles: str, molecules: dict[str, Molecule]) -> None:
    verdict = perceive(*molecules[smiles])
    assert verdict == Verdict(True, smiles=canonical(smiles), reason=None, bonds=verdict.bonds)


@pytest.mark.parametrize("smiles", SMILES)
def test_bonds_use_up_every_valence(smiles: str, molecules: dict[str, Molecule]) -> None:
    numbers, positions = molecules[smiles]
    bonds = perceive(numbers, positions).bonds
    used = np.zeros(len(numbers), dtype=int)
    for i, j, order in bonds:
        assert i < j
        used[[i, j]] += order
    assert used.tolist() == [elements.VALENCES[number] for number in numbers.tolist()]
    assert len({(i, j) for i, j, _ in bonds}) == len(bonds)


def test_the_order_and_the_place_of_the_atoms_do_not_matter(molecules: dict[str, Molecule]) -> None:
    rng = np.random.default_rng(0)
    for smiles, (numbers, positions) in molecules.items():
        order = rng.permutation(len(numbers))
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        rotation *= np.sign(np.linalg.det(rotation))
        moved = positions[order] @ rotation.T + rng.normal(size=3) * 20.0
        assert perceive(numbers[order], moved).smiles == canonical(smiles)


def test_a_mirror_image_is_the_other_enantiomer(molecules: dict[str, Molecule]) -> None:
    numbers, positions = molecules["C[C@H](N)C(=O)O"]
    assert perceive(numbers, positions * [-1.0, 1.0, 1.0]).smiles == canonical("C[C@@H](N)C(=O)O")


@pytest.mark.parametrize("noise", [0.05, 0.1, 0.15, 0.2, 0.3])
def test_the_early_exits_never_change_the_verdict(noise: float, molecules: dict[str, Molecule]) -> None:
    rng = np.random.default_rng(1)
    for numbers, positions in list(molecules.values()) * 3:
        shaken = positions + noise * rng.normal(size=positions.shape)
        verdict = perceive_strictly(numbers, shaken)
        assert verdict.smiles == in_one_call(numbers, shaken)
        assert verdict.valid == (verdict.smiles is not None) == (verdict.reason is None)


def test_reasons_name_what_is_wrong(molecules: dict[str, Molecule]) -> None:
    methane = molecules["C"]
    ethane = embed("CC")
    far = np.array([50.0, 0.0, 0.0])
    triple = np.tile(methane[0], 3), np.concatenate([methane[1] + k * far for k in range(3)])
    broken = ethane[1].copy()
    broken[2, 1] = np.nan
    close = ethane[1].copy()
    close[6] = close[2] + [0.31, 0.0, 0.0]
    crowded = np.append(methane[0], 1), np.vstack([methane[1], methane[1][0] - 1.1 * methane[1][4]])
    reasons = {
        "3 separate fragments": perceive(*triple),
        "radical on C1": perceive(*without(methane, 4)),
        "radical on C1 and C3": perceive(*without(embed("C1CCC1"), 4, 8)),
        "radical on C1, C3, C4 and 1 more": perceive(*without(embed("CC(C)(C)C"), 5, 8, 11, 14)),
        "atom 3 has a coordinate that is not a finite number": perceive(ethane[0], broken),
        "atom 2 is further than 9999 Å from the origin": perceive([1, 1], [[0, 0, 0], [0, 2e4, 0]]),
        "atoms 3 and 7 overlap (0.31 Å)": perceive(ethane[0], close),
        "C1 has 5 neighbours at bonding distance, valence 4": perceive(*crowded),
        "bonds do not fit the valences at charge 0": perceive(*embed("C[N+](=O)[O-]")),
    }
    assert {reason: verdict.reason for reason, verdict in reasons.items()} == {r: r for r in reasons}
    assert not any(v.valid or v.smiles or v.bonds for v in reasons.values())


def test_wild_clouds_get_a_verdict(capfd: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(2)
    for scale in (0.0, 0.3, 0.5, 1.0, 3.0, 30.0, 1e3, 1e8, 1e200, np.inf, np.nan):
        for n in (1, 2, 20, 64):
            verdict = perceive(rng.choice([6, 7, 8, 9], size=n), scale * rng.normal(size=(n, 3)))
            assert verdict.valid == (verdict.reason is None)
            assert not verdict.valid or n == 2  # O2 and the like may turn up
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("numbers", "positions", "message"),
    [
        (
            [],
            np.zeros((0, 3)),
            "numbers: expected atomic numbers [n_atoms] from 1 to 118, got float64 values",
        ),
        ([[6]], np.zeros((1, 3)), "numbers: .* got int64 values of shape [1, 1]"),
        ([6.0], np.zeros((1, 3)), "numbers: .* got float64 values of shape [1]"),
        ([6, 0], np.zeros((2, 3)), "numbers: .* got values from 0 to 6"),
        ([6, 119], np.zeros((2, 3)), "numbers: .* got values from 6 to 119"),
        ([6, 1], np.zeros((3, 3)), "positions: expected an array [2, 3], got one of shape [3, 3]"),
        ([6], [0.0, 0.0, 0.0], "positions: expected an array [1, 3], got one of shape [3]"),
    ],
)
def test_arrays_of_a_wrong_kind_are_named(numbers: object, positions: object, message: str) -> None:
    pattern = message.replace("[", r"\[").replace("]", r"\]")
    with BondWorkers() as workers:
        for act in (perceive, to_sdf, xyz_frame, workers.submit):
            with pytest.raises(InputError, match=pattern):
                act(numbers, positions)  # type: ignore[operator]


def test_sdf_of_a_valid_molecule_reads_back_as_itself(molecules: dict[str, Molecule]) -> None:
    verdicts = {smiles: perceive(*molecule) for smiles, molecule in molecules.items()}
    text = "".join(to_sdf(*molecules[smiles], verdicts[smiles], name=smiles) for smiles in SMILES)
    supplier = Chem.SDMolSupplier()
    supplier.SetData(text, removeHs=False)
    read = list(supplier)
    assert [mol.GetProp("_Name") for mol in read] == SMILES
    for mol, (smiles, (numbers, positions)) in zip(read, molecules.items(), strict=True):
        assert mol.GetProp("SMILES") == canonical(smiles)
        assert [atom.GetAtomicNum() for atom in mol.GetAtoms()] == numbers.tolist()
        assert np.abs(mol.GetConformer().GetPositions() - positions).max() <= 0.5001e-4
        assert Chem.AddHs(mol).GetNumAtoms() == len(numbers)
        assert Chem.MolToSmiles(Chem.RemoveHs(mol)) == canonical(smiles)


def test_sdf_of_a_failed_molecule_is_its_atoms_and_the_reason(molecules: dict[str, Molecule]) -> None:
    numbers, positions = without(molecules["CC=O"], 3)
    verdict = perceive(numbers, positions)
    for text in (to_sdf(numbers, positions, verdict), to_sdf(numbers, positions)):
        mol = Chem.MolFromMolBlock(text, removeHs=False)
        assert mol.GetNumAtoms() == Chem.AddHs(mol).GetNumAtoms() == len(numbers)
        assert mol.GetNumBonds() == 0
    assert f"> <REASON>\n{verdict.reason}\n" in to_sdf(numbers, positions, verdict)


@pytest.mark.parametrize(("n_carbons", "version"), [(332, "V2000"), (333, "V3000"), (500, "V3000")])
def test_sdf_changes_format_where_the_old_one_cannot_count_further(n_carbons: int, version: str) -> None:
    n = 3 * n_carbons + 2
    numbers = np.array([6] * n_carbons + [1] * (n - n_carbons))
    positions = np.arange(3.0 * n).reshape(n, 3) / 7.0
    chain = [(i, i + 1, 1) for i in range(n_carbons - 1)]
    owners = [0, n_carbons - 1, *(i for i in range(n_carbons) for _ in range(2))]
    bonds = (*chain, *((owner, n_carbons + k, 1) for k, owner in enumerate(owners)))
    bonded = to_sdf(numbers, positions, Verdict(True, "C" * n_carbons, None, bonds))
    bare = to_sdf(numbers, positions)
    assert bonded.splitlines()[3].endswith(version) and bare.splitlines()[3].endswith(version)
    mol = Chem.MolFromMolBlock(bonded)
    assert Chem.MolToSmiles(mol) == "C" * n_carbons
    assert np.abs(mol.GetConformer().GetPositions() - positions[:n_carbons]).max() <= 0.5001e-4
    assert Chem.AddHs(Chem.MolFromMolBlock(bare, removeHs=False)).GetNumAtoms() == n


@pytest.mark.parametrize("name", ["a\nM  END\n$$$$", "$$$$", "x" * 500, ""])
def test_a_name_stays_on_its_line(name: str, molecules: dict[str, Molecule]) -> None:
    text = to_sdf(*molecules["C"], perceive(*molecules["C"]), name=name)
    assert len(text.splitlines()[0]) <= 80
    assert Chem.MolFromMolBlock(text).GetNumAtoms() == 1


def test_element_facts_agree_with_rdkit() -> None:
    table = Chem.GetPeriodicTable()
    for number, symbol in elements.SYMBOLS.items():
        assert table.GetElementSymbol(number) == symbol
        assert table.GetDefaultValence(number) == elements.VALENCES[number]
    assert tuple(table.GetElementSymbol(number) for number in range(1, 119)) == elements.PERIODIC


@pytest.fixture
def workers() -> Iterator[BondWorkers]:
    with BondWorkers(timeout_s=1.0, memory_mb=256, target=perceive_or_fail) as pool:
        yield pool


def test_workers_agree_with_the_function(molecules: dict[str, Molecule]) -> None:
    with BondWorkers(n_workers=2) as workers:
        assert workers.map(molecules.values()) == [perceive(*molecule) for molecule in molecules.values()]


def test_a_bad_molecule_spoils_no_other(workers: BondWorkers, molecules: dict[str, Molecule]) -> None:
    methane, helium, neon, argon, xenon = molecules["C"], *(([z], [[0.0, 0.0, 0.0]]) for z in (2, 10, 18, 54))
    verdicts = workers.map([methane, helium, methane, neon, methane, argon, methane, xenon, methane])
    assert [v.smiles for v in verdicts] == ["C", None, "C", None, "C", None, "C", None, "C"]
    assert [v.reason for v in verdicts[1::2]] == [
        "bond perception took longer than 1 s",
        "bond perception crashed",
        "bond perception needed more than 256 MB of memory",
        "bond perception failed (KeyError: 'lost')",
    ]


def test_a_molecule_that_hangs_rdkit_is_given_up() -> None:
    """Inositol hexanitrate: RDKit searches long for uncharged bond orders of six nitrates."""
    nitrate = "O[N+](=O)[O-]"
    molecule = embed(f"C1({nitrate})" + f"C({nitrate})" * 4 + f"C1{nitrate}")
    with BondWorkers(timeout_s=0.5) as workers:
        verdicts = workers.map([molecule, embed("CCO")])
    assert verdicts[0].reason == "bond perception took longer than 0.5 s"
    assert verdicts[1].smiles == "CCO"


def test_the_caller_may_reuse_its_arrays(workers: BondWorkers, molecules: dict[str, Molecule]) -> None:
    numbers, positions = (array.copy() for array in molecules["CC=O"])
    hanging = workers.submit([2], [[0.0, 0.0, 0.0]])
    queued = workers.submit(numbers, positions)
    positions[:] = np.nan
    assert (hanging.result().valid, queued.result().smiles) == (False, "CC=O")


def test_a_worker_loads_neither_torch_nor_the_network(workers: BondWorkers) -> None:
    modules = (workers.submit([36], [[0.0, 0.0, 0.0]]).result().reason or "").split()
    assert "rdkit" in modules
    assert not {"torch", "schnetpack", "scipy", "pandas"} & set(modules)


@pytest.mark.parametrize("smiles", ["C1C2CC1C2", "C1C2OC1C2", "C1C2CC1O2", "OC12CC(C1)C2", "C1C2NC1C2"])
def test_what_nearly_touches_across_a_small_cage_is_no_bond(smiles: str) -> None:
    numbers, positions = embedded(smiles)
    strict = perceive_strictly(numbers, positions)
    assert not strict.valid and "has 5 neighbours" in (strict.reason or "") and is_crowded(numbers, positions)
    assert flat_smiles(perceive(numbers, positions).smiles or "") == Chem.CanonSmiles(smiles)


def test_a_fifth_neighbour_as_near_as_a_bond_is_too_many() -> None:
    numbers, positions = embedded("CC")
    numbers, positions = np.append(numbers, 6), np.vstack([positions, positions[0] + [0.0, 1.1, 1.1]])
    verdict = perceive(numbers, positions)
    assert not verdict.valid and "has 5 neighbours" in (verdict.reason or "")


@pytest.mark.parametrize("smiles", ["CC(=O)Oc1ccccc1C(=O)O", "C1CC1", "C12C3C4C1C5C2C3C45", "C1OC2CC1C2"])
def test_both_verdicts_are_one_where_no_atom_is_crowded(smiles: str) -> None:
    numbers, positions = embedded(smiles)
    assert perceive(numbers, positions) == perceive_strictly(numbers, positions)
    assert not is_crowded(numbers, positions)
