"""Drawings: well-formed, without scripts, and in terms of the caller's atoms."""

import re
from xml.etree import ElementTree

import pytest
from rdkit import Chem

from gpff.depict import Depiction, Style, depict
from gpff.errors import InputError
from gpff.formats import Parsed, read, to_mol


def embedded(smiles: str) -> Chem.Mol:
    (found,) = read(smiles, "smiles")
    assert isinstance(found, Parsed)
    return to_mol(found)


def classes(drawing: Depiction) -> set[int]:
    return {int(index) for index in re.findall(r"atom-(\d+)", drawing.svg)}


def colours(drawing: Depiction) -> set[str]:
    return set(re.findall(r"#[0-9A-F]{6}", drawing.svg))


def test_a_drawing_is_one_svg_element_of_the_size_asked_for() -> None:
    drawing = depict(embedded("C[C@H](N)C(=O)O"), Style(width=320, height=240))
    root = ElementTree.fromstring(drawing.svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("320px", "240px", "0 0 320 240")
    assert (root.get("role"), root.get("aria-label")) == ("img", "C[C@H](N)C(=O)O")
    assert not re.search(r"<script|<rect|href=|on\w+=", drawing.svg)
    assert len(drawing.atoms) == len(drawing.points) == 6
    assert all(0 < x < 320 and 0 < y < 240 for x, y in drawing.points)


def test_atoms_are_named_by_the_callers_indices() -> None:
    mol = embedded("OCC")
    order = [8, 5, 0, 1, 2, 3, 4, 6, 7]
    shuffled = Chem.RenumberAtoms(mol, order)
    heavy = {order.index(k): symbol for k, symbol in enumerate("OCC")}
    drawing = depict(shuffled, Style(labels=True))
    assert dict.fromkeys(drawing.atoms) == dict.fromkeys(sorted(heavy)) and classes(drawing) == set(heavy)
    everything = depict(shuffled, Style(hydrogens=True))
    assert everything.atoms == tuple(range(9)) and classes(everything) == set(range(9))


def test_highlights_fall_on_their_atoms_and_hydrogens_on_their_neighbours() -> None:
    mol = embedded("CCO")
    plain = depict(mol)
    ellipse = re.compile(r"<ellipse[^>]*class='atom-(\d+)'")
    assert not ellipse.findall(plain.svg)
    assert ellipse.findall(depict(mol, highlight=[2]).svg) == ["2"]
    hydroxyl = next(
        a.GetIdx() for a in mol.GetAtoms() if a.GetSymbol() == "H" and a.GetNeighbors()[0].GetSymbol() == "O"
    )
    assert ellipse.findall(depict(mol, highlight=[hydroxyl]).svg) == ["2"]
    shown = depict(mol, Style(hydrogens=True), [hydroxyl])
    assert ellipse.findall(shown.svg) == [str(hydroxyl)]


def test_ink_follows_the_page() -> None:
    light, dark = (depict(embedded("CCC"), Style(theme=theme)) for theme in ("light", "dark"))
    assert "#000000" in colours(light) and "#000000" not in colours(dark)


def test_the_same_molecule_is_drawn_the_same() -> None:
    assert depict(embedded("CC(=O)Nc1ccccc1")) == depict(embedded("CC(=O)Nc1ccccc1"))


@pytest.mark.parametrize("smiles", ["[H][H]", "C", "[Na+].[Cl-]", "[CH3]", "C[N+](=O)[O-]"])
def test_small_things_can_be_drawn(smiles: str) -> None:
    assert ElementTree.fromstring(depict(embedded(smiles)).svg) is not None


def test_what_cannot_be_drawn_is_named() -> None:
    mol = embedded("C")
    with pytest.raises(InputError, match=r"highlight.1: expected an atom from 0 to 4, got 5"):
        depict(mol, highlight=[0, 5])
    with pytest.raises(InputError, match=r"width: expected 32 to 4096 pixels, got 5000"):
        depict(mol, Style(width=5000))
