"""Frames, byte by byte."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from studio.codec import (
    FLAG_DROPPED,
    FLAG_FINAL,
    FLAG_KEY,
    HEADER,
    MAGIC,
    Frame,
    decode_all,
    encode,
    encode_all,
)
from studio.errors import CodecError


def frame(n_atoms: int = 2, n_samples: int = 1, flags: int = 0) -> Frame:
    positions = np.arange(3.0 * n_atoms).reshape(n_atoms, 3)
    return Frame(7, 5, 3, 1_700_000_000_000_000, positions, np.full(n_samples, 0.5), np.full(n_samples, 0.25), flags)


def decode(data: bytes) -> Frame:
    """The one frame in `data`."""
    (found,) = decode_all(data)
    return found


def test_golden_bytes() -> None:
    data = encode(frame(flags=FLAG_FINAL | FLAG_KEY))
    assert data.hex() == (
        "4746" "01" "03" "07000000" "05000000" "0300" "0100" "02000000" "00401e18240a0600"
        "00000000" "0000803f" "00000040" "00004040" "00008040" "0000a040"
        "0000003f" "0000803e"
    )  # fmt: skip


def test_header_is_28_bytes_and_starts_with_gf() -> None:
    assert HEADER.size == 28
    assert encode(frame())[:2] == b"GF" == struct.pack("<H", MAGIC)


def test_scalars_are_stored_sample_by_sample() -> None:
    sent = Frame(1, 1, 1, 1, np.zeros((2, 3)), np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert struct.unpack("<4f", encode(sent)[-16:]) == (1.0, 3.0, 2.0, 4.0)


def test_flags_can_be_added_when_a_frame_is_sent() -> None:
    assert decode(encode(frame(flags=FLAG_KEY), FLAG_DROPPED)).flags == FLAG_KEY | FLAG_DROPPED


def test_positions_are_rounded_to_the_nearest_float32() -> None:
    positions = np.array([[0.1, 1 / 3, -2.7182818284590455]])
    received = decode(encode(Frame(1, 1, 0, 0, positions, np.zeros(1), np.zeros(1)))).positions
    assert received.dtype == np.float32
    assert received.tobytes() == positions.astype(np.float32).tobytes()


_f4 = st.floats(width=32, allow_nan=False)


@given(
    positions=arrays.arrays(np.float32, st.tuples(st.integers(0, 40), st.just(3)), elements=_f4),
    scalars=arrays.arrays(np.float32, st.tuples(st.integers(0, 9), st.just(2))),
    job=st.integers(0, 2**32 - 1),
    seq=st.integers(0, 2**32 - 1),
    step=st.integers(0, 2**16 - 1),
    time_us=st.integers(0, 2**64 - 1),
    flags=st.integers(0, 7),
)
def test_round_trip(
    positions: np.ndarray, scalars: np.ndarray, job: int, seq: int, step: int, time_us: int, flags: int
) -> None:
    sent = Frame(job, seq, step, time_us, positions, scalars[:, 0], scalars[:, 1], flags)
    data = encode(sent)
    received = decode(data)
    assert (received.job, received.seq, received.step, received.t_server_us, received.flags) == (
        job,
        seq,
        step,
        time_us,
        flags,
    )
    assert received.positions.tobytes() == positions.tobytes()
    np.testing.assert_array_equal(received.sigma_hat, scalars[:, 0])
    np.testing.assert_array_equal(received.rms_force, scalars[:, 1])
    assert encode(received) == data


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda data: data[:27], "frame"),
        (lambda data: data[:-1], "frame"),
        (lambda data: data + b"\0", "frame"),
        (lambda data: b"XX" + data[2:], "frame.magic"),
        (lambda data: data[:2] + b"\2" + data[3:], "frame.version"),
        (lambda data: data[:3] + b"\x80" + data[4:], "frame.flags"),
        (lambda data: data[:16] + b"\xff\xff\xff\xff" + data[20:], "frame"),
    ],
)
def test_what_is_not_a_frame_is_refused(change, field: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CodecError) as caught:
        decode_all(change(encode(frame())))
    assert caught.value.field == field


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_codec_error(data: bytes) -> None:
    with suppress(CodecError):
        decode_all(data)


# --- frames that follow one another ------------------------------------------------------------------


def test_frames_of_any_size_follow_one_another() -> None:
    sent = [frame(2, 1, FLAG_KEY), frame(0, 0), frame(5, 3, FLAG_FINAL)]
    data = encode_all(sent, [0, FLAG_DROPPED, 0])
    assert data == encode(sent[0]) + encode(sent[1], FLAG_DROPPED) + encode(sent[2])
    got = decode_all(data)
    assert [one.flags for one in got] == [FLAG_KEY, FLAG_DROPPED, FLAG_FINAL]
    assert [one.positions.shape for one in got] == [(2, 3), (0, 3), (5, 3)]
    np.testing.assert_array_equal(got[2].positions, sent[2].positions)
    assert decode_all(b"") == [] and encode_all([], []) == b""


@pytest.mark.parametrize("cut", [1, 27, 28, 59])
def test_a_part_of_a_frame_among_whole_ones_is_refused(cut: int) -> None:
    one = encode(frame())
    for data in (one + one[:cut], one[:cut] + one, one + one[cut:]):
        with pytest.raises(CodecError):
            decode_all(data)


@given(st.data())
def test_frames_that_were_tampered_with_raise_a_codec_error_or_are_frames(data: st.DataObject) -> None:
    """Bytes changed, cut out and put in: whatever is taken for frames is of all bytes, and reads back as the same."""
    raw = bytearray(encode_all([frame(n, 1) for n in (1, 2, 3)], [0, 0, 0]))
    for _ in range(data.draw(st.integers(0, 3))):
        i = data.draw(st.integers(0, len(raw)))
        j = data.draw(st.integers(i, min(len(raw), i + 12)))
        raw[i:j] = data.draw(st.binary(max_size=12))
    with suppress(CodecError):
        got = decode_all(bytes(raw))
        assert encode_all(got, [0] * len(got)) == raw
