"""The scaffold and the blob by hand: atoms freed and edited, relaxing, shapes, the jump onto a bond, random atoms."""

from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdchem
from studio_page import StudioPage

pytestmark = pytest.mark.e2e


def click_atom(studio: StudioPage, atom: int, adding: bool = False) -> None:
    """Clicks an atom of the scaffold where it is drawn."""
    at = studio.ask("studio.project(studio.design().scaffold.positions[it])", atom)
    if adding:
        studio.page.keyboard.down("Shift")
    studio.page.mouse.click(at["x"], at["y"])
    if adding:
        studio.page.keyboard.up("Shift")


def settle(studio: StudioPage) -> None:
    """Until the camera has come to rest on drawn atoms."""
    before = None
    for _ in range(100):
        now = studio.ask("studio.hydrogens()")
        if now and now == before and any(h["visible"] for h in now):
            return
        before = now
        studio.page.wait_for_timeout(250)
    raise TimeoutError("the camera does not come to rest")


def scaffold_of(studio: StudioPage) -> Any:
    return studio.design()["scaffold"]


def partners(scaffold: Any, atom: int) -> list[int]:
    return [j if i == atom else i for i, j, _ in scaffold["bonds"] if atom in (i, j)]


def molecule(scaffold: Any) -> str:
    """Its SMILES, from its atoms and bonds as the page has them; RDKit refuses what is no molecule."""
    made = Chem.RWMol()
    for number in scaffold["numbers"]:
        atom = Chem.Atom(number)
        atom.SetNoImplicit(True)
        made.AddAtom(atom)
    orders = {1: rdchem.BondType.SINGLE, 2: rdchem.BondType.DOUBLE, 3: rdchem.BondType.TRIPLE}
    for i, j, order in scaffold["bonds"]:
        made.AddBond(i, j, orders[order])
    Chem.SanitizeMol(made)
    assert sum(atom.GetNumRadicalElectrons() for atom in made.GetAtoms()) == 0
    return str(Chem.MolToSmiles(Chem.RemoveHs(made)))


def button(studio: StudioPage, name: str, group: str | None = None) -> None:
    page = studio.page
    (page if group is None else page.get_by_role("group", name=group)).get_by_role("button", name=name).click()


def test_freed_atoms_move_and_frozen_ones_stay(studio: StudioPage) -> None:
    settle(studio)
    [blob] = studio.design()["blobs"]
    scaffold = scaffold_of(studio)
    anchor = partners(scaffold, blob["site"])[0]
    far = max(
        (i for i, z in enumerate(scaffold["numbers"]) if z == 6),
        key=lambda i: float(np.linalg.norm(np.subtract(scaffold["positions"][i], scaffold["positions"][anchor]))),
    )
    click_atom(studio, far)
    [hydrogen] = [i for i in partners(scaffold, far) if scaffold["numbers"][i] == 1]
    click_atom(studio, hydrogen, adding=True)
    button(studio, "Free")
    assert scaffold_of(studio)["free"] == sorted([far, hydrogen])
    studio.generate(seed=7)

    # Frozen atoms come first and are bit for bit where they were; freed ones are the last, and have moved.
    gone = {blob["site"], far, hydrogen}
    kept = [scaffold["positions"][i] for i in range(len(scaffold["numbers"])) if i not in gone]
    for candidate in studio.candidates():
        assert candidate["positions"][: len(kept)] == kept
        moved = np.subtract(candidate["positions"][-2:], [scaffold["positions"][i] for i in sorted([far, hydrogen])])
        assert np.linalg.norm(moved, axis=1).max() > 0

    studio.press("Escape", "Escape")
    studio.page.get_by_role("button", name="freeze all").click()
    assert "free" not in scaffold_of(studio)
    studio.press("Control+z")
    assert scaffold_of(studio)["free"] == sorted([far, hydrogen])


