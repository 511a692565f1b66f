"""Radial basis of the network: Gaussians in ``t = asinh(d / scale)``, interpolated linearly on a grid of distances.

Bond lengths need a resolution of some hundredths of an Å, a 30 Å noise cloud needs a reach of 150 Å. Centres
that are uniform in ``t`` are dense where chemistry happens and sparse far out, so 128 functions do what 600 uniform
ones do in the paper. The basis *is defined* by its linear interpolation on ``n_grid`` nodes: PaiNN's filter network
is linear in the basis, so tabulating filters (kernel.c) and evaluating them per pair (SchNetPack) give the same
numbers, not approximately the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class RadialGrid:
    """Grid of distances.

    | symbol | field | meaning |
    |---|---|---|
    | r_c | ``cutoff`` | reach, Å; the cosine cutoff ends here |
    | s | ``scale`` | Å; nodes are linear below it and logarithmic above |
    | G | ``n_grid`` | nodes, uniform in asinh(d / s) |
    | R | ``n_rbf`` | Gaussians, uniform in asinh(d / s), as wide as they are apart |
    """

    n_rbf: int = 128
    n_grid: int = 512
    cutoff: float = 150.0
    scale: float = 1.0

    @cached_property
    def step(self) -> float:
        """Spacing of the nodes in ``t``."""
        return float(torch.asinh(torch.tensor(self.cutoff / self.scale, dtype=torch.float64))) / (self.n_grid - 1)

    def basis(self) -> Tensor:
        """The Gaussians at the nodes, ``[n_grid, n_rbf]``."""
        t = torch.arange(self.n_grid, dtype=torch.float64) * self.step
        centres = torch.linspace(0.0, float(t[-1]), self.n_rbf, dtype=torch.float64)
        width = float(centres[1] - centres[0])
        return torch.exp(-0.5 * ((t[:, None] - centres) / width) ** 2).float()

    def locate(self, distances: Tensor) -> tuple[Tensor, Tensor]:
        """Lower node and weight of the upper node for distances (Å) of any shape."""
        u = torch.asinh(distances / self.scale) / self.step
        row = u.detach().nan_to_num(0.0).clamp(0, self.n_grid - 2).long()
        return row, u - row


class InterpolatedRBF(nn.Module):
    """The basis as a module with the interface of ``schnetpack.nn.radial`` (``n_rbf`` and ``forward(d)``)."""

    table: Tensor

    def __init__(self, grid: RadialGrid) -> None:
        super().__init__()
        self.grid = grid
        self.n_rbf = grid.n_rbf
        self.register_buffer("table", grid.basis(), persistent=False)

    def forward(self, distances: Tensor) -> Tensor:
        """Distances (Å) of any shape ``[...]`` to ``[..., n_rbf]``."""
        row, weight = self.grid.locate(distances)
        w = weight[..., None]
        return (1.0 - w) * self.table[row] + w * self.table[row + 1]


def cosine_cutoff(distances: Tensor, cutoff: float) -> Tensor:
    """``(cos(pi d / r_c) + 1) / 2`` below ``r_c``, zero past it."""
    inside = (distances < cutoff).to(distances.dtype)
    return 0.5 * (torch.cos(distances * (torch.pi / cutoff)) + 1.0) * inside
