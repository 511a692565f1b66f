"""The force field network: PaiNN with a gated-equivariant vector head, in plain PyTorch.

Parameter names and shapes are SchNetPack's (network.py builds the same network from SchNetPack's own modules and
tests hold both to the same forces), so that weights travel freely while serving needs no SchNetPack.
The network sees a structure only: no time and no noise level.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear, silu

from gpff.radial import RadialGrid

N_ELEMENTS = 100  # rows of SchNetPack's embedding
EPSILON = 1e-8


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that fixes the network's shape; it stands in every checkpoint's manifest."""

    n_features: int = 128
    n_interactions: int = 4
    grid: RadialGrid = field(default_factory=RadialGrid)


@dataclass(frozen=True)
class Tables:
    """What depends on the weights alone: worked out once an optimiser step, or once where they stand still.

    ``filters`` on the grid, in the layout of the path that serves; ``contexts [N_ELEMENTS, 3 F]``: what the first
    layer's context network makes of each element, since atoms of one element are still alike there.
    """

    filters: Tensor
    contexts: Tensor


class Blocks(Protocol):
    """How the blocks of one batch are evaluated: on the compiled kernels (fused.py) or in dense PyTorch (dense.py).

    ``q [n_atoms, F]``, ``mu [n_atoms, 3, F]``; ``mu`` None stands for zero, as it is before the first layer.
    ``x [n_atoms, 3 F]`` is what the layer's context network makes of ``q``; ``tables`` are the network's.
    """

    @property
    def tables(self) -> Tables: ...

    def interact(self, layer: int, x: Tensor, q: Tensor, mu: Tensor | None) -> tuple[Tensor, Tensor]: ...

    def mix(self, block: Mixing, q: Tensor, mu: Tensor) -> tuple[Tensor, Tensor]: ...

    def gate(self, block: GatedBlock, q: Tensor, mu: Tensor) -> tuple[Tensor, Tensor]: ...


def _dense(n_in: int, n_out: int, bias: bool = True) -> nn.Linear:
    """A linear layer with SchNetPack's initialisation (Xavier, zero bias)."""
    layer = nn.Linear(n_in, n_out, bias=bias)
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def _mlp(net: nn.Sequential, x: Tensor) -> Tensor:
    """Two dense layers, SiLU between them (SchNetPack keeps the activation inside its Dense)."""
    out: Tensor = net[1](silu(net[0](x)))
    return out


class Interaction(nn.Module):
    """Context network of the messages between atoms."""

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.interatomic_context_net = nn.Sequential(_dense(n_features, n_features), _dense(n_features, 3 * n_features))

    def forward(self, q: Tensor) -> Tensor:
        return _mlp(self.interatomic_context_net, q)


class Mixing(nn.Module):
    """Update within an atom: vector features mix and gate the scalar ones."""

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.intraatomic_context_net = nn.Sequential(
            _dense(2 * n_features, n_features), _dense(n_features, 3 * n_features)
        )
        self.mu_channel_mix = _dense(n_features, 2 * n_features, bias=False)

    def forward(self, q: Tensor, mu: Tensor) -> tuple[Tensor, Tensor]:
        v, w = linear(mu, self.mu_channel_mix.weight).chunk(2, dim=-1)
        norm = torch.sqrt((v * v).sum(1) + EPSILON)
        dq, dmu, dqmu = _mlp(self.intraatomic_context_net, torch.cat([q, norm], -1)).chunk(3, dim=-1)
        return q + dq + dqmu * (v * w).sum(1), mu + dmu[:, None] * w


class GatedBlock(nn.Module):
    """SchNetPack's GatedEquivariantBlock."""

    def __init__(self, n_in: int, n_out: int, activate: bool) -> None:
        super().__init__()
        self.n_out, self.activate = n_out, activate
        self.mix_vectors = _dense(n_in, 2 * n_out, bias=False)
        self.scalar_net = nn.Sequential(_dense(n_in + n_out, n_in), _dense(n_in, 2 * n_out))

    def forward(self, q: Tensor, mu: Tensor) -> tuple[Tensor, Tensor]:
        v, w = linear(mu, self.mix_vectors.weight).chunk(2, dim=-1)
        # clamped: the norm of a zero vector has no gradient, and a lone atom has nothing but zero vectors
        norm = (v * v).sum(1).clamp_min(1e-24).sqrt()
        s, gate = _mlp(self.scalar_net, torch.cat([q, norm], -1)).chunk(2, dim=-1)
        return (silu(s) if self.activate else s), gate[:, None] * w