def test_edits_by_hand_make_molecules(studio: StudioPage) -> None:
    """Toluene, then benzyl alcohol from benzene, then pyridine's ring; each step is a molecule and one step of undo."""
    studio.press("Delete")  # the example's blob
    assert studio.design()["blobs"] == []
    benzene = scaffold_of(studio)
    assert molecule(benzene) == "c1ccccc1"
    settle(studio)
    carbon = next(i for i, z in enumerate(benzene["numbers"]) if z == 6)
    click_atom(studio, carbon)
    button(studio, "Add carbon", "Add")
    assert molecule(scaffold_of(studio)) == "Cc1ccccc1"
    button(studio, "Add oxygen", "Add")  # the new atom is chosen, so that a chain can be built
    assert molecule(scaffold_of(studio)) == "OCc1ccccc1"
    for panel in (".inspector", ".molecule-panel"):  # what was edited has a SMILES, too, to be read and copied
        studio.page.locator(panel).get_by_text("OCc1ccccc1", exact=True).wait_for()
        assert studio.page.locator(panel).get_by_role("button", name="Copy SMILES").is_visible()
    studio.press("Delete")
    assert molecule(scaffold_of(studio)) == "Cc1ccccc1"
    studio.press("Control+z", "Control+z", "Control+z")
    assert scaffold_of(studio) == benzene

    settle(studio)
    click_atom(studio, carbon)
    button(studio, "Make it nitrogen", "Make it")
    assert molecule(scaffold_of(studio)) == "c1ccncc1"
    studio.press("Control+z")
    assert scaffold_of(studio) == benzene


def test_relaxing_puts_a_bent_bond_right(studio: StudioPage) -> None:
    studio.press("Delete")
    benzene = scaffold_of(studio)
    hydrogen = next(i for i, z in enumerate(benzene["numbers"]) if z == 1)
    carbon = partners(benzene, hydrogen)[0]
    settle(studio)
    click_atom(studio, carbon)
    click_atom(studio, hydrogen, adding=True)
    click_atom(studio, carbon, adding=True)  # let go again: the hydrogen alone stays
    for _ in range(4):
        studio.press("ArrowUp")

    def stretched() -> float:
        now = scaffold_of(studio)["positions"]
        return float(np.linalg.norm(np.subtract(now[hydrogen], now[carbon])))

    bent = scaffold_of(studio)
    assert bent["positions"][hydrogen] != benzene["positions"][hydrogen]
    assert [p for i, p in enumerate(bent["positions"]) if i != hydrogen] == [
        p for i, p in enumerate(benzene["positions"]) if i != hydrogen
    ]
    studio.page.get_by_role("button", name="Relax", exact=True).first.click()
    studio.wait(
        f"JSON.stringify(window.__studio.design().scaffold.positions[{hydrogen}])"
        f" !== '{str(bent['positions'][hydrogen]).replace(' ', '')}'",
        "the relaxed geometry",
    )
    assert stretched() == pytest.approx(1.09, abs=0.05)
    # Only the chosen atom may move.
    relaxed = scaffold_of(studio)["positions"]
    assert all(relaxed[i] == bent["positions"][i] for i in range(len(relaxed)) if i != hydrogen)
    assert molecule(scaffold_of(studio)) == "c1ccccc1"


def line_of(studio: StudioPage) -> tuple[Any, Any]:
    """The bond of the first blob: where it begins, and its direction."""
    design = studio.design()
    [blob] = design["blobs"]
    anchor = partners(design["scaffold"], blob["site"])[0]
    start, end = (np.asarray(design["scaffold"]["positions"][i]) for i in (anchor, blob["site"]))
    return start, (end - start) / np.linalg.norm(end - start)


def off_the_line(studio: StudioPage) -> float:
    """Å between the blob's centre and the line of its bond."""
    start, along = line_of(studio)
    return float(np.linalg.norm(np.cross(along, np.asarray(studio.design()["blobs"][0]["center"]) - start)))


def test_the_blob_by_numbers_shapes_and_the_jump_onto_its_bond(studio: StudioPage) -> None:
    page = studio.page
    before = studio.design()["blobs"][0]
    volume = np.prod(before["widths"])

    # Shapes keep the volume; a typed width stays.
    for shape in ("disc", "rod", "ball"):
        button(studio, shape, "Shape")
        x, y, z = studio.design()["blobs"][0]["widths"]
        assert x * y * z == pytest.approx(volume, rel=5e-3)  # widths are rounded
        assert {"disc": z < 0.7 * x, "rod": x > 1.3 * y, "ball": x == pytest.approx(z)}[shape]
    studio.fill("Width (σ) along the blob's x axis, ångström", "1.25")
    assert studio.design()["blobs"][0]["widths"][0] == 1.25

    # G, an axis and a number: so many Å along the blob's own axis, which is the bond.
    page.evaluate("document.activeElement.blur()")
    studio.press("g", "x")
    page.keyboard.type("0.5")
    studio.press("Enter")
    moved = studio.design()["blobs"][0]["center"]
    _, along = line_of(studio)
    np.testing.assert_allclose(np.subtract(moved, before["center"]), 0.5 * along, atol=1e-6)

    # Dragged near the line of its bond it jumps onto it; with Alt it does not.
    settle(studio)
    page.evaluate("document.activeElement.blur()")
    studio.press("Shift+ArrowUp", "Shift+ArrowRight")  # in the plane of the screen
    assert off_the_line(studio) > 0.3
    drag_center(studio, moved, (2, 1))
    assert off_the_line(studio) < 1e-6
    page.keyboard.down("Alt")
    drag_center(studio, np.asarray(studio.design()["blobs"][0]["center"]), (4, 4))
    page.keyboard.up("Alt")
    assert 1e-3 < off_the_line(studio) < 0.2


