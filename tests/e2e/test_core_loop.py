"""Blob → candidates → scaffold → hydrogen → next blob → candidates → SDF, by mouse and keyboard, on the real model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from studio_page import Pixels, StudioPage

pytestmark = pytest.mark.e2e

MOST_SEEDS = 6


def generate_until_valid(studio: StudioPage, first_seed: int) -> int:
    """Generates with one seed after another until a candidate is valid; answers which."""
    for seed in range(first_seed, first_seed + MOST_SEEDS):
        studio.generate(seed)
        valid = [k for k, candidate in enumerate(studio.candidates()) if candidate["valid"]]
        if valid:
            return valid[0]
    pytest.fail(f"no valid candidate from {MOST_SEEDS} seeds")


def orange(pixels: Pixels) -> int:
    """Pixels of the blob's colour: much red, some green, little blue."""
    red, green, blue = (pixels[..., k].astype(int) for k in range(3))
    return int(((red > 180) & (red - blue > 60) & (green - blue > 15) & (red - green > 20)).sum())


def changed(before: Pixels, after: Pixels) -> float:
    """Share of pixels that differ visibly."""
    return float((np.abs(before.astype(int) - after.astype(int)).max(axis=-1) > 24).mean())


def assert_scaffold_is_exact(studio: StudioPage, scaffold: Any) -> None:
    """Bit for bit in the result; in every frame the nearest float32, which is what frames carry."""
    positions = np.asarray(scaffold["positions"])
    for candidate in studio.candidates():
        assert candidate["numbers"][: len(positions)] == scaffold["numbers"]
        assert candidate["positions"][: len(positions)] == scaffold["positions"]
    frames = studio.ask("studio.run().frames")
    assert frames > 10
    for index in range(frames):
        frame = studio.ask("studio.frame(it)", index)
        atoms = np.asarray(frame["positions"]).reshape(-1, 3)
        for start in frame["ptr"][:-1]:
            np.testing.assert_array_equal(atoms[start : start + len(positions)], positions.astype(np.float32))


def assert_sdf_is_the_candidate(path: Path, candidate: Any) -> None:
    [molecule] = [m for m in Chem.SDMolSupplier(str(path), removeHs=False) if m is not None]
    assert [atom.GetAtomicNum() for atom in molecule.GetAtoms()] == candidate["numbers"]
    np.testing.assert_allclose(molecule.GetConformer().GetPositions(), candidate["positions"], atol=1e-4)
    flat = Chem.MolToSmiles(Chem.RemoveHs(molecule), isomericSmiles=False)
    assert flat == Chem.MolToSmiles(Chem.MolFromSmiles(candidate["smiles"]), isomericSmiles=False)
    assert sum(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms()) == 0


def test_opens_on_a_working_example(studio: StudioPage) -> None:
    design = studio.design()
    assert design["scaffold"]["smiles"] == "c1ccccc1"
    pixels = studio.pixels()
    assert orange(pixels) > 5_000
    assert np.unique(pixels.reshape(-1, 3), axis=0).shape[0] > 200  # shaded atoms, not flat colours

    studio.generate(seed=7)
    assert len(studio.candidates()) == design["settings"]["samples"]
    assert_scaffold_is_exact(studio, without(design["scaffold"], design["blobs"][0]["site"]))


def without(scaffold: Any, hydrogen: int) -> Any:
    """The scaffold as it is sent, the displaced hydrogen left out."""
    kept = [i for i in range(len(scaffold["numbers"])) if i != hydrogen]
    return {key: [scaffold[key][i] for i in kept] for key in ("numbers", "positions")}


def test_core_loop_twice(studio: StudioPage, tmp_path: Path) -> None:
    # A blob alone.
    studio.new_design("From nothing: C2H4O")
    studio.fill("Number of candidates", 8)
    assert studio.design()["scaffold"] is None
    assert orange(studio.pixels()) > 5_000

    # Candidates form, and the picture changes with them.
    chosen = generate_until_valid(studio, first_seed=1)
    candidates = studio.candidates()
    assert len(candidates) == 8
    assert all(sorted(c["numbers"]) == [1, 1, 1, 1, 6, 6, 8] for c in candidates)
    studio.scrub("Home")
    cloud = studio.pixels()
    assert orange(cloud) > 1_000
    studio.scrub("End")
    molecules = studio.pixels()
    assert changed(cloud, molecules) > 0.01
    assert orange(molecules) < orange(cloud) / 4

    # One becomes the scaffold, coordinates and all.
    studio.use(chosen)
    scaffold = studio.design()["scaffold"]
    for key in ("numbers", "positions", "bonds", "smiles"):
        assert scaffold[key] == candidates[chosen][key]
    assert studio.design()["blobs"] == []

    # There is nothing to fill yet: a run that is asked for by its key is answered in words, and changes nothing.
    nodes = studio.history()["nodes"]
    studio.press("n")
    studio.page.locator(".toast").get_by_text("There is no blob to fill with atoms").wait_for()
    assert (studio.mode(), studio.history()["nodes"]) == ("design", nodes)

    # A click on a hydrogen of a carbon opens a site, with a blob on the line of its bond.
    anchors = {max(i, j, key=lambda k: scaffold["numbers"][k] == 1): min(i, j) for i, j, _ in scaffold["bonds"]}
    on_carbon = {h for h, a in anchors.items() if scaffold["numbers"][h] == 1 and scaffold["numbers"][a] == 6}
    hydrogen = studio.click_hydrogen(on_carbon)
    [blob] = studio.design()["blobs"]
    assert blob["site"] == hydrogen
    ends = [scaffold["positions"][i] for i in (hydrogen, anchors[hydrogen])]
    x, h, a = (np.asarray(point) for point in (blob["center"], *ends))
    assert np.linalg.norm(np.cross(h - a, x - a)) < 1e-6
    assert (h - a) @ (x - a) > (h - a) @ (h - a)
    assert orange(studio.pixels()) > 2_000

    # The next fragment grows there; the scaffold stays as it is.
    studio.page.get_by_label("Formula", exact=True).fill("CH3")
    second = generate_until_valid(studio, first_seed=11)
    assert_scaffold_is_exact(studio, without(scaffold, hydrogen))
    grown = studio.candidates()[second]
    assert len(grown["numbers"]) == len(scaffold["numbers"]) - 1 + 4

    # It goes out as a file that others read, and becomes the scaffold in its turn.
    studio.look_at(second)
    studio.export("SDF", tmp_path / "candidate.sdf")
    assert_sdf_is_the_candidate(tmp_path / "candidate.sdf", grown)
    studio.use(second)
    assert studio.design()["scaffold"]["positions"] == grown["positions"]
    studio.export("XYZ", tmp_path / "scaffold.xyz")
    assert (tmp_path / "scaffold.xyz").read_text().split("\n")[0] == str(len(grown["numbers"]))

    # Everything can be taken back, to the very first scaffold.
    for _ in range(30):
        if studio.design()["scaffold"] == scaffold and studio.design()["blobs"] == []:
            break
        studio.page.get_by_role("button", name="Undo").click()
    assert studio.design()["scaffold"] == scaffold
