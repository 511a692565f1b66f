"""From a structure to its pseudo-forces: one callable that hides device, precision and evaluation path."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from gpff import kernel
from gpff.dense import DenseBlocks, dense_tables
from gpff.fused import FusedBlocks, fused_tables
from gpff.inference import CompiledNetwork
from gpff.painn import Blocks, PaiNN, Representation, Tables

MAX_PAIRS = 600_000  # ordered pairs evaluated at once on the dense path; bounds its memory (0.9 GB at 128 features)


def uses_kernel(device: torch.device) -> bool:
    """Whether the compiled kernels serve on ``device``."""
    return device.type == "cpu" and kernel.available()


def field_tables(net: Representation) -> Tables:
    """The network's tables in the layout of the path that serves on its device."""
    return fused_tables(net) if uses_kernel(net.basis.device) else dense_tables(net)


def forces_of(
    net: PaiNN, tables: Tables, numbers: Tensor, positions: Tensor, ptr: Tensor, sigma: Tensor | None = None
) -> Tensor:
    """Pseudo-forces ``[n_atoms, 3]`` (Å), differentiable in the parameters.

    Args:
        net: the network.
        tables: its own, :func:`field_tables`; computed once where the weights stand still.
        numbers: ``[n_atoms]``; positions: ``[n_atoms, 3]`` Å; ptr: ``[n_molecules + 1]``; all on the net's device.
        sigma: noise levels ``[n_molecules]`` Å, for a network that is told them (conditioned.py) and for no other.
    """
    n_atoms, n_molecules = len(positions), len(ptr) - 1
    numbers, positions, ptr = padded(numbers, positions, ptr)
    mol_idx, blocks = blocks_of(net, tables, positions, ptr)
    told = () if sigma is None else (pad(sigma, (0, len(ptr) - 1 - n_molecules), value=1.0),)
    forces: Tensor = net(numbers, positions, mol_idx, len(ptr) - 1, blocks, *told)
    return forces[:n_atoms]


def padding(n_atoms: int) -> int:
    """How many atoms a batch of ``n_atoms`` lacks to one of the few sizes that the CPU's products are asked for.

    oneDNN compiles a product for every new shape, which takes longer than the product: a third of all training time,
    and several milliseconds of a step that a molecule joins, were such compilations.
    """
    return -n_atoms % (8 if n_atoms <= 256 else 16 if n_atoms <= 512 else 32 if n_atoms <= 1024 else 64)


