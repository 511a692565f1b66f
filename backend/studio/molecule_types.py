"""What crosses the wire about molecules in and out: requests and answers of `/molecules`.

Lengths are Å. Atoms are counted from 0 in every list and index. A bond is (i, j, order) with i < j and the order 1, 2
or 3: aromatic rings come in a Kekulé form.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, Strict, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from studio.protocol import MAX_LIST, Bond, Bool, Candidate, Index, Int, Numbers, Positions, Vec3, Wire

type FormatName = Literal["sdf", "mol", "xyz", "extxyz", "pdb", "smiles"]
type ThemeName = Literal["light", "dark"]

MAX_SEED = 2**31 - 1  # RDKit's

Text = Annotated[str, Strict(), Field(max_length=2**26)]  # the body's own limit is far below
Name = Annotated[str, Strict(), Field(max_length=255)]
Smiles = Annotated[str, Strict(), Field(min_length=1, max_length=100_000)]
Charge = Annotated[int, Strict(), Field(ge=-99, le=99)]
Pixels = Annotated[int, Strict(), Field(ge=32, le=4096)]


class Sendable(Wire):
    """Takes what the service has answered, a candidate or a molecule of a file, as it came, and leaves out what is not
    asked for."""

    @model_validator(mode="before")
    @classmethod
    def _less_what_was_answered(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        kept = {name: value for name, value in given.items() if name in cls.model_fields or name not in _ANSWERED}
        if given.get("valid") is False and "bonds" in kept:
            kept["bonds"] = None  # those of such a candidate are empty because they are not known
        return kept


class MoleculeIn(Sendable):
    """A molecule with all its hydrogens; one that was parsed, or a candidate, as it was answered.

    `bonds` null: not known, to be read from the coordinates.
    """

    numbers: Annotated[Numbers, Field(min_length=1)]
    positions: Annotated[Positions, Field(min_length=1)]
    bonds: Annotated[list[Bond], Field(max_length=2 * MAX_LIST)] | None = None
    charges: Annotated[list[Int], Field(max_length=MAX_LIST)] | None = None
    name: Name = ""


class MoleculeOut(Wire):
    """A molecule with all its hydrogens, and its canonical SMILES, stereo read from the coordinates.

    `bonds` are null, and `smiles` with them, when they are not known; `reason` says why. The last `added_hydrogens`
    atoms were only implied by the text. `embedded`: the text had no coordinates, these are ETKDG's.
    """

    numbers: list[int]
    positions: list[Vec3]
    bonds: list[Bond] | None
    charges: list[int]
    name: str
    smiles: str | None
    reason: str | None
    added_hydrogens: int
    embedded: bool


_ANSWERED = frozenset({*MoleculeOut.model_fields, *Candidate.model_fields})


class ParseRequest(Wire):
    """`text` in `format`; null: found out from the ending of `file_name` or from the text.

    `seed` is that of the coordinates that SMILES and drawings in 2D are given. `perceive`: read the bonds of formats
    that have none from the coordinates.
    """

    text: Text
    format: FormatName | None = None
    file_name: Name = ""
    seed: Annotated[int, Strict(), Field(ge=0, le=MAX_SEED)] = 0
    perceive: Bool = True


class Record(Wire):
    """One record of a file, counted from 0: its `molecule`, or the `error` that it is, in words."""

    index: int
    molecule: MoleculeOut | None
    error: str | None


class ParseResult(Wire):
    """Every record, in the order of the file."""

    format: FormatName
    records: list[Record]


class ExportRequest(Wire):
    """Molecules as one file. A MOL file holds exactly one."""

    molecules: Annotated[list[MoleculeIn], Field(min_length=1, max_length=MAX_LIST)]
    format: FormatName


class PerceiveRequest(Wire):
    """Coordinates of all atoms. `charge` null: the test of validity that candidates have to pass, at charge 0 and
    without charged groups; a number: any molecules of this total charge, charged groups allowed.
    """

    numbers: Annotated[Numbers, Field(min_length=1)]
    positions: Annotated[Positions, Field(min_length=1)]
    charge: Charge | None = None


class PerceiveResult(Wire):
    """`bonds` are empty unless valid; `reason` says why it is not."""

    valid: bool
    smiles: str | None
    reason: str | None
    bonds: list[Bond]
    charges: list[int]


WATER: JsonDict = {
    "numbers": [8, 1, 1],
    "positions": [[0.0, 0.0, 0.117], [0.0, 0.757, -0.469], [0.0, -0.757, -0.469]],
}


class Geometry(Sendable):
    """Coordinates of all atoms, hydrogens too; a candidate, as it was answered."""

    numbers: Annotated[Numbers, Field(min_length=1)]
    positions: Annotated[Positions, Field(min_length=1)]


class PredictRequest(Wire):
    """Molecules whose gap and energy a network is to predict."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"molecules": [WATER]}]})

    molecules: Annotated[list[Geometry], Field(min_length=1, max_length=MAX_LIST)]


