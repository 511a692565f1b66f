"""The kept frames of a job as a file: as they cross the socket, as extended XYZ, or as a PDB file of many models."""

from collections.abc import Iterable, Iterator, Sequence

from gpff.errors import InputError
from gpff.writers import MAX_PDB_ATOMS, Value, extxyz_frames, pdb_frames
from studio.codec import FLAG_DROPPED, Frame, encode
from studio.job import Job
from studio.job_types import TrajectoryFormat

MEDIA_TYPES: dict[TrajectoryFormat, str] = {
    "frames": "application/vnd.gpff.frames",
    "extxyz": "chemical/x-extxyz",
    "pdb": "chemical/x-pdb",
}
CHUNK_BYTES = 2**17
LEAST_PDB = -999.99  # Å: the columns hold no less


def written(job: Job, format: TrajectoryFormat, last_seq: int) -> Iterator[bytes]:
    """The frames after `last_seq` in chunks. Raises `InputError`, at once, for what the format cannot hold."""
    frames = [frame for frame in job.trajectory.frames if frame.seq > last_seq]
    if format == "frames":
        return _joined(_encoded(frames, last_seq))
    if not frames:
        return iter(())
    numbers, ptr = job.trajectory.numbers, job.trajectory.ptr
    positions = [frame.positions for frame in frames]
    if format == "extxyz":
        texts = extxyz_frames(numbers, positions, ptr, map(_facts, frames))
    else:
        least = min(float(x.min()) for x in positions)
        if least < LEAST_PDB or len(numbers) > MAX_PDB_ATOMS:
            expected = f"one that holds {len(numbers)} atoms at {least:.0f} Å and more: frames or extxyz"
            raise InputError("query.format", expected, "pdb")
        texts = pdb_frames(numbers, positions, ptr, _bonds(job, ptr.tolist()))
    return _joined(text.encode() for text in texts)


def _encoded(frames: Sequence[Frame], last_seq: int) -> Iterator[bytes]:
    before = last_seq
    for frame in frames:
        yield encode(frame, FLAG_DROPPED if frame.seq > before + 1 else 0)
        before = frame.seq


def _facts(frame: Frame) -> dict[str, Value]:
    return {"job": str(frame.job), "seq": frame.seq, "step": frame.step}


def _bonds(job: Job, ptr: list[int]) -> list[tuple[int, int, int]]:
    """Of the finished molecules, in the numbering of the whole file."""
    if job.result is None:
        return []
    samples = zip(ptr, job.result.candidates, strict=False)
    return [(i + first, j + first, order) for first, candidate in samples for i, j, order in candidate.bonds]


def _joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces."""
    pieces: list[bytes] = []
    size = 0
    for part in parts:
        pieces.append(part)
        size += len(part)
        if size >= CHUNK_BYTES:
            yield b"".join(pieces)
            pieces, size = [], 0
    yield b"".join(pieces)
