"""Files in and out, drawings and properties, awaited from the event loop; the work is done in killable processes.

A file is read record by record, so that a bad one costs its neighbours nothing, and so that two clients' files go on
side by side.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from gpff.depict import Depiction, Style
from gpff.descriptors import Properties
from gpff.errors import InputError, LimitError, WeightsError
from gpff.formats import Format, Parsed, Reading, Unreadable, unreadable, write
from gpff.molecule_workers import (
    MoleculeWorkers,
    Prediction,
    complete,
    depiction,
    perceive_at,
    predicted,
    predictor_card,
    properties_of,
    read_record,
    records,
    unpacked,
)
from gpff.predictor import Card
from studio.errors import Busy, EngineError, NotFound

MAX_PRESENT = 32  # requests that are being worked on; beyond it `Busy`
RETRY_AFTER_S = 1.0


@dataclass(frozen=True)
class Atoms:
    """A molecule as it was sent: numbers [n], positions [n, 3] Å; `bonds` None when they are not known."""

    numbers: Sequence[int]
    positions: Sequence[Sequence[float]]
    bonds: Sequence[tuple[int, int, int]] | None = None
    charges: Sequence[int] | None = None
    name: str = ""


class Chemist:
    """Every method raises `InputError` for what cannot be done, `LimitError` for what takes too much time or memory,
    `Busy` when too many requests are present, and `EngineError` when the processes do not start.

    timeout_s, memory_mb: for one molecule; file_timeout_s: for one file; max_records: of one file; max_atoms: of one
    record; property_model: the weights that predict, see `gpff.predictor.load`
    """

    def __init__(
        self,
        n_workers: int = 1,
        timeout_s: float = 5.0,
        memory_mb: int = 1024,
        file_timeout_s: float = 30.0,
        max_records: int = 1000,
        max_atoms: int = 4096,
        property_model: str = "properties",
    ) -> None:
        self._workers = MoleculeWorkers(n_workers, timeout_s, memory_mb)
        self._file_timeout_s = file_timeout_s
        self._max_records = max_records
        self._max_atoms = max_atoms
        self._property_model = property_model
        self._card: Card | None = None
        self._present = 0

    async def parse(
        self, text: str, format: Format | None, file_name: str, seed: int, perceive: bool
    ) -> tuple[Format, list[Parsed | Unreadable]]:
        """The format of a text, and its records in their order."""
        how = Reading(seed, self._max_atoms, perceive)
        async with self._turn():
            known, texts = await self._run(records, text, format, file_name, self._max_records)
            found: dict[int, Parsed | Unreadable] = {}

            async def read(index: int) -> None:
                found[index] = await self._record(index, texts[index], known, how)

            await self._each(read, len(texts))
        late = f"not read: reading the file took longer than {self._file_timeout_s:g} s"
        return known, [found.get(index, Unreadable(index, late)) for index in range(len(texts))]

    async def export(self, molecules: Sequence[Atoms], format: Format) -> str:
        """The molecules as one file; bonds that are not known are read from the coordinates."""
        self._check_count(molecules)
        async with self._turn():
            found: dict[int, Parsed] = {}

            async def prepare(index: int) -> None:
                with_bonds = format not in ("xyz", "extxyz")
                try:
                    found[index] = await self._molecule(molecules[index], with_bonds)
                except InputError as error:
                    raise error.under(f"molecules.{index}") from error

            await self._each(prepare, len(molecules))
            if len(found) < len(molecules):
                expected = f"molecules that are ready within {self._file_timeout_s:g} s"
                raise LimitError("molecules", expected, f"{len(found)} of {len(molecules)}")
            return await self._run(write, [found[index] for index in range(len(molecules))], format)

    async def depict(self, subject: Atoms | str, style: Style, highlight: Sequence[int]) -> Depiction:
        """A drawing of a molecule or of a SMILES."""
        async with self._turn():
            return await self._of(subject, lambda given: self._run(depiction, given, style, highlight, self._max_atoms))

    async def properties(self, subject: Atoms | str) -> Properties:
        """The properties of a molecule or of a SMILES."""
        async with self._turn():
            return await self._of(subject, lambda given: self._run(properties_of, given, self._max_atoms))

    async def predict(self, molecules: Sequence[Atoms]) -> tuple[Card, list[Prediction]]:
        """Gap and energy of each, from its geometry, and the card of the model that predicts them.

        What cannot be predicted says why and costs its neighbours nothing. The network is loaded with the first call.
        Raises `NotFound` when there is no such model.
        """
        self._check_count(molecules)
        found: dict[int, Prediction] = {}

        async def predict(index: int) -> None:
            atoms = molecules[index]
            try:
                self._check(atoms)
                found[index] = await self._run(predicted, atoms.numbers, atoms.positions, self._property_model)
            except InputError as error:
                if error.field != "record":
                    raise error.under(f"molecules.{index}") from error
                found[index] = Prediction(reason=f"expected {error.expected}, got {error.got}")

        async with self._turn():
            try:
                card = await self._model_of_properties()
                await self._each(predict, len(molecules))
            except WeightsError as error:
                raise EngineError(str(error)) from error
        late = Prediction(reason=f"not predicted: the molecules before it took {self._file_timeout_s:g} s")
        return card, [found.get(index, late) for index in range(len(molecules))]

    async def perceive(self, atoms: Atoms, charge: int | None) -> Parsed:
        """Bonds from coordinates: see `gpff.molecule_workers.perceive_at`."""
        self._check(atoms)
        async with self._turn():
            try:
                return await self._run(perceive_at, atoms.numbers, atoms.positions, charge)
            except InputError as error:
                raise _renamed(error, "positions") from error

    async def close(self) -> None:
        """Kill the processes."""
        await asyncio.to_thread(self._workers.close)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._present >= MAX_PRESENT:
            raise Busy("too many files and drawings are being worked on", RETRY_AFTER_S)
        self._present += 1
        try:
            yield
        finally:
            self._present -= 1

    async def _run[**P, T](self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            answer = await asyncio.wrap_future(self._workers.submit(function, *args, **kwargs))
        except (RuntimeError, OSError) as error:
            raise EngineError("the processes that read and draw molecules do not start, or have been closed") from error
        return unpacked(answer)

    async def _each(self, act: Callable[[int], Awaitable[None]], n: int) -> None:
        """`act(0)` to `act(n - 1)`, a few at a time so that others have their turn; until the file's time is up."""
        todo = iter(range(n))

        async def some() -> None:
            for index in todo:
                await act(index)

        try:
            async with asyncio.timeout(self._file_timeout_s), asyncio.TaskGroup() as group:
                for _ in range(min(n, self._workers.n_workers + 1)):
                    group.create_task(some())
        except TimeoutError:
            return
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _record(self, index: int, text: str, format: Format, how: Reading) -> Parsed | Unreadable:
        try:
            return await self._run(read_record, text, format, how)
        except InputError as error:
            if not (isinstance(error, LimitError) and how.perceive) or format == "smiles":
                return unreadable(index, error)
            slow = error
        try:  # its atoms can be had even when its bonds take too long
            found = await self._run(read_record, text, format, replace(how, perceive=False))
        except InputError as error:
            return unreadable(index, error)
        return found if found.reason is None else replace(found, reason=_gave_up(slow))

    async def _model_of_properties(self) -> Card:
        if self._card is None:
            self._card = await self._run(predictor_card, self._property_model)
        if self._card is None:
            raise NotFound("this service has no model that predicts properties")
        return self._card

    async def _molecule(self, atoms: Atoms, perceive: bool) -> Parsed:
        self._check(atoms)
        parts = (atoms.numbers, atoms.positions, atoms.bonds, atoms.charges, atoms.name)
        try:
            return await self._run(complete, *parts, perceive)
        except LimitError as slow:
            if not perceive or atoms.bonds is not None:
                raise
            return replace(await self._run(complete, *parts, False), reason=_gave_up(slow))

    async def _of[T](self, subject: Atoms | str, act: Callable[[Parsed | str], Awaitable[T]]) -> T:
        """`act` on a subject, its complaints in terms of the request."""
        field = "smiles" if isinstance(subject, str) else "molecule"
        try:
            given = subject if isinstance(subject, str) else await self._molecule(subject, True)
            return await act(given)
        except InputError as error:
            if error.field.split(".")[0] in ("width", "height", "highlight"):
                raise
            raise (_renamed(error, field) if error.field == "record" else error.under(field)) from error

    def _check_count(self, molecules: Sequence[Atoms]) -> None:
        if len(molecules) > self._max_records:
            raise LimitError("molecules", f"at most {self._max_records} molecules", str(len(molecules)))

    def _check(self, atoms: Atoms) -> None:
        if len(atoms.numbers) > self._max_atoms:
            raise LimitError("numbers", f"at most {self._max_atoms} atoms", str(len(atoms.numbers)))


def _renamed(error: InputError, field: str) -> InputError:
    """A complaint about the record, in the name that the request has for it."""
    return type(error)(field, error.expected, error.got) if error.field == "record" else error


def _gave_up(slow: InputError) -> str:
    return f"bond perception: expected {slow.expected}, got {slow.got}"
