"""The whole network in one call of compiled code (inference.c), for forces without gradients.

Between two blocks of the differentiable path (fused.py) stand PyTorch's dispatch, fresh tensors and a wait of all
threads; for the eight molecules of a few users they took longer than the arithmetic. Here every thread takes some
molecules, or of a few molecules a run of atoms, through all layers in memory that stays, and a row of a product is the
same whatever stands beside it.

``GPFF_THREADS``, an environment variable: threads that share batches of many molecules, where that is more than
PyTorch's. They wait for nobody, so that a busy machine does not slow them down as it does PyTorch's.
"""

from __future__ import annotations

import ctypes
import os
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gpff.kernel import lib
from gpff.painn import EPSILON, N_ELEMENTS, GatedBlock, Interaction, Mixing, PaiNN

ALIGNMENT = 64  # bytes; a vector then never lies in two cache lines
COLUMNS = 32  # biases are filled up to a multiple of the widest panel


class _Matrix(ctypes.Structure):
    """inference.c's ``matrix_t``."""

    _fields_ = (("w", ctypes.c_void_p), ("b", ctypes.c_void_p), ("n", ctypes.c_int64), ("k", ctypes.c_int64))


class _Network(ctypes.Structure):
    """inference.c's ``network_t``."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("matrices", "filters", "contexts", "embedding")),
        *((name, ctypes.c_int64) for name in ("n_features", "n_layers")),
        *((name, ctypes.c_float) for name in ("scale", "step", "cutoff", "epsilon")),
        ("n_grid", ctypes.c_int32),
    )


class CompiledNetwork:
    """A network's weights as they are now, packed for the compiled code. Threads that call it take turns.

    Raises:
        RuntimeError: neither a built library nor a compiler.
    """

    @torch.no_grad()
    def __init__(self, net: PaiNN) -> None:
        config, grid, lanes = net.config, net.config.grid, int(lib().gpff_lanes())
        self._kept = [net.filters(lanes), net.contexts(), net.embedding.weight.clone()]  # C holds pointers only
        matrices = [self._pack(layer, 2 * lanes) for layer in _layers(net)]
        self._matrices = (_Matrix * len(matrices))(*matrices)
        pointers = (ctypes.addressof(self._matrices), *(tensor.data_ptr() for tensor in self._kept[:3]))
        self._network = _Network(
            *pointers,
            config.n_features,
            config.n_interactions,
            grid.scale,
            grid.step,
            grid.cutoff,
            EPSILON,
            grid.n_grid,
        )
        self._threads = int(os.environ.get("GPFF_THREADS", "1"))
        self._room = np.empty(0, dtype=np.uint8)
        self._turn = Lock()

    def __call__(
        self, numbers: NDArray[np.integer], positions: NDArray[np.floating], ptr: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """Pseudo-forces ``[n_atoms, 3]`` (Å) of a ragged batch; arguments as :class:`gpff.force.ForceField`.

        Raises:
            ValueError: ``ptr`` does not cut the atoms into molecules, or the network knows no such element.
        """
        z = np.ascontiguousarray(numbers, dtype=np.int64)
        x = np.ascontiguousarray(positions, dtype=np.float64)
        first = np.ascontiguousarray(ptr, dtype=np.int64)
        if x.shape != (len(z), 3) or first[0] != 0 or first[-1] != len(z) or (first[1:] < first[:-1]).any():
            raise ValueError(
                f"ptr: expected to rise from 0 to {len(z)} over positions [{len(z)}, 3], got {first}, {x.shape}"
            )
        if len(z) and not 0 <= z.min() <= z.max() < N_ELEMENTS:
            raise ValueError(f"numbers: expected 0 to {N_ELEMENTS - 1}, got {z.min()} to {z.max()}")
        forces = np.empty((len(z), 3), dtype=np.float32)
        shape, threads = (first.ctypes.data, len(first) - 1), (torch.get_num_threads(), self._threads)
        network = ctypes.byref(self._network)
        with self._turn:
            room = self._room_of(lib().gpff_forces_room(network, *shape, *threads))
            lib().gpff_forces(network, z.ctypes.data, x.ctypes.data, *shape, room, forces.ctypes.data, *threads)
        return forces

    def _room_of(self, floats: int) -> int:
        """Address of memory for so many, aligned. It stays: fresh pages at each call would cost as much as a layer."""
        if self._room.nbytes < 4 * floats + ALIGNMENT:
            self._room = np.empty(4 * floats + ALIGNMENT, dtype=np.uint8)
        address: int = self._room.ctypes.data
        return address + -address % ALIGNMENT

    def _pack(self, layer: nn.Linear, panel: int) -> _Matrix:
        n, k = layer.weight.shape
        weight = _filled(layer.weight, panel)
        packed = weight.view(-1, panel, k).transpose(1, 2).contiguous()
        bias = torch.zeros(n) if layer.bias is None else layer.bias
        self._kept += [packed, _filled(bias, COLUMNS)]
        return _Matrix(self._kept[-2].data_ptr(), self._kept[-1].data_ptr(), n, k)


def _filled(values: Tensor, multiple: int) -> Tensor:
    """With zero rows behind, up to a multiple."""
    out = values.new_zeros(-(-len(values) // multiple) * multiple, *values.shape[1:])
    out[: len(values)] = values
    return out


def _layers(net: PaiNN) -> list[nn.Linear]:
    """In the order of inference.c's ``matrices``."""
    out: list[nn.Linear] = []
    for layer, mixing in enumerate(net.mixing):
        assert isinstance(mixing, Mixing)
        out += [mixing.mu_channel_mix, *mixing.intraatomic_context_net]
        if layer + 1 < len(net.interactions):
            following = net.interactions[layer + 1]
            assert isinstance(following, Interaction)
            out += [*following.interatomic_context_net]
    for block in net.head:
        assert isinstance(block, GatedBlock)
        out += [block.mix_vectors, *block.scalar_net]
    return out