class Prediction(Wire):
    """HOMO–LUMO gap, and the energy at 0 K that it takes to pull all atoms apart; both null where `reason` says why.

    `beyond_training`: the molecule has more heavy atoms, or other elements, than any that the network was trained on,
    so that its errors may be far larger than those on the test molecules.
    """

    gap_ev: float | None
    atomisation_energy_ev: float | None
    beyond_training: bool
    reason: str | None


class MeanErrors(Wire):
    """Mean absolute errors on molecules that the network was not trained on."""

    gap_ev: float
    atomisation_energy_ev: float


class TrainedOn(Wire):
    """`level`: of theory, which is what the predictions stand for. `elements` are atomic numbers."""

    data: str
    level: str
    elements: list[int]
    max_heavy_atoms: int


class PropertyModel(Wire):
    """The network that predicts. `hash` is the SHA-256 of its weights; the errors are recorded with them."""

    name: str
    hash: str
    test_mae: MeanErrors
    trained_on: TrainedOn


class PredictResult(Wire):
    """One prediction for each molecule, in their order."""

    model: PropertyModel
    molecules: list[Prediction]


class Subject(Wire):
    """A molecule, or its SMILES."""

    molecule: MoleculeIn | None = None
    smiles: Smiles | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "Subject":
        if (self.molecule is None) == (self.smiles is None):
            context = {
                "expected": "either molecule or smiles",
                "got": "neither" if self.smiles is None else "both molecule and smiles",
            }
            raise PydanticCustomError("form", "expected {expected}, got {got}", context)
        return self


class DepictRequest(Subject):
    """A drawing in 2D of `width` by `height` pixels, in ink for a light or a dark page, on no ground.

    `highlight` are atoms; `hydrogens`: draw them all; `labels`: number the atoms. The atoms of a SMILES are those
    that it writes, in their order.
    """

    width: Pixels = 300
    height: Pixels = 200
    theme: ThemeName = "light"
    highlight: Annotated[list[Index], Field(max_length=MAX_LIST)] = Field(default_factory=list)
    hydrogens: Bool = False
    labels: Bool = False


class DepictResult(Wire):
    """`svg`: one element; what belongs to atom i has the class `atom-i`. `atoms` are those that are drawn, `points`
    where they are, in pixels from the top left.
    """

    svg: str
    atoms: list[int]
    points: list[tuple[float, float]]


class PropertiesResult(Wire):
    """What RDKit computes of the molecule. `mass` (average), `exact_mass` in u, `tpsa` in Å², `logp` Crippen's.

    `sa_score`: synthetic accessibility from 1 (easy) to 10 (hard), made for drug-like molecules; null where RDKit
    came without it. `inchi_key` null: InChI does not know the molecule.
    """

    smiles: str
    formula: str
    mass: float
    exact_mass: float
    charge: int
    heavy_atoms: int
    logp: float
    tpsa: float
    rotatable_bonds: int
    h_donors: int
    h_acceptors: int
    rings: int
    aromatic_rings: int
    fraction_csp3: float
    stereocentres: int
    sa_score: float | None
    inchi_key: str | None
