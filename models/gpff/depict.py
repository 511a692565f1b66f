"""A molecule drawn in 2D, as SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from xml.sax.saxutils import quoteattr

from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from gpff.errors import InputError
from gpff.structures import smiles_of

type Theme = Literal["light", "dark"]

MIN_SIZE, MAX_SIZE = 32, 4096
_INDEX = "_gpff_index"
_HIGHLIGHT = {"light": (1.0, 0.75, 0.3), "dark": (0.55, 0.35, 0.05)}


@dataclass(frozen=True)
class Style:
    """How to draw.

    width, height: pixels, 32 to 4096; theme: ink for a light or a dark page, the ground stays clear
    hydrogens: draw every hydrogen; labels: number the atoms, from 0
    """

    width: int = 300
    height: int = 200
    theme: Theme = "light"
    hydrogens: bool = False
    labels: bool = False


@dataclass(frozen=True)
class Depiction:
    """A drawing.

    svg: an element for a page of its own or to be set into one. What belongs to an atom has the class `atom-i`, i
    being the atom's index in the molecule that was given, from 0.
    atoms: those that are drawn, by the same index; points [n_drawn, 2]: where they are, in pixels from the top left
    """

    svg: str
    atoms: tuple[int, ...]
    points: tuple[tuple[float, float], ...]


def depict(mol: Chem.Mol, style: Style | None = None, highlight: Sequence[int] = ()) -> Depiction:
    """Draw a sanitized molecule; `highlight` are indices of its atoms.

    A highlighted hydrogen that is not drawn marks its neighbour. Raises InputError for a size out of bounds and for
    indices that are no atoms.
    """
    style = style or Style()
    _check(mol, style, highlight)
    with rdBase.BlockLogs():
        flat = _flattened(mol, style.hydrogens)
        drawn = {atom.GetIntProp(_INDEX): atom.GetIdx() for atom in flat.GetAtoms()}
        drawer = rdMolDraw2D.MolDraw2DSVG(style.width, style.height)
        _dress(drawer, flat, style)
        marked = sorted({_drawn_at(mol, index, drawn) for index in highlight})
        drawer.DrawMolecule(flat, highlightAtoms=marked, highlightBonds=_between(flat, marked))
        points = [drawer.GetDrawCoords(atom.GetIdx()) for atom in flat.GetAtoms()]
        drawer.FinishDrawing()
        title = smiles_of(mol)
    atoms = tuple(drawn)
    return Depiction(_renamed(drawer.GetDrawingText(), atoms, title), atoms, tuple((p.x, p.y) for p in points))


def _check(mol: Chem.Mol, style: Style, highlight: Sequence[int]) -> None:
    for field, size in (("width", style.width), ("height", style.height)):
        if not MIN_SIZE <= size <= MAX_SIZE:
            raise InputError(field, f"{MIN_SIZE} to {MAX_SIZE} pixels", str(size))
    for k, index in enumerate(highlight):
        if not 0 <= index < mol.GetNumAtoms():
            raise InputError(f"highlight.{k}", f"an atom from 0 to {mol.GetNumAtoms() - 1}", str(index))


def _flattened(mol: Chem.Mol, hydrogens: bool) -> Chem.Mol:
    """A copy in two dimensions, ready to be drawn; each atom knows its index in `mol`."""
    flat = Chem.Mol(mol)
    for atom in flat.GetAtoms():
        atom.SetIntProp(_INDEX, atom.GetIdx())
    flat = flat if hydrogens else Chem.RemoveHs(flat)
    rdDepictor.Compute2DCoords(flat)
    return rdMolDraw2D.PrepareMolForDrawing(flat, addChiralHs=False, forceCoords=False)


def _dress(drawer: Any, flat: Chem.Mol, style: Style) -> None:
    options = drawer.drawOptions()
    if style.theme == "dark":
        rdMolDraw2D.SetDarkMode(options)
    options.clearBackground = False
    options.prepareMolsBeforeDrawing = False
    options.setHighlightColour(_HIGHLIGHT[style.theme])
    if style.labels:
        for atom in flat.GetAtoms():
            atom.SetProp("atomNote", str(atom.GetIntProp(_INDEX)))


def _drawn_at(mol: Chem.Mol, index: int, drawn: dict[int, int]) -> int:
    if index in drawn:
        return drawn[index]
    (neighbour,) = mol.GetAtomWithIdx(index).GetNeighbors()  # only hydrogens with one neighbour are left out
    return drawn[neighbour.GetIdx()]


def _between(flat: Chem.Mol, atoms: list[int]) -> list[int]:
    chosen = set(atoms)
    return [b.GetIdx() for b in flat.GetBonds() if b.GetBeginAtomIdx() in chosen and b.GetEndAtomIdx() in chosen]


def _renamed(svg: str, atoms: tuple[int, ...], title: str) -> str:
    """The bare element, its classes in terms of the caller's atoms, and a name for those who cannot see it."""
    element = svg[svg.index("<svg") :]
    element = re.sub(r"bond-\d+ ", "", element)
    element = re.sub(r"atom-(\d+)", lambda found: f"atom-{atoms[int(found[1])]}", element)
    return element.replace("<svg", f"<svg role='img' aria-label={quoteattr(title)}", 1)
