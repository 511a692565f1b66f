"""PaiNN's blocks in plain PyTorch on padded ``[B, N, N]`` batches: any device, no compiler needed.

The path for GPUs, and for CPUs without a compiler. Same weights, same basis, same numbers as the kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gpff.painn import GatedBlock, Mixing, NetworkConfig, Representation, Tables
from gpff.radial import cosine_cutoff


@dataclass(frozen=True)
class Padding:
    """Where the atoms of a ragged batch stand in a padded one: atom ``a`` at flat index ``slot[a]`` of ``[B * N]``."""

    slot: Tensor
    n_molecules: int
    n_max: int

    @staticmethod
    def of(ptr: Tensor, mol_idx: Tensor) -> Padding:
        """From ``ptr [n_molecules + 1]`` and ``mol_idx [n_atoms]``."""
        n_max = int((ptr[1:] - ptr[:-1]).max())
        within = torch.arange(len(mol_idx), device=ptr.device) - ptr[mol_idx]
        return Padding(mol_idx * n_max + within, len(ptr) - 1, n_max)

    def pad(self, values: Tensor) -> Tensor:
        """``[n_atoms, ...]`` to ``[B, N, ...]`` with zeros."""
        out = values.new_zeros(self.n_molecules * self.n_max, *values.shape[1:])
        return out.index_copy(0, self.slot, values).view(self.n_molecules, self.n_max, *values.shape[1:])

    def unpad(self, values: Tensor) -> Tensor:
        """``[B, N, ...]`` back to ``[n_atoms, ...]``."""
        return values.flatten(0, 1)[self.slot]


def dense_tables(net: Representation) -> Tables:
    """With filters ``[n_interactions, n_grid, 3 F]``."""
    return Tables(net.filters(net.config.n_features).squeeze(1).flatten(2), net.contexts())


class DenseBlocks:
    """Both blocks of every layer for one batch (:class:`gpff.painn.Blocks`); ``tables`` from :func:`dense_tables`."""

    def __init__(self, config: NetworkConfig, tables: Tables, positions: Tensor, ptr: Tensor, mol_idx: Tensor) -> None:
        self.padding = Padding.of(ptr, mol_idx)
        grid = config.grid
        x = self.padding.pad(positions)
        present = self.padding.pad(torch.ones_like(positions[:, 0]))
        delta = x[:, None] - x[:, :, None]  # [B, i, j, 3]: from i to j
        distances = delta.square().sum(-1).sqrt()
        itself = torch.eye(self.padding.n_max, device=x.device)
        mask = present[:, :, None] * present[:, None] * (1.0 - itself)
        self.directions = delta / (distances + 1.0)[..., None]
        row, weight = grid.locate(distances)
        weight = weight[..., None]
        # a distance that is not finite has no neighbours, as in the kernel
        envelope = torch.where(distances < grid.cutoff, cosine_cutoff(distances, grid.cutoff) * mask, 0.0)
        self.low, self.high = (1.0 - weight).nan_to_num(0.0), weight.nan_to_num(0.0)
        self.envelope, self.row, self.tables = envelope[..., None], row, tables

    def interact(self, layer: int, x: Tensor, q: Tensor, mu: Tensor | None) -> tuple[Tensor, Tensor]:
        """``q + dq [n_atoms, F]`` and ``mu + dmu [n_atoms, 3, F]`` (Schütt et al. 2021, eqs. 7 and 8)."""
        table = self.tables.filters[layer]
        filters = (self.low * table[self.row] + self.high * table[self.row + 1]) * self.envelope
        wq, wr, wm = filters.chunk(3, dim=-1)
        xq, xr, xm = self.padding.pad(x).chunk(3, dim=-1)  # [B, j, F]
        dq = torch.einsum("bijf,bjf->bif", wq, xq)
        dmu = torch.einsum("bijf,bjf,bijc->bicf", wr, xr, self.directions)
        if mu is not None:
            dmu = dmu + torch.einsum("bijf,bjcf->bicf", wm, xm[:, :, None] * self.padding.pad(mu))
        dq, dmu = self.padding.unpad(dq), self.padding.unpad(dmu)
        return q + dq, dmu if mu is None else mu + dmu

    def mix(self, block: Mixing, q: Tensor, mu: Tensor) -> tuple[Tensor, Tensor]:
        """The update within an atom."""
        out: tuple[Tensor, Tensor] = block(q, mu)
        return out

    def gate(self, block: GatedBlock, q: Tensor, mu: Tensor) -> tuple[Tensor, Tensor]:
        """A block of the head."""
        out: tuple[Tensor, Tensor] = block(q, mu)
        return out
