"""What stands between the endpoints and the processes: turns, time, and records that fail alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from gpff.errors import InputError, LimitError
from gpff.formats import Parsed, Unreadable
from gpff.workers import WorkerStartError
from studio import chemist as module
from studio.chemist import Atoms, Chemist
from studio.errors import Busy, EngineError, NotFound

# RDKit searches long for the bond orders of this many atoms in a heap.
HEAP = "300\n\n" + "".join(f"N {k} {k % 7 / 5} {k % 3}\n" for k in range(300))
CORNERS = [[1, 1, 1], [-1, -1, 1], [-1, 1, -1], [1, -1, -1]]
METHANE = Atoms([6, 1, 1, 1, 1], [[0.0, 0.0, 0.0], *([0.63 * value for value in corner] for corner in CORNERS)])


@pytest.fixture
async def chemist() -> AsyncIterator[Chemist]:
    found = Chemist(timeout_s=20.0, file_timeout_s=60.0, max_records=20)
    yield found
    await found.close()


def is_heap(record: Parsed | Unreadable) -> bool:
    return isinstance(record, Parsed) and len(record.numbers) == 300


async def test_atoms_can_be_had_even_when_their_bonds_take_too_long(
    chemist: Chemist, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = LimitError("record", "what takes at most 1 s", "something that takes longer")
    run = chemist._run

    async def hanging(function: Callable[..., Any], *args: Any) -> Any:
        if function.__name__ == "read_record" and args[2].perceive and args[0].startswith("300"):
            raise slow
        return await run(function, *args)

    monkeypatch.setattr(chemist, "_run", hanging)
    format, (before, heap, after) = await chemist.parse("1\n\nHe 0 0 0\n" + HEAP + "1\n\nHe 0 0 0\n", None, "", 0, True)
    assert format == "xyz" and is_heap(heap) and isinstance(heap, Parsed)
    assert heap.reason == "bond perception: expected what takes at most 1 s, got something that takes longer"
    assert all(isinstance(record, Parsed) and record.smiles == "[He]" for record in (before, after))


async def test_two_files_are_read_side_by_side(chemist: Chemist, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    record = chemist._record

    async def noted(index: int, text: str, format: Any, how: Any) -> Any:
        found = await record(index, text, format, how)
        order.append(text)
        return found

    monkeypatch.setattr(chemist, "_record", noted)
    long = chemist.parse("\n".join(["CC"] * 20), "smiles", "", 0, True)
    short = chemist.parse("O", "smiles", "", 0, True)
    await asyncio.gather(long, short)
    assert order.index("O") < 6


async def test_a_file_has_its_time_and_no_more(chemist: Chemist, monkeypatch: pytest.MonkeyPatch) -> None:
    record = chemist._record

    async def stuck_at_the_second(index: int, text: str, format: Any, how: Any) -> Any:
        if text == "OO":
            await asyncio.sleep(3600)
        return await record(index, text, format, how)

    monkeypatch.setattr(chemist, "_record", stuck_at_the_second)
    await chemist.parse("C", "smiles", "", 0, True)  # the process has started
    monkeypatch.setattr(chemist, "_file_timeout_s", 0.5)
    _, found = await chemist.parse("C\nOO\nN", "smiles", "", 0, True)
    assert [isinstance(one, Parsed) for one in found] == [True, False, True]
    assert found[1] == Unreadable(1, "not read: reading the file took longer than 0.5 s")


async def test_an_export_is_whole_or_not_at_all(chemist: Chemist, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await chemist.export([METHANE] * 20, "smiles") == "C\n" * 20
    with pytest.raises(LimitError, match="molecules: expected at most 20 molecules, got 21"):
        await chemist.export([METHANE] * 21, "smiles")
    with pytest.raises(InputError, match=r"molecules.1.positions: expected an array \[1, 3\]"):
        await chemist.export([METHANE, Atoms([6], [])], "sdf")

    async def never(*_: Any) -> Parsed:
        await asyncio.sleep(3600)
        raise AssertionError

    monkeypatch.setattr(chemist, "_molecule", never)
    monkeypatch.setattr(chemist, "_file_timeout_s", 0.05)
    with pytest.raises(LimitError, match=r"molecules: expected molecules that are ready within 0.05 s, got 0 of 1"):
        await chemist.export([METHANE], "sdf")


async def test_a_molecule_that_hangs_or_comes_too_late_costs_its_neighbours_no_prediction(
    chemist: Chemist, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = LimitError("record", "what takes at most 1 s", "something that takes longer")
    run = chemist._run

    async def hanging(function: Callable[..., Any], *args: Any) -> Any:
        if args[0] == [7]:
            raise slow
        if args[0] == [8]:
            await asyncio.sleep(3600)
        return await run(function, *args)

    monkeypatch.setattr(chemist, "_run", hanging)
    hanging_one, stuck = Atoms([7], [[0.0, 0.0, 0.0]]), Atoms([8], [[0.0, 0.0, 0.0]])
    card, (before, none, after) = await chemist.predict([METHANE, hanging_one, METHANE])
    assert card.name == "properties" and before == after and before.gap is not None
    assert none.reason == "expected what takes at most 1 s, got something that takes longer"
    monkeypatch.setattr(chemist, "_file_timeout_s", 0.5)
    _, (early, late, other) = await chemist.predict([METHANE, stuck, METHANE])
    assert early == other == before and late.gap is None
    assert late.reason == "not predicted: the molecules before it took 0.5 s"


async def test_predictions_have_their_limits(chemist: Chemist) -> None:
    with pytest.raises(LimitError, match="molecules: expected at most 20 molecules, got 21"):
        await chemist.predict([METHANE] * 21)
    with pytest.raises(LimitError, match=r"molecules\.1\.numbers: expected at most 4096 atoms, got 4097"):
        await chemist.predict([METHANE, Atoms([1] * 4097, [[0.0, 0.0, 0.0]] * 4097)])
    with pytest.raises(InputError, match=r"molecules\.0\.positions: expected an array \[2, 3\]"):
        await chemist.predict([Atoms([6, 1], [[0.0, 0.0, 0.0]])])


async def test_without_a_model_nothing_is_predicted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = Chemist(property_model="no-such-model")
    with pytest.raises(NotFound, match="no model that predicts properties"):
        await without.predict([METHANE])
    (tmp_path / "bare.safetensors").write_bytes(b"")
    monkeypatch.setattr(without, "_property_model", str(tmp_path / "bare.safetensors"))
    with pytest.raises(EngineError, match=r"bare\.safetensors: expected a manifest"):
        await without.predict([METHANE])
    await without.close()


async def test_too_many_at_once_are_told_to_come_back(chemist: Chemist, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PRESENT", 2)
    calls = [chemist.properties("C") for _ in range(5)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, Busy) for one in found) == 3
    assert (await chemist.properties("C")).formula == "CH4"


async def test_processes_that_do_not_start_are_an_error_of_the_service(
    chemist: Chemist, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise WorkerStartError("no more processes")

    monkeypatch.setattr(chemist._workers, "submit", refuse)
    with pytest.raises(EngineError, match="do not start"):
        await chemist.properties("C")
    with pytest.raises(EngineError, match="do not start"):
        await chemist.export([METHANE] * 3, "sdf")


async def test_a_closed_one_refuses() -> None:
    closed = Chemist()
    await closed.close()
    with pytest.raises(EngineError, match="have been closed"):
        await closed.properties("C")
