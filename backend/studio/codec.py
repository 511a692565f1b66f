"""A frame of a running job, to bytes and back. No I/O.

Little-endian::

    magic u16, version u8, flags u8, job u32, seq u32,
    step u16, n_samples u16, n_atoms u32, t_server_us u64    28 bytes
    positions float32 [n_atoms, 3]                           Å, the samples one after the other
    (sigma_hat float32, rms_force float32) [n_samples]       Å, NaN where not yet known

`topology` says which atoms belong to which sample. Frames may follow one another: each says how long it is, and all
lengths are multiples of 4 bytes.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.errors import CodecError
from studio.protocol import VERSION

MAGIC = 0x4647  # the bytes "GF"
HEADER = struct.Struct("<HBBIIHHIQ")
FLAG_FINAL = 1  # the last frame of its job
FLAG_KEY = 2  # the first or the last frame: never dropped
FLAG_DROPPED = 4  # frames before this one were dropped for a slow reader
_FLAGS = FLAG_FINAL | FLAG_KEY | FLAG_DROPPED
_F4 = np.dtype("<f4")


@dataclass(frozen=True, eq=False)
class Frame:
    """Where the atoms are after `step` steps.

    positions: [n_atoms, 3] Å, float32 or float64 (encoding rounds to the nearest float32).
    sigma_hat, rms_force: [n_samples], Å. seq: counts up within the job and never repeats.
    """

    job: int
    seq: int
    step: int
    t_server_us: int
    positions: NDArray[np.floating]
    sigma_hat: NDArray[np.floating]
    rms_force: NDArray[np.floating]
    flags: int = 0


def size_of(frame: Frame) -> int:
    """Bytes of `frame` when it is encoded."""
    return _size(len(frame.positions), len(frame.sigma_hat))


def encode(frame: Frame, flags: int = 0) -> bytes:
    """The bytes of `frame`; `flags` are added to its own."""
    return encode_all([frame], [flags])


def encode_all(frames: Sequence[Frame], flags: Sequence[int]) -> bytes:
    """The bytes of `frames`, one after the other, through one buffer of the final size.

    flags: of each frame, added to its own.
    """
    sizes = [size_of(frame) for frame in frames]
    data = bytearray(sum(sizes))
    start = 0
    for frame, more, size in zip(frames, flags, sizes, strict=True):
        _encode_into(data, start, frame, more)
        start += size
    return bytes(data)


def decode_all(data: bytes) -> list[Frame]:
    """The frames in `data`, one after the other; their arrays are views. No bytes are no frames.

    Raises `CodecError` when `data` is anything but whole frames.
    """
    frames = []
    start = 0
    while start < len(data):
        frame, size = _decode_at(data, start)
        frames.append(frame)
        start += size
    return frames


def _size(n_atoms: int, n_samples: int) -> int:
    return HEADER.size + 12 * n_atoms + 8 * n_samples


def _encode_into(data: bytearray, start: int, frame: Frame, flags: int) -> None:
    n_atoms, n_samples = len(frame.positions), len(frame.sigma_hat)
    counts = (frame.job, frame.seq, frame.step, n_samples, n_atoms, frame.t_server_us)
    HEADER.pack_into(data, start, MAGIC, VERSION, frame.flags | flags, *counts)
    numbers = np.frombuffer(data, _F4, 3 * n_atoms + 2 * n_samples, start + HEADER.size)
    numbers[: 3 * n_atoms].reshape(n_atoms, 3)[...] = frame.positions
    scalars = numbers[3 * n_atoms :].reshape(n_samples, 2)
    scalars[:, 0] = frame.sigma_hat
    scalars[:, 1] = frame.rms_force


def _decode_at(data: bytes, start: int) -> tuple[Frame, int]:
    """The frame that begins at `start`, and its bytes."""
    left = len(data) - start
    if left < HEADER.size:
        raise CodecError("frame", f"at least {HEADER.size} bytes", f"{left} bytes")
    magic, version, flags, job, seq, step, n_samples, n_atoms, time_us = HEADER.unpack_from(data, start)
    if magic != MAGIC:
        raise CodecError("frame.magic", f"{MAGIC:#06x}", f"{magic:#06x}")
    if version != VERSION:
        raise CodecError("frame.version", str(VERSION), str(version))
    if flags & ~_FLAGS:
        raise CodecError("frame.flags", f"at most {_FLAGS:#x}", f"{flags:#x}")
    size = _size(n_atoms, n_samples)
    if left < size:
        raise CodecError("frame", f"{size} bytes for {n_atoms} atoms and {n_samples} samples", f"{left} bytes")
    numbers = np.frombuffer(data, _F4, 3 * n_atoms + 2 * n_samples, start + HEADER.size)
    scalars = numbers[3 * n_atoms :].reshape(n_samples, 2)
    positions = numbers[: 3 * n_atoms].reshape(n_atoms, 3)
    return Frame(job, seq, step, time_us, positions, scalars[:, 0], scalars[:, 1], flags), size