def drag_center(studio: StudioPage, to: Any, beside: tuple[float, float]) -> None:
    """Drags the blob by its middle to so many pixels beside a point of the scene."""
    page = studio.page
    at = studio.ask("studio.project(studio.design().blobs[0].center)")
    goal = studio.ask("studio.project(it)", np.asarray(to).tolist())
    x, y = goal["x"] + beside[0], goal["y"] + beside[1]
    page.mouse.move(at["x"], at["y"])
    page.mouse.down()
    page.mouse.move((at["x"] + x) / 2, (at["y"] + y) / 2)
    page.mouse.move(x, y)
    page.mouse.up()


def test_keys_are_the_pages_after_a_field_was_used_by_mouse(studio: StudioPage) -> None:
    """Letters that turn a blob are not typed into the field that was used before: each would be an edit of its own."""
    page = studio.page
    for leave in ("a drag", "Enter"):
        page.get_by_label("Formula", exact=True).click()
        studio.press("Control+a")
        page.keyboard.type("CH3")
        if leave == "Enter":
            studio.press("Enter")
        else:
            settle(studio)
            at = studio.ask("studio.project(studio.design().blobs[0].center)")
            page.mouse.move(at["x"], at["y"])
            page.mouse.down()
            page.mouse.move(at["x"] + 12, at["y"] - 9, steps=3)
            page.mouse.up()
        before = studio.design()["blobs"][0]["rotation"]
        nodes = studio.history()["nodes"]
        studio.press("r", "z")
        page.keyboard.type("30")
        studio.press("Enter")
        [blob] = studio.design()["blobs"]
        assert blob["content"] == {"kind": "formula", "text": "CH3"}
        assert blob["rotation"] != before
        assert studio.history()["nodes"] == nodes + 1

    # Who goes by keys stays in the field.
    studio.press("Tab")
    studio.tab_to("Centre x")
    page.keyboard.type("1.5")
    studio.press("Enter")
    assert studio.focused().startswith("Centre x")
    assert studio.design()["blobs"][0]["center"][0] == 1.5


def test_random_atoms_fit_the_open_bond(studio: StudioPage) -> None:
    studio.page.get_by_role("radio", name="Random atoms").click()
    studio.fill("Number of heavy atoms", 2)
    studio.fill("Number of candidates", 6)
    studio.generate(seed=5)
    design = studio.design()
    kept = [z for i, z in enumerate(design["scaffold"]["numbers"]) if i != design["blobs"][0]["site"]]
    drawn = set()
    for candidate in studio.candidates():
        assert candidate["numbers"][: len(kept)] == kept
        new = candidate["numbers"][len(kept) :]
        assert sum(z != 1 for z in new) == 2
        # A closed shell: an even sum of valences.
        valence = {1: 1, 6: 4, 7: 3, 8: 2, 9: 1}
        assert sum(valence[z] for z in candidate["numbers"]) % 2 == 0
        drawn.add(tuple(sorted(new)))
    assert len(drawn) > 1


def test_a_blob_that_grows_beyond_the_edge_is_brought_into_the_picture(studio: StudioPage) -> None:
    """Its handles would be out of reach there."""
    settle(studio)
    page = studio.page
    page.get_by_role("button", name="phenyl", exact=True).click()
    button(studio, "rod", "Shape")
    stage = page.locator(".stage-host").bounding_box()
    tip = page.get_by_label("Move along the blob's x axis")
    assert stage is not None

    def is_in_the_picture() -> bool:
        box = tip.bounding_box()
        return box is not None and box["x"] + box["width"] <= stage["x"] + stage["width"]

    for _ in range(100):  # the camera glides
        if is_in_the_picture():
            return
        page.wait_for_timeout(100)
    pytest.fail("the handle at the blob's end is outside of the picture")
