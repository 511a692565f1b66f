"""Evaluate the network on a ragged batch given as arrays, by the fused kernel or by dense PyTorch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gpff import kernel
from gpff.fused import FusedBlocks
from gpff.painn import PaiNN


def forces_of(
    net: PaiNN, numbers: NDArray[np.int64], positions: NDArray[np.floating], ptr: NDArray[np.int64]
) -> Tensor:
    """Pseudo-forces ``[n_atoms, 3]`` (Å), differentiable in the parameters, on the CPU kernel."""
    x = torch.from_numpy(np.ascontiguousarray(positions, dtype=np.float32))
    pointer = torch.from_numpy(np.ascontiguousarray(ptr, dtype=np.int64))
    mol_idx = torch.repeat_interleave(torch.arange(len(ptr) - 1), pointer[1:] - pointer[:-1])
    pairs = kernel.Pairs.of(x, pointer, net.config.grid)
    blocks = FusedBlocks(net.filters(kernel.block()), pairs)
    return net(torch.from_numpy(numbers), x, mol_idx, len(ptr) - 1, blocks)