class Representation(nn.Module):
    """What PaiNN makes of a structure: scalar and vector features of every atom. Heads stand on it."""

    basis: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width, layers = self.config.n_features, self.config.n_interactions
        self.embedding = nn.Embedding(N_ELEMENTS, width)
        self.filter_net = _dense(self.config.grid.n_rbf, layers * 3 * width)
        self.interactions = nn.ModuleList(Interaction(width) for _ in range(layers))
        self.mixing = nn.ModuleList(Mixing(width) for _ in range(layers))
        self.register_buffer("basis", self.config.grid.basis(), persistent=False)

    def filters(self, block: int) -> Tensor:
        """Filters on the grid without the cutoff, ``[n_interactions, F / block, n_grid, 3, block]``."""
        layers, width = self.config.n_interactions, self.config.n_features
        # one product and one copy: many small products that give this order at once are slower than both
        table = linear(self.basis, self.filter_net.weight, self.filter_net.bias)
        table = table.view(self.config.grid.n_grid, layers, 3, width // block, block)
        return table.permute(1, 3, 0, 2, 4).contiguous()

    def contexts(self) -> Tensor:
        """What the first layer's context network makes of each element, ``[N_ELEMENTS, 3 F]``."""
        out: Tensor = self.interactions[0](self.embedding.weight)
        return out

    def represent(self, numbers: Tensor, blocks: Blocks) -> tuple[Tensor, Tensor]:
        """``q [n_atoms, F]`` and ``mu [n_atoms, 3, F]`` of atoms with ``numbers [n_atoms]``."""
        q: Tensor = self.embedding(numbers)
        mu: Tensor | None = None
        for layer, (interaction, mixing) in enumerate(zip(self.interactions, self.mixing, strict=True)):
            assert isinstance(interaction, Interaction) and isinstance(mixing, Mixing)
            context = embedding(numbers, blocks.tables.contexts) if layer == 0 else interaction(q)
            q, mu = blocks.interact(layer, context, q, mu)
            q, mu = blocks.mix(mixing, q, mu)
        assert mu is not None
        return q, mu


class PaiNN(Representation):
    """Pseudo-forces of a ragged batch.

    ``F = 2 (net - w x)`` with the time-free skip ``w = e / (e + 2)``, ``e = max(r² - 4, 0)`` Å², r² the mean squared
    centred coordinate of the molecule: far from home the denoised estimate starts at the centre of geometry.
    """

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__(config or NetworkConfig())
        width = self.config.n_features
        self.head = nn.ModuleList([GatedBlock(width, width // 2, True), GatedBlock(width // 2, 1, False)])

    def forward(self, numbers: Tensor, positions: Tensor, mol_idx: Tensor, n_molecules: int, blocks: Blocks) -> Tensor:
        """Pseudo-forces ``[n_atoms, 3]`` (Å).

        Args:
            numbers: ``[n_atoms]``; positions: ``[n_atoms, 3]`` Å; mol_idx: molecule of each atom, ``[n_atoms]``.
            n_molecules: how many molecules there are.
            blocks: evaluates the blocks of this batch.
        """
        x, pull = centred(positions, mol_idx, n_molecules)
        return 2.0 * (self.vectors(*self.represent(numbers, blocks), blocks) - pull * x)

    def vectors(self, q: Tensor, mu: Tensor, blocks: Blocks) -> Tensor:
        """What the head makes of the features: one vector an atom, ``[n_atoms, 3]``."""
        for block in self.head:
            assert isinstance(block, GatedBlock)
            q, mu = blocks.gate(block, q, mu)
        return mu.squeeze(-1)


def centred(positions: Tensor, mol_idx: Tensor, n_molecules: int) -> tuple[Tensor, Tensor]:
    """Centred positions ``[n_atoms, 3]`` and the skip's weight ``w [n_atoms, 1]``."""
    count = torch.zeros(n_molecules, 1, device=positions.device).index_add_(
        0, mol_idx, torch.ones(len(mol_idx), 1, device=positions.device)
    )
    total = torch.zeros(n_molecules, 3, device=positions.device).index_add_(0, mol_idx, positions)
    x = positions - (total / count)[mol_idx]
    square = torch.zeros(n_molecules, 1, device=positions.device).index_add_(0, mol_idx, (x * x).mean(1, keepdim=True))
    excess = (square / count - 4.0).clamp_min(0.0)
    return x, (excess / (excess + 2.0))[mol_idx]
