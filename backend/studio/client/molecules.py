"""`/molecules`: files, drawings, bonds and properties."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from studio.client.calls import Call, model_of
from studio.client.wishes import checked, given_only
from studio.molecule_types import (
    DepictRequest,
    DepictResult,
    ExportRequest,
    FormatName,
    MoleculeIn,
    MoleculeOut,
    ParseRequest,
    ParseResult,
    PerceiveRequest,
    PerceiveResult,
    PredictRequest,
    PredictResult,
    PropertiesResult,
    Subject,
)
from studio.protocol import Candidate

type MoleculeLike = MoleculeIn | MoleculeOut | Candidate | Mapping[str, Any]
type SubjectLike = MoleculeLike | str
"""A molecule, or a SMILES."""

FILE_S = 120.0


class Ask(Protocol):
    def __call__[T](self, call: Call[T]) -> T: ...


class AsyncAsk(Protocol):
    async def __call__[T](self, call: Call[T]) -> T: ...


class Molecules:
    """What `studio.molecules` can do."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def parse(self, text: str, format: FormatName | None = None, **fields: Any) -> ParseResult:
        """Read a file; `file_name`, `seed` and `perceive` as in `ParseRequest`."""
        return self._ask(_parse(text, format, fields))

    def export(self, molecules: Sequence[MoleculeLike], format: FormatName) -> str:
        """Molecules, or candidates of a result, as a file."""
        return self._ask(_export(molecules, format))

    def depict(self, subject: SubjectLike, **fields: Any) -> DepictResult:
        """A drawing in 2D; `width`, `height`, `theme` and more as in `DepictRequest`."""
        return self._ask(_depict(subject, fields))

    def perceive(self, numbers: Any, positions: Any, charge: int | None = None) -> PerceiveResult:
        """Bonds from coordinates in Å; lists or arrays."""
        return self._ask(_perceive(numbers, positions, charge))

    def properties(self, subject: SubjectLike) -> PropertiesResult:
        """Formula, mass, logP and more."""
        return self._ask(_properties(subject))

    def predict(self, molecules: Sequence[MoleculeLike]) -> PredictResult:
        """Gap and atomisation energy, from the geometries alone. Raises `NotFound` where there is no such model."""
        return self._ask(_predict(molecules))


class AsyncMolecules:
    """The same, awaited."""

    def __init__(self, ask: AsyncAsk) -> None:
        self._ask = ask

    async def parse(self, text: str, format: FormatName | None = None, **fields: Any) -> ParseResult:
        return await self._ask(_parse(text, format, fields))

    async def export(self, molecules: Sequence[MoleculeLike], format: FormatName) -> str:
        return await self._ask(_export(molecules, format))

    async def depict(self, subject: SubjectLike, **fields: Any) -> DepictResult:
        return await self._ask(_depict(subject, fields))

    async def perceive(self, numbers: Any, positions: Any, charge: int | None = None) -> PerceiveResult:
        return await self._ask(_perceive(numbers, positions, charge))

    async def properties(self, subject: SubjectLike) -> PropertiesResult:
        return await self._ask(_properties(subject))

    async def predict(self, molecules: Sequence[MoleculeLike]) -> PredictResult:
        return await self._ask(_predict(molecules))


def _parse(text: str, format: FormatName | None, fields: Mapping[str, Any]) -> Call[ParseResult]:
    body = checked(ParseRequest, {"text": text, **given_only(format=format), **fields})
    return Call("POST", "/molecules/parse", model_of(ParseResult), body=body, timeout_s=FILE_S)


def _export(molecules: Sequence[MoleculeLike], format: FormatName) -> Call[str]:
    body = checked(ExportRequest, {"molecules": [_molecule(one) for one in molecules], "format": format})
    return Call("POST", "/molecules/export", lambda response: response.text, body=body, timeout_s=FILE_S)


def _depict(subject: SubjectLike, fields: Mapping[str, Any]) -> Call[DepictResult]:
    body = checked(DepictRequest, {**_subject(subject), **fields})
    return Call("POST", "/molecules/depict", model_of(DepictResult), body=body)


def _perceive(numbers: Any, positions: Any, charge: int | None) -> Call[PerceiveResult]:
    body = checked(PerceiveRequest, {"numbers": numbers, "positions": positions, **given_only(charge=charge)})
    return Call("POST", "/molecules/perceive", model_of(PerceiveResult), body=body)


def _properties(subject: SubjectLike) -> Call[PropertiesResult]:
    return Call("POST", "/molecules/properties", model_of(PropertiesResult), body=checked(Subject, _subject(subject)))


def _predict(molecules: Sequence[MoleculeLike]) -> Call[PredictResult]:
    geometries = [{key: _molecule(one).get(key) for key in ("numbers", "positions")} for one in molecules]
    body = checked(PredictRequest, {"molecules": geometries})
    return Call("POST", "/molecules/predict", model_of(PredictResult), body=body, timeout_s=FILE_S)


def _subject(subject: SubjectLike) -> dict[str, Any]:
    return {"smiles": subject} if isinstance(subject, str) else {"molecule": _molecule(subject)}


def _molecule(molecule: MoleculeLike) -> dict[str, Any]:
    """As it is sent. A candidate without bonds has them read from its coordinates."""
    match molecule:
        case MoleculeIn():
            return molecule.model_dump(exclude_unset=True)
        case MoleculeOut():
            return molecule.model_dump(include={"numbers", "positions", "bonds", "charges", "name"})
        case Candidate():
            bonds = molecule.bonds if molecule.valid else None
            return {"numbers": molecule.numbers, "positions": molecule.positions, "bonds": bonds}
        case _:
            return dict(molecule)
