"""The paper's comparisons, on the very network of the product: told the noise level or not, asked for ε or for forces.

| ``objective`` | what the network is asked for | its answer as a pseudo-force | loss |
|---|---|---|---|
| gpff | ``F = 2 (x0 - x)`` | itself | ``min(1/σ², w_max) |F̂ - F|²`` |
| dm | ``ε = (x - x0) / σ`` | ``F̂ = -2 σ ε̂`` | ``4 |ε̂ - ε|²``, which is ``|F̂ - F|² / σ²`` |

So a diffusion model (dm) differs from a GPFF in nothing but what its answer means, and the same samplers serve both. A
time-aware network adds a linear image of Gaussians in ln σ to the scalar features before its head. A diffusion model's
skip is the product's in units of ε: far out ``ε̂`` starts at the direction ``x / |x|``.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from gpff.painn import Blocks, NetworkConfig, PaiNN, centred

type Objective = Literal["gpff", "dm"]

OBJECTIVES: tuple[Objective, ...] = ("gpff", "dm")
N_LEVELS, LOW, HIGH = 16, math.log(0.01), math.log(30.0)
"""Gaussians in ln σ, from 0.01 to 30 Å."""


class Conditioned(PaiNN):
    """PaiNN that may be told σ and may be asked for ε; answers with pseudo-forces all the same."""

    centres: Tensor

    def __init__(self, config: NetworkConfig, objective: Objective, time_aware: bool) -> None:
        super().__init__(config)
        self.objective, self.time_aware = objective, time_aware
        if time_aware:
            self.time = nn.Linear(N_LEVELS, config.n_features)
            self.register_buffer("centres", torch.linspace(LOW, HIGH, N_LEVELS), persistent=False)

    def forward(
        self,
        numbers: Tensor,
        positions: Tensor,
        mol_idx: Tensor,
        n_molecules: int,
        blocks: Blocks,
        sigma: Tensor | None = None,
    ) -> Tensor:
        """Pseudo-forces ``[n_atoms, 3]`` (Å); arguments as :meth:`PaiNN.forward`, and ``sigma [n_molecules]`` Å.

        Raises ValueError where σ is needed and not given.
        """
        if sigma is None:
            raise ValueError("sigma: expected the noise level of each molecule, got none")
        x, pull = centred(positions, mol_idx, n_molecules)
        q, mu = self.represent(numbers, blocks)
        if self.time_aware:
            width = (HIGH - LOW) / (N_LEVELS - 1)
            level = torch.exp(-0.5 * ((sigma.log()[:, None] - self.centres) / width) ** 2)
            q = q + self.time(level)[mol_idx]
        found = self.vectors(q, mu, blocks)
        if self.objective == "gpff":
            return 2.0 * (found - pull * x)
        spread = torch.zeros(n_molecules, 2, device=x.device).index_add_(
            0, mol_idx, torch.stack([x.square().mean(1), torch.ones_like(x[:, 0])], dim=1)
        )
        root = (spread[:, 0] / spread[:, 1]).clamp_min(1e-12).sqrt()
        return -2.0 * sigma[mol_idx, None] * (found + pull * x / root[mol_idx, None])


def network(config: NetworkConfig, objective: Objective, time_aware: bool) -> PaiNN:
    """The product's network where that is what is meant, else :class:`Conditioned`."""
    if objective == "gpff" and not time_aware:
        return PaiNN(config)
    return Conditioned(config, objective, time_aware)
