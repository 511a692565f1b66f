"""Molecules in and out: files, drawings, bonds from coordinates, properties. The engine is needed for none of these."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gpff.depict import Style
from gpff.formats import Parsed, Unreadable
from studio.api.answers import PROBLEM
from studio.api.state import services
from studio.chemist import Atoms
from studio.errors import plain
from studio.molecule_types import (
    DepictRequest,
    DepictResult,
    ExportRequest,
    FormatName,
    MeanErrors,
    MoleculeIn,
    MoleculeOut,
    ParseRequest,
    ParseResult,
    PerceiveRequest,
    PerceiveResult,
    Prediction,
    PredictRequest,
    PredictResult,
    PropertiesResult,
    PropertyModel,
    Record,
    Subject,
    TrainedOn,
)

SVG = "image/svg+xml"
MEDIA_TYPES: dict[FormatName, str] = {
    "sdf": "chemical/x-mdl-sdfile",
    "mol": "chemical/x-mdl-molfile",
    "xyz": "chemical/x-xyz",
    "extxyz": "chemical/x-extxyz",
    "pdb": "chemical/x-pdb",
    "smiles": "chemical/x-daylight-smiles",
}

_PROBLEMS = {
    400: "Not JSON",
    413: "Over a limit of size, time or memory",
    422: "A field is wrong",
    429: "Busy",
    503: "The processes for molecules do not start",
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": what, "content": PROBLEM} for status, what in _PROBLEMS.items()
}
_FILES = {media_type: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES.values()}

router = APIRouter(prefix="/molecules", tags=["molecules"], responses=_RESPONSES)


@router.post("/parse")
async def parse(body: ParseRequest, request: Request) -> ParseResult:
    """Read a file: SDF, MOL, XYZ, extended XYZ, PDB or SMILES. A bad record is told apart and costs no other.

    SMILES and drawings in 2D are given hydrogens and the coordinates of RDKit's ETKDG. Formats without bonds have
    them read from the coordinates, charged groups allowed, at the charge that the file states, else 0.
    """
    chemist = services(request).chemist
    format, found = await chemist.parse(body.text, body.format, body.file_name, body.seed, body.perceive)
    return ParseResult(format=format, records=[_record(index, one) for index, one in enumerate(found)])


@router.post(
    "/export",
    response_class=Response,
    responses={200: {"content": _FILES, "description": "The file, in UTF-8"}},
)
async def export(body: ExportRequest, request: Request) -> Response:
    """Write molecules as a file. Coordinates: SDF, MOL 1e-4 Å, XYZ 1e-6 Å, PDB 1e-3 Å; SMILES are canonical."""
    text = await services(request).chemist.export([_atoms(molecule) for molecule in body.molecules], body.format)
    return Response(text.encode("utf-8", "replace"), media_type=MEDIA_TYPES[body.format])


@router.post(
    "/depict",
    response_model=DepictResult,
    responses={200: {"content": {SVG: {"schema": {"type": "string"}}}}},
)
async def depict(body: DepictRequest, request: Request) -> Response:
    """Draw a molecule in 2D. `Accept: image/svg+xml` answers the picture alone."""
    style = Style(body.width, body.height, body.theme, body.hydrogens, body.labels)
    drawn = await services(request).chemist.depict(_subject(body), style, body.highlight)
    if SVG in request.headers.get("accept", ""):
        return Response(drawn.svg, media_type=SVG)
    result = DepictResult(svg=drawn.svg, atoms=list(drawn.atoms), points=list(drawn.points))
    return Response(result.model_dump_json(), media_type="application/json")


@router.post("/perceive")
async def perceive(body: PerceiveRequest, request: Request) -> PerceiveResult:
    """Read bonds from coordinates; `reason` says in words why there are none."""
    found = await services(request).chemist.perceive(Atoms(body.numbers, body.positions), body.charge)
    return PerceiveResult(
        valid=found.reason is None,
        smiles=found.smiles,
        reason=found.reason,
        bonds=list(found.bonds),
        charges=list(found.charges),
    )


@router.post("/properties")
async def properties(body: Subject, request: Request) -> PropertiesResult:
    """What RDKit computes of a molecule: formula, mass, logP, polar surface, counts, synthetic accessibility."""
    return PropertiesResult(**asdict(await services(request).chemist.properties(_subject(body))))


@router.post("/predict", responses={404: {"description": "There is no model that predicts", "content": PROBLEM}})
async def predict(body: PredictRequest, request: Request) -> PredictResult:
    """What a network predicts from the geometry: HOMO–LUMO gap and atomisation energy (U0), in eV.

    A molecule of other elements, or that is not whole (by the test that candidates have to pass: one piece, closed
    valences, no atoms on top of each other), is answered with the reason. Larger ones than the network was trained on
    are predicted, and said to be `beyond_training`.
    """
    card, found = await services(request).chemist.predict([Atoms(one.numbers, one.positions) for one in body.molecules])
    model = PropertyModel(
        name=card.name,
        hash=card.hash,
        test_mae=MeanErrors(gap_ev=card.gap_mae, atomisation_energy_ev=card.energy_mae),
        trained_on=TrainedOn(**{**asdict(card.trained_on), "elements": list(card.trained_on.elements)}),
    )
    return PredictResult(
        model=model,
        molecules=[
            Prediction(
                gap_ev=one.gap,
                atomisation_energy_ev=one.atomisation_energy,
                beyond_training=one.beyond_training,
                reason=None if one.reason is None else plain(one.reason),
            )
            for one in found
        ],
    )


def _atoms(molecule: MoleculeIn) -> Atoms:
    return Atoms(molecule.numbers, molecule.positions, molecule.bonds, molecule.charges, molecule.name)


def _subject(body: Subject) -> Atoms | str:
    return _atoms(body.molecule) if body.molecule is not None else str(body.smiles)


def _record(index: int, found: Parsed | Unreadable) -> Record:
    if isinstance(found, Unreadable):
        return Record(index=index, molecule=None, error=plain(found.reason))
    molecule = MoleculeOut(
        numbers=found.numbers.tolist(),
        positions=found.positions.tolist(),
        bonds=None if found.reason is not None else list(found.bonds),
        charges=list(found.charges),
        name=plain(found.name, 255),
        smiles=found.smiles,
        reason=found.reason,
        added_hydrogens=found.added_hydrogens,
        embedded=found.embedded,
    )
    return Record(index=index, molecule=molecule, error=None)
