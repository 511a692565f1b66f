"""Files and drawings in killable processes: hostile input costs only itself."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from worker_targets import act

import gpff
from gpff import formats
from gpff.depict import Style
from gpff.errors import InputError, LimitError, WeightsError
from gpff.formats import FORMATS, Format, Parsed, Reading
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
    write,
)

CHAIN = "CCO"


@pytest.fixture(scope="module")
def workers() -> Iterator[MoleculeWorkers]:
    with_limits = MoleculeWorkers(timeout_s=1.0, memory_mb=400)
    yield with_limits
    with_limits.close()


@pytest.fixture(scope="module")
def patient() -> Iterator[MoleculeWorkers]:
    """For calls that have to succeed, however busy the machine: RDKit's first score reads a table of 90 MB."""
    with_time = MoleculeWorkers(timeout_s=60.0)
    yield with_time
    with_time.close()


def molecule(workers: MoleculeWorkers, smiles: str = CHAIN) -> Parsed:
    return unpacked(workers.submit(read_record, smiles, "smiles", Reading()).result())


def test_a_file_goes_all_the_way(patient: MoleculeWorkers) -> None:
    ethanol = molecule(patient)
    for format in FORMATS:
        text = unpacked(patient.submit(write, [ethanol], format).result())
        known, found = unpacked(patient.submit(records, text, None, "", 10).result())
        assert known == format and len(found) == 1
        assert unpacked(patient.submit(read_record, found[0], known, Reading()).result()).smiles == CHAIN
    drawing = unpacked(patient.submit(depiction, ethanol, Style(), [0], 100).result())
    assert drawing == unpacked(patient.submit(depiction, CHAIN, Style(), [0], 100).result())
    assert unpacked(patient.submit(properties_of, ethanol, 100).result()).formula == "C2H6O"


def test_bonds_that_are_not_given_are_perceived(patient: MoleculeWorkers) -> None:
    ethanol = molecule(patient)
    z, x = ethanol.numbers.tolist(), ethanol.positions.tolist()
    assert unpacked(patient.submit(complete, z, x, None, None, "a").result()).smiles == CHAIN
    assert unpacked(patient.submit(complete, z, x, [], None, "a").result()).bonds == ()
    assert unpacked(patient.submit(perceive_at, z, x, None).result()).smiles == CHAIN
    cation = molecule(patient, "C[NH3+]")
    z, x = cation.numbers.tolist(), cation.positions.tolist()
    at_zero = unpacked(patient.submit(perceive_at, z, x, None).result())
    assert at_zero.smiles is None and at_zero.reason
    at_one = unpacked(patient.submit(perceive_at, z, x, 1).result())
    assert at_one.smiles == "C[NH3+]" and sum(at_one.charges) == 1
    for charge, smiles in ((1, "[H+]"), (0, "[H]"), (-1, "[H-]")):
        assert unpacked(patient.submit(perceive_at, [1], [[0, 0, 0]], charge).result()).smiles == smiles


def test_errors_come_back_with_their_field(patient: MoleculeWorkers) -> None:
    with pytest.raises(LimitError, match="text: expected at most 2 records, got 3"):
        unpacked(patient.submit(records, "C\nC\nC", "smiles", "", 2).result())
    answer = patient.submit(complete, [6, 1], [[0, 0, 0], [0, 0, 1]], [(0, 2, 1)], None, "").result()
    assert isinstance(answer, InputError) and answer.field == "bonds.0"
    unknown = formats.structure([6], [[0, 0, 0]])
    with pytest.raises(InputError, match="bonds: expected known bonds, got no bonds are given"):
        unpacked(patient.submit(properties_of, unknown, 100).result())


def test_gap_and_energy_are_those_of_the_library_or_say_why_there_are_none(patient: MoleculeWorkers) -> None:
    def of(smiles: str) -> tuple[Parsed, Prediction]:
        one = molecule(patient, smiles)
        call = patient.submit(predicted, one.numbers.tolist(), one.positions.tolist(), "properties")
        return one, unpacked(call.result())

    ethanol, found = of(CHAIN)
    (expected,) = gpff.properties([ethanol])
    assert found.gap == pytest.approx(expected.gap, abs=1e-4)
    assert found.atomisation_energy == pytest.approx(expected.atomisation_energy, abs=1e-3)
    assert found.reason is None and not found.beyond_training
    _, decane = of("C" * 10)
    assert decane.gap is not None and decane.beyond_training and decane.reason is None
    _, chlorinated = of("ClCC")
    why = "the model was trained on H, C, N, O, F, not on Cl"
    assert chlorinated == Prediction(reason=why, beyond_training=True)
    reasons = {
        "[CH3]": "not a whole molecule: radical on C1",
        "C.C": "not a whole molecule: 2 separate fragments",
        "C[NH3+]": "not a whole molecule: ",
    }
    for smiles, reason in reasons.items():
        _, none = of(smiles)
        assert none.gap is None and none.atomisation_energy is None and not none.beyond_training
        assert none.reason is not None and none.reason.startswith(reason), none.reason
    heap = patient.submit(predicted, [6, 1], [[0, 0, 0], [0, 0, 0.1]], "properties").result()
    assert unpacked(heap).reason == "not a whole molecule: atoms 1 and 2 overlap (0.10 Å)"


def test_weights_that_are_missing_or_wrong_are_told_by_their_error(patient: MoleculeWorkers, tmp_path: Path) -> None:
    card = unpacked(patient.submit(predictor_card, "properties").result())
    assert card is not None and card.name == "properties"
    assert unpacked(patient.submit(predictor_card, "no-such-model").result()) is None
    with pytest.raises(WeightsError, match="expected the weights no-such-model, got none"):
        unpacked(patient.submit(predicted, [1], [[0, 0, 0]], "no-such-model").result())
    (tmp_path / "bare.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"bare\.safetensors: expected a manifest beside it"):
        unpacked(patient.submit(predictor_card, str(tmp_path / "bare.safetensors")).result())


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
