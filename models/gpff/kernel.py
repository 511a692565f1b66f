"""The fused message kernel (kernel.c) as a differentiable PyTorch function, built with the C compiler found here.

``make setup`` builds it beside the source; images built with ``GPFF_PORTABLE=1`` choose the instruction set at run time.
Where there is no compiler and no built library, :func:`available` is false and the dense PyTorch path serves.
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
from typing import Any

import torch
from torch import Tensor

from gpff.radial import RadialGrid

SOURCE = Path(__file__).with_name("kernel.c")
LIBRARY = Path(__file__).with_name("_kernel.so")
FLAGS = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fopenmp", "-shared", "-fPIC", "-Wno-psabi"]


def build(target: Path = LIBRARY) -> Path:
    """Compile the kernel for this machine and put it in place atomically.

    Raises:
        FileNotFoundError: no C compiler (``CC``, ``cc``, ``gcc`` or ``clang``).
        subprocess.CalledProcessError: the compiler failed; its message is in ``stderr``.
    """
    compiler = next((c for c in (os.environ.get("CC"), "cc", "gcc", "clang") if c and shutil.which(c)), None)
    if compiler is None:
        raise FileNotFoundError("C compiler: expected cc, gcc or clang on PATH, got none")
    machine = ["-DGPFF_PORTABLE"] if os.environ.get("GPFF_PORTABLE") else ["-march=native"]
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        built = Path(folder) / target.name
        command = [compiler, *FLAGS, *machine, str(SOURCE), "-o", str(built), "-lm"]
        subprocess.run(command, check=True, capture_output=True, text=True)
        built.replace(target)
    return target


@cache
def library() -> ctypes.CDLL | None:
    """The built library, or None. Builds it when it is older than its source and a compiler is at hand."""
    try:
        if not LIBRARY.exists() or LIBRARY.stat().st_mtime < SOURCE.stat().st_mtime:
            build()
        lib = ctypes.CDLL(str(LIBRARY))
    except (OSError, subprocess.CalledProcessError):
        return None
    pointer, i64, i32, f32 = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32, ctypes.c_float
    lib.gpff_pairs.argtypes = [pointer, pointer, pointer, i64, f32, f32, i32, f32, pointer, i32]
    lib.gpff_messages.argtypes = [*[pointer] * 6, i64, i64, i32, pointer, pointer, i32]
    lib.gpff_messages_backward.argtypes = [*[pointer] * 6, i64, i64, i32, *[pointer] * 5, i32]
    for function in (lib.gpff_pairs, lib.gpff_messages, lib.gpff_messages_backward):
        function.restype = None
    return lib


def available() -> bool:
    """Whether the fused kernel can serve on this machine."""
    return library() is not None


def _lib() -> ctypes.CDLL:
    lib = library()
    if lib is None:
        raise RuntimeError("gpff kernel: expected a built library or a C compiler, got neither")
    return lib


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
        lib = _lib()
        sizes = ptr[1:] - ptr[:-1]
        pair_ptr = torch.zeros_like(ptr)
        torch.cumsum(sizes * sizes, 0, out=pair_ptr[1:])
        data = torch.empty(int(pair_ptr[-1]) * lib.gpff_pair_bytes(), dtype=torch.uint8)
        positions = positions.contiguous()
        lib.gpff_pairs(
            positions.data_ptr(), ptr.data_ptr(), pair_ptr.data_ptr(), len(sizes), grid.scale, grid.step,
            grid.n_grid, grid.cutoff, data.data_ptr(), torch.get_num_threads(),
        )  # fmt: skip
        return Pairs(data, ptr, pair_ptr, grid)


def block() -> int:
    """Features in a block; a table has the shape ``[n_features / block, n_grid, 3, block]``."""
    return int(_lib().gpff_block())


class _Messages(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, mu: Tensor | None, table: Tensor, pairs: Pairs) -> tuple[Tensor, Tensor]:
        n_atoms, width = x.shape[0], x.shape[1] // 3
        x, table = x.contiguous(), table.contiguous()
        mu = mu.contiguous() if mu is not None else None
        q_out = torch.empty(n_atoms, width)
        mu_out = torch.empty(n_atoms, 3, width)
        _lib().gpff_messages(
            x.data_ptr(), mu.data_ptr() if mu is not None else None, table.data_ptr(), pairs.data.data_ptr(),
            pairs.ptr.data_ptr(), pairs.pair_ptr.data_ptr(), len(pairs.ptr) - 1, width, pairs.grid.n_grid,
            q_out.data_ptr(), mu_out.data_ptr(), torch.get_num_threads(),
        )  # fmt: skip
        ctx.save_for_backward(x, mu, table)
        ctx.pairs = pairs
        return q_out, mu_out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, Tensor, None]:
        x, mu, table = ctx.saved_tensors
        pairs: Pairs = ctx.pairs
        gq, gmu = gradients[0].contiguous(), gradients[1].contiguous()
        gx, gtable = torch.zeros_like(x), torch.zeros_like(table)
        gmu_in = torch.zeros_like(mu) if mu is not None else None
        _lib().gpff_messages_backward(
            x.data_ptr(), mu.data_ptr() if mu is not None else None, table.data_ptr(), pairs.data.data_ptr(),
            pairs.ptr.data_ptr(), pairs.pair_ptr.data_ptr(), len(pairs.ptr) - 1, x.shape[1] // 3, pairs.grid.n_grid,
            gq.data_ptr(), gmu.data_ptr(), gx.data_ptr(), gmu_in.data_ptr() if gmu_in is not None else None,
            gtable.data_ptr(), torch.get_num_threads(),
        )  # fmt: skip
        return gx, gmu_in, gtable, None


def messages(x: Tensor, mu: Tensor | None, table: Tensor, pairs: Pairs) -> tuple[Tensor, Tensor]:
    """PaiNN's message sums over all pairs of each molecule (Schütt et al. 2021, eqs. 7 and 8).

    Args:
        x: context ``[n_atoms, 3 F]``, float32.
        mu: vector features ``[n_atoms, 3, F]`` or None for zero (first layer).
        table: filters of this layer on the grid, ``[F / block, n_grid, 3, block]``.
        pairs: geometry of the batch.

    Returns:
        ``dq [n_atoms, F]`` and ``dmu [n_atoms, 3, F]``.
    """
    q_out, mu_out = _Messages.apply(x, mu, table, pairs)
    return q_out, mu_out


class KernelMessages:
    """Messages of every layer of one batch; ``filters`` as :meth:`gpff.painn.PaiNN.filters` gives them."""

    def __init__(self, filters: Tensor, pairs: Pairs) -> None:
        self._tables = filters.unbind(0)
        self._pairs = pairs

    def __call__(self, layer: int, x: Tensor, mu: Tensor | None) -> tuple[Tensor, Tensor]:
        return messages(x, mu, self._tables[layer], self._pairs)
