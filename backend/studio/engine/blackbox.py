"""Which jobs were before the network when the engine's process died: written before each call, read after a death.

A page of shared memory that both processes hold open; what was written there outlives the writer.
"""

import os
import struct
import tempfile
from collections.abc import Sequence

MOST = 4095


class BlackBox:
    """Job numbers behind a file descriptor. `fd`: of a box that was made by another process."""

    def __init__(self, fd: int | None = None) -> None:
        self.fd = _open() if fd is None else fd

    def write(self, jobs: Sequence[int]) -> None:
        """These jobs are before the network now."""
        jobs = jobs[:MOST]
        os.pwrite(self.fd, struct.pack(f"<{len(jobs) + 1}I", len(jobs), *jobs), 0)

    def read(self) -> list[int]:
        """The jobs that were written last."""
        data = os.pread(self.fd, 4 * (MOST + 1), 0)
        if len(data) < 4:
            return []
        (count,) = struct.unpack_from("<I", data)
        return list(struct.unpack_from(f"<{count}I", data, 4))

    def close(self) -> None:
        os.close(self.fd)


def _open() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("engine")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
