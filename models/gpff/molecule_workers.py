"""Files read and written, molecules drawn and measured, in processes of their own with limits of time and memory.

Text from strangers can make RDKit hang, crash or eat memory. Each call here costs at most itself: the worker is
replaced, and no other call notices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from gpff import predictor
from gpff.chemistry import Verdict, perceive
from gpff.depict import Depiction, Style, depict
from gpff.descriptors import Properties, properties
from gpff.elements import PERIODIC
from gpff.errors import GpffError, InputError, LimitError, WeightsError
from gpff.formats import Format, Parsed, detect, perceived, read_record, split, structure, write
from gpff.readers import smiles_to_mol
from gpff.structures import to_mol
from gpff.worker import Failure
from gpff.workers import Workers
from gpff.writers import arrays

__all__ = [
    "MoleculeWorkers",
    "Prediction",
    "complete",
    "depiction",
    "perceive_at",
    "predicted",
    "predictor_card",
    "properties_of",
    "read_record",
    "records",
    "unpacked",
    "write",
]


class MoleculeWorkers:
    """A pool for the functions of this module. Processes start with the first call. Thread-safe; close it.

    timeout_s, memory_mb: per call, memory on top of what an idle worker holds
    """

    def __init__(self, n_workers: int = 1, timeout_s: float = 5.0, memory_mb: int = 1024) -> None:
        self.n_workers = n_workers
        self.timeout_s = timeout_s
        self.memory_mb = memory_mb
        self._workers: Workers[Any] = Workers(_answer, self._unanswered, n_workers, timeout_s, memory_mb)

    def submit[**P, T](self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T | GpffError]:
        """Queue `function(*args, **kwargs)`, an importable function of what can be pickled.

        An error of the library is an answer like any other (see `unpacked`). Raises RuntimeError after `close`.
        """
        return self._workers.submit(function, args, kwargs)

    def close(self) -> None:
        """Kill the processes; what is queued is cancelled. Safe to call twice."""
        self._workers.close()

    def _unanswered(self, failure: Failure, detail: str) -> InputError:
        match failure:
            case Failure.TIMEOUT:
                return LimitError("record", f"what takes at most {self.timeout_s:g} s", "something that takes longer")
            case Failure.MEMORY:
                return LimitError("record", f"what needs at most {self.memory_mb} MB", "something that needs more")
            case Failure.CRASH:
                return InputError("record", "what RDKit can handle", "something that crashes it")
            case Failure.ERROR:
                return InputError("record", "what RDKit can handle", detail.strip().split("\n")[0][:200])


@dataclass(frozen=True)
class Prediction:
    """Of one molecule, eV: a network's predictions, or in words why there are none.

    beyond_training: it is larger than what the network was trained on, or has other elements
    """

    gap: float | None = None
    atomisation_energy: float | None = None
    reason: str | None = None
    beyond_training: bool = False


def unpacked[T](answer: T | GpffError) -> T:
    """The answer of a call. Raises the InputError, or other error of the library, that came back instead."""
    if isinstance(answer, GpffError):
        raise answer
    return answer


def records(text: str, format: Format | None, file_name: str, max_records: int) -> tuple[Format, list[str]]:
    """The format (detected when None) and the records of a text. Raises LimitError for too many, InputError."""
    known = format or detect(text, file_name)
    found = split(text, known)
    if len(found) > max_records:
        raise LimitError("text", f"at most {max_records} records", str(len(found)))
    return known, found


def complete(
    numbers: Sequence[int],
    positions: Sequence[Sequence[float]],
    bonds: Sequence[tuple[int, int, int]] | None,
    charges: Sequence[int] | None,
    name: str,
    perceive: bool = True,
) -> Parsed:
    """A molecule from its parts; bonds that are None are perceived. Raises InputError as `structure` does."""
    found = structure(numbers, positions, bonds, charges, name)
    return perceived(found, sum(found.charges)) if perceive and bonds is None else found


def perceive_at(numbers: Sequence[int], positions: Sequence[Sequence[float]], charge: int | None) -> Parsed:
    """Bonds from coordinates: by the project's test of validity, or at a total charge, charged groups allowed.

    The answer has bonds and SMILES, or the reason why not. Raises InputError for arrays that do not fit together.
    """
    bare = structure(numbers, positions)
    if charge is not None:
        return perceived(bare, charge)
    verdict: Verdict = perceive(numbers, positions)
    return replace(bare, bonds=verdict.bonds, smiles=verdict.smiles, reason=verdict.reason)


def depiction(molecule: Parsed | str, style: Style, highlight: Sequence[int], max_atoms: int) -> Depiction:
    """A drawing of a molecule or of a SMILES. Raises InputError for unknown bonds, and as `depict` does."""
    return depict(_mol(molecule, max_atoms), style, highlight)


def properties_of(molecule: Parsed | str, max_atoms: int) -> Properties:
    """The properties of a molecule or of a SMILES. Raises InputError for unknown bonds and for what is no SMILES."""
    return properties(_mol(molecule, max_atoms))


def predictor_card(model: str) -> predictor.Card | None:
    """Of the property model of this name (see `gpff.predictor.load`), which this process then has; None: none such.

    Raises WeightsError.
    """
    found = predictor.load(model)
    return None if found is None else found.card


def predicted(numbers: Sequence[int], positions: Sequence[Sequence[float]], model: str) -> Prediction:
    """HOMO–LUMO gap and atomisation energy from the geometry alone: numbers [n_atoms], positions [n_atoms, 3] Å.

    Only for what `perceive` takes for one whole molecule: so was every molecule that the network was trained on.
    Raises InputError for arrays that do not fit together, WeightsError.
    """
    network = predictor.load(model)
    if network is None:
        raise WeightsError(f"property model: expected the weights {model}, got none")
    z, x = arrays(numbers, positions)
    seen = network.card.trained_on
    beyond = int((z > 1).sum()) > seen.max_heavy_atoms
    unknown = sorted(set(z.tolist()) - set(seen.elements))
    if unknown:
        known, found = (", ".join(PERIODIC[number - 1] for number in some) for some in (seen.elements, unknown))
        return Prediction(reason=f"the model was trained on {known}, not on {found}", beyond_training=True)
    whole = perceive(z, x)
    if not whole.valid:
        return Prediction(reason=f"not a whole molecule: {whole.reason}", beyond_training=beyond)
    return Prediction(*network(z, x), beyond_training=beyond)


def _mol(molecule: Parsed | str, max_atoms: int) -> Any:
    if isinstance(molecule, str):
        return smiles_to_mol(molecule, max_atoms)
    if molecule.reason is not None:
        raise InputError("bonds", "known bonds", molecule.reason)
    return to_mol(molecule)


def _answer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """In the worker: an error of the library travels back whole, an InputError with its field."""
    try:
        return function(*args, **kwargs)
    except GpffError as error:
        return error
