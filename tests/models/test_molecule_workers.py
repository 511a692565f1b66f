"""Files and drawings in killable processes: hostile input costs only itself."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
from worker_targets import act

from gpff import formats
from gpff.depict import Style
from gpff.errors import InputError, LimitError
from gpff.formats import FORMATS, Format, Parsed, Reading
from gpff.molecule_workers import (
    MoleculeWorkers,
    complete,
    depiction,
    perceive_at,
    properties_of,
    read_record,
    records,
    unpacked,
    write,
)

CHAIN = "CCO"


@pytest.fixture(scope="module")
def workers() -> Iterator[MoleculeWorkers]:
    with_limits = MoleculeWorkers(timeout_s=1.0, memory_mb=400)
    yield with_limits
    with_limits.close()


def molecule(workers: MoleculeWorkers, smiles: str = CHAIN) -> Parsed:
    return unpacked(workers.submit(read_record, smiles, "smiles", Reading()).result())


def test_a_file_goes_all_the_way(workers: MoleculeWorkers) -> None:
    ethanol = molecule(workers)
    for format in FORMATS:
        text = unpacked(workers.submit(write, [ethanol], format).result())
        known, found = unpacked(workers.submit(records, text, None, "", 10).result())
        assert known == format and len(found) == 1
        assert unpacked(workers.submit(read_record, found[0], known, Reading()).result()).smiles == CHAIN
    drawing = unpacked(workers.submit(depiction, ethanol, Style(), [0], 100).result())
    assert drawing == unpacked(workers.submit(depiction, CHAIN, Style(), [0], 100).result())
    assert unpacked(workers.submit(properties_of, ethanol, 100).result()).formula == "C2H6O"


def test_bonds_that_are_not_given_are_perceived(workers: MoleculeWorkers) -> None:
    ethanol = molecule(workers)
    z, x = ethanol.numbers.tolist(), ethanol.positions.tolist()
    assert unpacked(workers.submit(complete, z, x, None, None, "a").result()).smiles == CHAIN
    assert unpacked(workers.submit(complete, z, x, [], None, "a").result()).bonds == ()
    assert unpacked(workers.submit(perceive_at, z, x, None).result()).smiles == CHAIN
    cation = molecule(workers, "C[NH3+]")
    z, x = cation.numbers.tolist(), cation.positions.tolist()
    at_zero = unpacked(workers.submit(perceive_at, z, x, None).result())
    assert at_zero.smiles is None and at_zero.reason
    at_one = unpacked(workers.submit(perceive_at, z, x, 1).result())
    assert at_one.smiles == "C[NH3+]" and sum(at_one.charges) == 1


def test_errors_come_back_with_their_field(workers: MoleculeWorkers) -> None:
    with pytest.raises(LimitError, match="text: expected at most 2 records, got 3"):
        unpacked(workers.submit(records, "C\nC\nC", "smiles", "", 2).result())
    answer = workers.submit(complete, [6, 1], [[0, 0, 0], [0, 0, 1]], [(0, 2, 1)], None, "").result()
    assert isinstance(answer, InputError) and answer.field == "bonds.0"
    unknown = formats.structure([6], [[0, 0, 0]])
    with pytest.raises(InputError, match="bonds: expected known bonds, got no bonds are given"):
        unpacked(workers.submit(properties_of, unknown, 100).result())


# What made, or might make, a parser hang, crash or take all the memory there is.
HOSTILE: list[tuple[Format, str]] = [
    ("smiles", "C" * 3_000),
    ("smiles", "C1" * 20_000),
    ("smiles", "(" * 100_000),
    ("smiles", "C" + "(C" * 5_000 + ")" * 5_000),
    ("smiles", "[" * 100_000),
    ("smiles", "C%(99999999999)CC%(99999999999)"),
    ("smiles", "[C:99999999999999999999]"),
    ("smiles", "".join(f"C%{10 + k % 90}" for k in range(900)) * 2),
    ("smiles", "C12C3C4C1C5C2C3C45" * 50),
    ("sdf", "\n\n\n999999  0  0  0  0  0  0  0  0999 V2000\n" + "x\n" * 5_000),
    ("sdf", "\n\n\n  0  0  0     0  0            999 V3000\nM  V30 BEGIN CTAB\nM  V30 COUNTS 4000000000 0 0 0 0\n"),
    ("sdf", "\n\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\n" + "M  CHG999" * 1_000),
    ("xyz", "1000000\n\n" + "C 0 0 0\n" * 1_000),
    ("xyz", "3000\n\n" + "C 0 0 0\n" * 3_000),
    ("xyz", "300\n\n" + "".join(f"N {k} {k % 7 / 5} {k % 3}\n" for k in range(300))),
    ("extxyz", "1\nProperties=" + "a:R:" * 20_000 + '="' * 20_000 + "\nC 0 0 0\n"),
    ("pdb", "HETATM" * 50_000),
    ("pdb", "ATOM      1  C   MOL A   1         nan     nan     inf  1.00  0.00           C\n" * 3),
]


@pytest.mark.parametrize(("format", "text"), HOSTILE)
def test_hostile_text_gets_an_answer_and_the_next_one_is_read(
    format: Format, text: str, workers: MoleculeWorkers
) -> None:
    pieces = unpacked(workers.submit(records, text, format, "", 1_000).result())[1]
    answers = [workers.submit(read_record, piece, format, Reading(max_atoms=5_000)).result() for piece in pieces[:2]]
    for answer in answers:
        assert isinstance(answer, InputError) or answer.reason is not None or answer.smiles is not None
        if isinstance(answer, Parsed):
            assert np.isfinite(answer.positions).all()
    assert molecule(workers).smiles == CHAIN


@pytest.mark.parametrize(
    ("what", "error", "message"),
    [
        ("hang", LimitError, "expected what takes at most 1 s, got something that takes longer"),
        ("eat", LimitError, "expected what needs at most 400 MB, got something that needs more"),
        ("crash", InputError, "expected what RDKit can handle, got something that crashes it"),
        ("raise", InputError, "expected what RDKit can handle, got KeyError: 'lost'"),
    ],
)
def test_a_failure_is_an_answer(what: str, error: type, message: str, workers: MoleculeWorkers) -> None:
    failed, after = workers.submit(act, what), workers.submit(act, "work")
    answer = failed.result()
    assert type(answer) is error and message in str(answer)
    assert after.result() == "did work"


def test_closed_workers_refuse_and_queued_calls_end() -> None:
    pool = MoleculeWorkers(timeout_s=30.0)
    hanging, queued = pool.submit(act, "hang"), pool.submit(act, "work")
    while not hanging.running():
        time.sleep(0.01)
    pool.close()
    assert queued.cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(act, "work")
