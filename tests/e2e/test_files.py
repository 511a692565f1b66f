"""Real molecules in, in four formats; everything that the page exports, read again by RDKit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser
from rdkit import Chem
from rdkit.Chem import rdDistGeom
from studio_page import StudioPage, visiting

pytestmark = pytest.mark.e2e

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"


def embedded(smiles: str) -> Chem.Mol:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(molecule, randomSeed=7) == 0
    return molecule


def flat(molecule: Chem.Mol) -> str:
    """Canonical SMILES of the graph alone."""
    return Chem.MolToSmiles(Chem.RemoveHs(molecule), isomericSmiles=False)


def open_file(studio: StudioPage, path: Path) -> None:
    studio.page.get_by_role("button", name="Design", exact=True).click()
    with studio.page.expect_file_chooser() as chooser:
        studio.page.get_by_role("menuitem", name="Open a file").click()
    chooser.value.set_files(path)


def wait_for_scaffold(studio: StudioPage, n_atoms: int) -> Any:
    studio.wait(f"window.__studio.design().scaffold?.numbers.length === {n_atoms}", "the molecule to come in")
    return studio.design()["scaffold"]


def test_real_molecules_come_in(studio: StudioPage, tmp_path: Path) -> None:
    molecule = embedded(PARACETAMOL)
    numbers = [atom.GetAtomicNum() for atom in molecule.GetAtoms()]
    texts = {
        "sdf": Chem.MolToMolBlock(molecule) + "$$$$\n",
        "xyz": Chem.MolToXYZBlock(molecule),
        "pdb": Chem.MolToPDBBlock(molecule),
    }
    for ending, text in texts.items():
        studio.new_design("From nothing: C2H4O")
        path = tmp_path / f"paracetamol.{ending}"
        path.write_text(text)
        open_file(studio, path)
        scaffold = wait_for_scaffold(studio, len(numbers))
        assert scaffold["numbers"] == numbers, ending
        np.testing.assert_allclose(
            scaffold["positions"], molecule.GetConformer().GetPositions(), atol=2e-3, err_msg=ending
        )
        assert flat(Chem.MolFromSmiles(scaffold["smiles"])) == flat(molecule), ending
        assert len(scaffold["bonds"]) == molecule.GetNumBonds(), ending

    # SMILES are pasted; hydrogens and a shape come with them.
    studio.new_design("From nothing: C2H4O")
    studio.page.evaluate(
        "(text) => { const data = new DataTransfer(); data.setData('text/plain', text);"
        " document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true })) }",
        "CCO",
    )
    scaffold = wait_for_scaffold(studio, 9)
    assert scaffold["smiles"] == "CCO"
    assert sorted(scaffold["numbers"]) == [1] * 6 + [6, 6, 8]

    # Of several files that are dropped together one is read, and the others are not left out in silence.
    studio.page.evaluate(
        "(files) => { const dataTransfer = new DataTransfer();"
        " for (const [name, text] of files) dataTransfer.items.add(new File([text], name));"
        " document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true })) }",
        [["water.smi", "O"], ["ethane.smi", "CC"]],
    )
    assert wait_for_scaffold(studio, 3)["smiles"] == "O"
    studio.page.locator(".toast").get_by_text("One file at a time: “water.smi” is read, 1 other left out.").wait_for()

    # What cannot be used is refused in words, and changes nothing.
    before = studio.design()
    (tmp_path / "odd.xyz").write_text("2\n\nNa 0 0 0\nCl 0 0 2.4\n")
    open_file(studio, tmp_path / "odd.xyz")
    refusal = "“odd.xyz” cannot be used: Na, Cl: the model knows C, H, N, O and F only"
    studio.page.locator(".toast[data-tone=error]").get_by_text(refusal).wait_for()
    (tmp_path / "cut.json").write_text('{"format": "gpff-design", "version"')
    open_file(studio, tmp_path / "cut.json")
    refusal = "“cut.json” cannot be opened: it is cut short or damaged: expected the whole text of a design, as JSON"
    studio.page.locator(".toast[data-tone=error]").get_by_text(refusal).wait_for()
    assert studio.design() == before


def test_every_export_is_read_by_others(browser: Browser, service: str, tmp_path: Path) -> None:
    with visiting(browser, service, permissions=["clipboard-read", "clipboard-write"]) as studio:
        studio.new_design("From nothing: C2H4O")
        studio.fill("Number of candidates", 4)
        for seed in range(1, 7):
            studio.generate(seed)
            candidates = studio.candidates()
            valid = [k for k, candidate in enumerate(candidates) if candidate["valid"]]
            if valid:
                break
        candidate = candidates[valid[0]]
        studio.look_at(valid[0])
        check_molecule_files(studio, candidate, tmp_path)
        check_files_of_all(studio, candidates, tmp_path)
        check_trajectories(studio, candidates, tmp_path)

        path = tmp_path / "picture.png"
        studio.export("Picture", path)
        picture = np.asarray(Image.open(path).convert("RGB"))
        assert min(picture.shape[:2]) > 200
        assert np.unique(picture.reshape(-1, 3), axis=0).shape[0] > 100

        studio.page.get_by_role("button", name="Export").click()
        studio.page.get_by_role("menuitem", name="Copy SMILES").click()
        studio.page.get_by_text(f"Copied {candidate['smiles']}").wait_for()
        assert studio.page.evaluate("navigator.clipboard.readText()") == candidate["smiles"]

        # The whole design with its history, opened again.
        path = tmp_path / "design.json"
        studio.export("Design", path)
        assert json.loads(path.read_text())["format"] == "gpff-design"
        before, nodes = studio.design(), studio.history()["nodes"]
        studio.page.get_by_role("button", name="Design", exact=True).click()
        studio.page.get_by_role("menuitem", name="New design").click()
        studio.wait("window.__studio.history().nodes === 1", "a new design")
        open_file(studio, path)
        studio.wait(f"window.__studio.history().nodes === {nodes}", "the design to open")
        assert studio.design() == before


def check_molecule_files(studio: StudioPage, candidate: Any, folder: Path) -> None:
    """The candidate in focus, in five formats."""
    graph = flat(Chem.MolFromSmiles(candidate["smiles"]))
    for kind in ("SDF", "MOL", "XYZ", "extXYZ", "PDB"):
        path = folder / f"candidate.{kind.lower()}"
        studio.export(kind, path)
        match kind:
            case "SDF":
                [molecule] = Chem.SDMolSupplier(str(path), removeHs=False)
            case "MOL":
                molecule = Chem.MolFromMolFile(str(path), removeHs=False)
            case "PDB":
                molecule = Chem.MolFromPDBFile(str(path), removeHs=False)
            case _:
                molecule = Chem.MolFromXYZFile(str(path))
        assert [atom.GetAtomicNum() for atom in molecule.GetAtoms()] == candidate["numbers"], kind
        np.testing.assert_allclose(molecule.GetConformer().GetPositions(), candidate["positions"], atol=1e-3)
        if kind in ("SDF", "MOL", "PDB"):
            assert flat(molecule) == graph, kind


def check_files_of_all(studio: StudioPage, candidates: list[Any], folder: Path) -> None:
    path = folder / "all.sdf"
    studio.export("All candidates as SDF", path)
    molecules = list(Chem.SDMolSupplier(str(path), removeHs=False, sanitize=False))
    assert [[a.GetAtomicNum() for a in m.GetAtoms()] for m in molecules] == [c["numbers"] for c in candidates]
    path = folder / "all.pdb"
    studio.export("All candidates as PDB", path)
    assert path.read_text().count("ENDMDL") == len(candidates)
    for kind in ("XYZ", "extXYZ"):
        path = folder / "all.xyz"
        studio.export(f"All candidates as {kind}", path)
        size = len(candidates[0]["numbers"]) + 2
        lines = path.read_text().splitlines()
        blocks = ["\n".join(lines[k : k + size]) + "\n" for k in range(0, len(lines), size)]
        read = [Chem.MolFromXYZBlock(block) for block in blocks]
        assert [m.GetNumAtoms() for m in read] == [len(c["numbers"]) for c in candidates], kind


def check_trajectories(studio: StudioPage, candidates: list[Any], folder: Path) -> None:
    frames = studio.ask("studio.run().frames")
    path = folder / "trajectory.pdb"
    studio.export("Trajectory as PDB", path)
    # The first model is a cloud: bonds are what the file says, not what is near.
    moving = Chem.MolFromPDBFile(str(path), removeHs=False, sanitize=False, proximityBonding=False)
    assert moving.GetNumConformers() == frames
    assert moving.GetNumAtoms() == sum(len(c["numbers"]) for c in candidates)
    starts = np.cumsum([0, *(len(c["numbers"]) for c in candidates)])
    bonds = [(i + s, j + s, o) for c, s in zip(candidates, starts, strict=False) for i, j, o in c["bonds"]]
    read = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), round(b.GetBondTypeAsDouble())) for b in moving.GetBonds()]
    assert sorted((min(i, j), max(i, j), order) for i, j, order in read) == sorted(bonds)
    last = np.concatenate([c["positions"] for c in candidates])
    np.testing.assert_allclose(moving.GetConformer(frames - 1).GetPositions(), last, atol=2e-3)
    path = folder / "trajectory.extxyz"
    studio.export("Trajectory as extXYZ", path)
    lines = path.read_text().splitlines()
    size = len(candidates[0]["numbers"]) + 2
    assert len(lines) == frames * len(candidates) * size
    read = Chem.MolFromXYZBlock("\n".join(lines[-size:]) + "\n")
    np.testing.assert_allclose(read.GetConformer().GetPositions(), candidates[-1]["positions"], atol=1e-4)