def padded(numbers: Tensor, positions: Tensor, ptr: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The batch, on the kernels followed by single atoms that see no other, as many as :func:`padding` says."""
    more = padding(len(positions)) if uses_kernel(ptr.device) else 0
    if more == 0:
        return numbers, positions, ptr
    lone = torch.arange(1, more + 1, device=ptr.device)
    return pad(numbers, (0, more), value=1), pad(positions, (0, 0, 0, more)), torch.cat([ptr, ptr[-1] + lone])


def blocks_of(net: Representation, tables: Tables, positions: Tensor, ptr: Tensor) -> tuple[Tensor, Blocks]:
    """Molecule of each atom, ``[n_atoms]``, and the blocks of a batch on the path that serves; as :func:`forces_of`."""
    # not repeat_interleave, which takes milliseconds on the CPU
    mol_idx = torch.bucketize(torch.arange(len(positions), device=ptr.device), ptr[1:], right=True)
    if uses_kernel(ptr.device):
        return mol_idx, FusedBlocks(tables, kernel.Pairs.of(positions, ptr, net.config.grid))
    return mol_idx, DenseBlocks(net.config, tables, positions, ptr, mol_idx)


def quick_products() -> None:
    """Let this process's CPU matrix products be as coarse as bfloat16, which hands them to oneDNN.

    That alone is worth a factor of two where PyTorch's default, MKL, leaves AVX-512 unused (AMD); products are rounded
    to bfloat16 only where the processor multiplies such tiles (AMX). An older PyTorch leaves them as they are.
    """
    settings = getattr(torch.backends.mkldnn, "matmul", None)
    if settings is not None:  # since PyTorch 2.9
        settings.fp32_precision = "bf16"


@contextmanager
def _quick_and_exact(device: torch.device) -> Iterator[None]:
    """:func:`quick_products` for the length of the block, where the CPU rounds nothing for it: not with AMX."""
    settings = getattr(torch.backends.mkldnn, "matmul", None)
    if device.type != "cpu" or settings is None or torch.cpu._is_amx_tile_supported():
        yield
        return
    before = settings.fp32_precision
    quick_products()
    try:
        yield
    finally:
        settings.fp32_precision = before


def bfloat16_pays() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware; without, such products are ten times slower than float32."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


class ForceField:
    """A trained network as a function of arrays. Not for gradients. One thread at a time evaluates.

    On CUDA the dense path runs in TF32, on the CPU compiled code evaluates the whole network in float32 at once, and
    without a compiler the dense path does (said once), its products left to the faster of two libraries.
    """

    def __init__(self, net: PaiNN, device: str | torch.device | None = None) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.net = net.to(self.device).eval().requires_grad_(False)
        self._compiled: CompiledNetwork | None = None
        if uses_kernel(self.device):
            self._compiled = CompiledNetwork(self.net)
            return
        if self.device.type == "cuda":
            torch.set_float32_matmul_precision("high")
        else:
            warnings.warn("gpff: no compiled kernel and no C compiler; the slower dense path serves", stacklevel=2)
        self.tables = field_tables(self.net)

    def __call__(
        self, numbers: NDArray[np.integer], positions: NDArray[np.floating], ptr: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """Pseudo-forces ``[n_atoms, 3]`` (Å) of a ragged batch.

        Args:
            numbers: atomic numbers ``[n_atoms]``.
            positions: ``[n_atoms, 3]``, Å; centred or not.
            ptr: ``[n_molecules + 1]``, first atom of each molecule.
        """
        if len(ptr) < 2:
            return np.zeros((0, 3), dtype=np.float32)
        if self._compiled is not None:
            return self._compiled(numbers, positions, ptr)
        out = np.empty((len(numbers), 3), dtype=np.float32)
        with _quick_and_exact(self.device):
            for first, last in self._chunks(np.asarray(ptr)):
                a, b = int(ptr[first]), int(ptr[last])
                out[a:b] = self._evaluate(numbers[a:b], positions[a:b], np.asarray(ptr[first : last + 1]) - a)
        return out

    def _chunks(self, ptr: NDArray[np.integer]) -> Iterator[tuple[int, int]]:
        n_molecules = len(ptr) - 1
        sizes, first = np.diff(ptr), 0
        while first < n_molecules:
            last, widest = first + 1, int(sizes[first])
            while last < n_molecules:
                widest = max(widest, int(sizes[last]))
                if (last + 1 - first) * widest**2 > MAX_PAIRS:
                    break
                last += 1
            yield first, last
            first = last

    @torch.inference_mode()
    def _evaluate(
        self, numbers: NDArray[np.integer], positions: NDArray[np.floating], ptr: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        z = torch.from_numpy(np.ascontiguousarray(numbers, dtype=np.int64)).to(self.device)
        # centred in double precision: a molecule far from the origin must not lose digits
        pointer = np.ascontiguousarray(ptr, dtype=np.int64)
        mean = np.add.reduceat(positions, pointer[:-1], axis=0) / np.diff(pointer)[:, None]
        x = (positions - np.repeat(mean, np.diff(pointer), axis=0)).astype(np.float32)
        forces = forces_of(
            self.net,
            self.tables,
            z,
            torch.from_numpy(x).to(self.device),
            torch.from_numpy(pointer).to(self.device),
        )
        return forces.cpu().numpy()
