"""The compiled kernels (kernel.c, mixing.c, inference.c): building, loading, and the pair geometry of the first two.

``make setup`` builds them beside the source for this machine; images built with ``GPFF_PORTABLE=1`` choose the
instruction set at run time. Where there is neither a built library nor a compiler, :func:`available` is false and
the dense PyTorch path (dense.py) serves.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from gpff.radial import RadialGrid

SOURCES = [Path(__file__).with_name(name) for name in ("kernel.c", "mixing.c", "inference.c")]
HEADERS = [Path(__file__).with_name(name) for name in ("crew.h", "inference_body.h")]
LIBRARY = Path(__file__).with_name("_kernel.so")
FLAGS = [
    "-O3",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-fopenmp",
    "-pthread",
    "-shared",
    "-fPIC",
    "-Wno-psabi",
]

_P, _I64, _I32, _F32 = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32, ctypes.c_float
_SIGNATURES = {
    "gpff_pairs": [_P, _P, _P, _I64, _F32, _F32, _I32, _F32, _P, _I32],
    "gpff_messages": [*[_P] * 7, _I64, _I64, _I32, _P, _P, _I32],
    "gpff_messages_backward": [*[_P] * 6, _I64, _I64, _I32, *[_P] * 5, _I32],
    "gpff_gate_in": [*[_P] * 4, _I64, _I64, _F32, _I32],
    "gpff_gate_out": [*[_P] * 7, _I64, _I64, _I32],
    "gpff_gate_out_backward": [*[_P] * 5, _I64, _I64, _I32],
    "gpff_gate_in_backward": [*[_P] * 8, _I64, _I64, _I32],
    "gpff_head_in": [*[_P] * 3, _I64, _I64, _I64, _I32],
    "gpff_head_out": [*[_P] * 4, _I64, _I64, _I32],
    "gpff_head_out_backward": [*[_P] * 4, _I64, _I64, _I32],
    "gpff_head_in_backward": [*[_P] * 6, _I64, _I64, _I64, _I32],
    "gpff_forces": [*[_P] * 4, _I64, _P, _P, _I32, _I32],
}


def build(target: Path = LIBRARY) -> Path:
    """Compile the kernels for this machine and put them in place atomically.

    Raises:
        FileNotFoundError: no C compiler (``CC``, ``cc``, ``gcc`` or ``clang``).
        subprocess.CalledProcessError: the compiler failed; its message is in ``stderr``.
    """
    compiler = next((c for c in (os.environ.get("CC"), "cc", "gcc", "clang") if c and shutil.which(c)), None)
    if compiler is None:
        raise FileNotFoundError("C compiler: expected cc, gcc or clang on PATH, got none")
    machine = "-DGPFF_PORTABLE" if os.environ.get("GPFF_PORTABLE") else "-march=native"
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        built = Path(folder) / target.name
        command = [compiler, *FLAGS, machine, *map(str, SOURCES), "-o", str(built), "-lm"]
        subprocess.run(command, check=True, capture_output=True, text=True)
        built.replace(target)
    return target


@cache
def library() -> ctypes.CDLL | None:
    """The built library, or None. It is built when it is older than its sources and a compiler is at hand."""
    try:
        newest = max(source.stat().st_mtime for source in SOURCES + HEADERS)
        if not LIBRARY.exists() or LIBRARY.stat().st_mtime < newest:
            build()
        return load(LIBRARY)
    except (OSError, subprocess.CalledProcessError):
        return None


def load(built: Path) -> ctypes.CDLL:
    """A built library with its functions' types. Raises OSError where it is none."""
    # importing torch came first: the loader gives this library the libgomp.so.1 that PyTorch brought
    lib = ctypes.CDLL(str(built))
    for name, arguments in _SIGNATURES.items():
        function = getattr(lib, name)
        function.argtypes, function.restype = arguments, None
    lib.gpff_forces_room.argtypes, lib.gpff_forces_room.restype = [_P, _P, _I64, _I32, _I32], _I64
    return lib


def available() -> bool:
    """Whether the compiled kernels can serve on this machine."""
    return library() is not None


def lib() -> ctypes.CDLL:
    """The library.

    Raises:
        RuntimeError: neither a built library nor a compiler.
    """
    loaded = library()
    if loaded is None:
        raise RuntimeError("gpff kernel: expected a built library or a C compiler, got neither")
    return loaded


def block() -> int:
    """Features in a block; a layer's table has the shape ``[n_features / block, n_grid, 3, block]``."""
    return int(lib().gpff_block())


@dataclass(frozen=True)
class Pairs:
    """Geometry of every ordered pair of atoms of every molecule in a batch, shared by all layers.

    ``data [n_pairs * pair_bytes]`` holds kernel.c's ``pair_t``; ``ptr`` and ``pair_ptr [n_molecules + 1]``.
    """

    data: Tensor
    ptr: Tensor
    pair_ptr: Tensor
    grid: RadialGrid

    @staticmethod
    def of(positions: Tensor, ptr: Tensor, grid: RadialGrid) -> Pairs:
        """From positions ``[n_atoms, 3]`` (Å, float32, CPU) and ``ptr [n_molecules + 1]``."""
        sizes = ptr[1:] - ptr[:-1]
        pair_ptr = torch.zeros_like(ptr)
        torch.cumsum(sizes * sizes, 0, out=pair_ptr[1:])
        data = torch.empty(int(pair_ptr[-1]) * lib().gpff_pair_bytes(), dtype=torch.uint8)
        positions = positions.contiguous()
        lib().gpff_pairs(
            positions.data_ptr(), ptr.data_ptr(), pair_ptr.data_ptr(), len(sizes), grid.scale, grid.step,
            grid.n_grid, grid.cutoff, data.data_ptr(), torch.get_num_threads(),
        )  # fmt: skip
        return Pairs(data, ptr, pair_ptr, grid)
