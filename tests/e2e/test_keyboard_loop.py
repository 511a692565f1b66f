"""The core loop without a mouse: example, seed, run, candidate, hydrogen, blob moved by keys, run, export, undo."""

from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from studio_page import StudioPage

pytestmark = pytest.mark.e2e

MOST_SEEDS = 6


@pytest.fixture(autouse=True)
def without_a_mouse(studio: StudioPage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("this loop does without a mouse")

    for name in ("click", "move", "down", "wheel"):
        monkeypatch.setattr(studio.page.mouse, name, refuse)


def run_until_valid(studio: StudioPage, first_seed: int) -> int:
    """Types seeds and presses Ctrl+Enter until a candidate is valid; answers which."""
    for seed in range(first_seed, first_seed + MOST_SEEDS):
        studio.type_into("Seed", seed)
        studio.press("Control+Enter")
        studio.finish(seed)
        valid = [k for k, candidate in enumerate(studio.candidates()) if candidate["valid"]]
        if valid:
            return valid[0]
    pytest.fail(f"no valid candidate from {MOST_SEEDS} seeds")


def test_core_loop_by_keyboard(studio: StudioPage, tmp_path: Path) -> None:
    studio.choose("Design", "From nothing: C2")
    assert studio.design()["scaffold"] is None
    studio.type_into("Number of candidates", 6)

    # A candidate is focused by its number and becomes the scaffold by Enter.
    chosen = run_until_valid(studio, first_seed=1)
    candidate = studio.candidates()[chosen]
    studio.press("Escape", str(chosen + 1))
    assert studio.ask("studio.focus()") == chosen
    studio.press("Enter")
    scaffold = studio.design()["scaffold"]
    assert scaffold["positions"] == candidate["positions"]

    # A hydrogen is reached by Tab, and says which it is.
    name = studio.tab_to("Open a site at hydrogen")
    studio.press("Enter")
    [blob] = studio.design()["blobs"]
    assert name.startswith(f"Open a site at hydrogen {blob['site'] + 1}")

    # Its blob is nudged, and moved along an axis of its own; Escape takes a transform back.
    studio.press("ArrowUp")
    nudged = studio.design()["blobs"][0]
    assert np.linalg.norm(np.subtract(nudged["center"], blob["center"])) == pytest.approx(0.1, abs=1e-9)
    studio.press("g", "z", "Shift+ArrowRight", "Escape")
    assert studio.design()["blobs"][0] == nudged
    studio.press("g", "x", "Shift+ArrowRight", "Enter")
    moved = studio.design()["blobs"][0]
    assert np.linalg.norm(np.subtract(moved["center"], nudged["center"])) == pytest.approx(1.0, abs=1e-9)
    studio.press("s", "y", "ArrowUp", "ArrowUp", "Enter")
    assert studio.design()["blobs"][0]["widths"][1] == pytest.approx(moved["widths"][1] * 1.05**2)
    studio.press("r", "ArrowRight", "Enter")
    assert studio.design()["blobs"][0]["rotation"] != moved["rotation"]
    for _ in range(4):
        studio.press("Control+z")
    assert studio.design()["blobs"] == [blob]

    studio.type_into("Formula", "CH3")
    second = run_until_valid(studio, first_seed=11)
    grown = studio.candidates()[second]
    kept = [i for i in range(len(scaffold["numbers"])) if i != blob["site"]]
    assert grown["positions"][: len(kept)] == [scaffold["positions"][i] for i in kept]
    studio.press("Escape", str(second + 1))

    # The timeline is a slider; the file comes out of a menu.
    studio.tab_to("Frame")
    studio.press("Home")
    assert studio.ask("studio.playhead().at") == 0
    studio.press("End")
    with studio.downloading(tmp_path / "grown.sdf"):
        studio.choose("Export", "SDF")
    [molecule] = Chem.SDMolSupplier(str(tmp_path / "grown.sdf"), removeHs=False)
    assert [atom.GetAtomicNum() for atom in molecule.GetAtoms()] == grown["numbers"]

    # Taken back to the first scaffold, and done again.
    studio.press("Escape")
    for _ in range(20):
        if studio.design()["blobs"] == [] and studio.design()["scaffold"] == scaffold:
            break
        studio.press("Control+z")
    assert studio.design()["scaffold"] == scaffold
    studio.press("Control+Shift+z")
    assert studio.design()["blobs"] == [blob]


def test_a_row_that_goes_leaves_the_focus_in_its_table(studio: StudioPage) -> None:
    studio.press("t")
    studio.tab_to("Remove blob 1")
    studio.press("Enter")
    assert studio.design()["blobs"] == []
    assert studio.focused() == "Place a blob in the middle"
