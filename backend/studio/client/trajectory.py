"""All kept frames of a job, as arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.codec import Frame, decode_all
from studio.protocol import Topology


@dataclass(frozen=True, eq=False)
class Trajectory:
    """`numbers [n_atoms]` and `fixed [n_atoms]` of all samples, one after the other; sample i has the atoms
    `ptr[i]:ptr[i + 1]`. `frames` in the order in which they were made; see `studio.codec.Frame`.
    """

    job: str
    numbers: NDArray[np.int64]
    fixed: NDArray[np.bool_]
    ptr: NDArray[np.int64]
    frames: tuple[Frame, ...]

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def n_samples(self) -> int:
        return len(self.ptr) - 1

    def sample(self, i: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Numbers `[n]` and positions `[n_frames, n, 3]` Å of sample `i`."""
        if not 0 <= i < self.n_samples:
            raise IndexError(f"sample: expected 0 to {self.n_samples - 1}, got {i}")
        atoms = slice(int(self.ptr[i]), int(self.ptr[i + 1]))
        shape = (len(self.frames), atoms.stop - atoms.start, 3)
        positions = np.array([frame.positions[atoms] for frame in self.frames], dtype=np.float32)
        return self.numbers[atoms], positions.reshape(shape)


def trajectory_of(topology: Topology, data: bytes) -> Trajectory:
    """What GET /jobs/{id}/topology and /trajectory said. Raises `CodecError` for bytes that are not frames."""
    return Trajectory(
        job=topology.job,
        numbers=np.array(topology.numbers, dtype=np.int64),
        fixed=np.array(topology.fixed, dtype=np.bool_),
        ptr=np.array(topology.ptr, dtype=np.int64),
        frames=tuple(decode_all(data)),
    )
