"""The same network built from SchNetPack's own modules: the reference that the fast paths are tested against.

The only module that imports SchNetPack (ten seconds, and Lightning with it); nothing on the serving path needs it.
"""

from __future__ import annotations

import torch
from schnetpack.nn import CosineCutoff, build_gated_equivariant_mlp
from schnetpack.nn.radial import GaussianRBF
from schnetpack.representation import PaiNN as SchNetPackPaiNN
from torch import Tensor, nn

from gpff.painn import NetworkConfig, centred
from gpff.radial import InterpolatedRBF


class SchNetPackField(nn.Module):
    """PaiNN from SchNetPack's blocks, sparse all-to-all edges, gated-equivariant vector head, the time-free skip.

    Two things differ from ``schnetpack.representation.PaiNN.forward`` and are done here with its blocks: direction
    vectors are ``r_ij / (|r_ij| + 1)``, finite where two atoms of a noise cloud meet, and ``F = 2 (net - w x)``.
    """

    def __init__(self, config: NetworkConfig | None = None, radial_basis: nn.Module | None = None) -> None:
        super().__init__()
        config = config or NetworkConfig()
        self.representation = SchNetPackPaiNN(
            n_atom_basis=config.n_features,
            n_interactions=config.n_interactions,
            radial_basis=radial_basis or InterpolatedRBF(config.grid),
            cutoff_fn=CosineCutoff(config.grid.cutoff),
        )
        self.head = build_gated_equivariant_mlp(
            n_in=config.n_features, n_out=1, n_layers=2, sactivation=nn.functional.silu
        )

    def load_field(self, state: dict[str, Tensor]) -> None:
        """Take the weights of :class:`gpff.painn.PaiNN` (its ``state_dict``), name for name."""
        ours = {(k if k.startswith("head.") else f"representation.{k}"): v for k, v in state.items()}
        buffers = {k for k, _ in self.named_buffers()}
        missing, unexpected = self.load_state_dict(ours, strict=False)
        if set(missing) - buffers or unexpected:
            raise ValueError(f"state: expected PaiNN's parameters, missing {missing}, unexpected {unexpected}")

    def forward(self, numbers: Tensor, positions: Tensor, ptr: Tensor) -> Tensor:
        """Pseudo-forces ``[n_atoms, 3]`` (Å) from ``numbers [n_atoms]``, ``positions [n_atoms, 3]``, ``ptr``."""
        painn = self.representation
        mol_idx = torch.repeat_interleave(torch.arange(len(ptr) - 1), ptr[1:] - ptr[:-1])
        idx_i, idx_j = all_pairs(ptr)
        r_ij = positions[idx_j] - positions[idx_i]
        d_ij = r_ij.norm(dim=1, keepdim=True)
        directions = r_ij / (d_ij + 1.0)
        filters = painn.filter_net(painn.radial_basis(d_ij)) * painn.cutoff_fn(d_ij)[..., None]
        layers = filters.split(3 * painn.n_atom_basis, dim=-1)
        q = painn.embedding(numbers)[:, None]
        mu = positions.new_zeros(len(numbers), 3, painn.n_atom_basis)
        for interaction, mixing, w_ij in zip(painn.interactions, painn.mixing, layers, strict=True):
            q, mu = interaction(q, mu, w_ij, directions, idx_i, idx_j, len(numbers))
            q, mu = mixing(q, mu)
        _, vectors = self.head((q.squeeze(1), mu))
        x, pull = centred(positions, mol_idx, len(ptr) - 1)
        forces: Tensor = 2.0 * (vectors.squeeze(-1) - pull * x)
        return forces


def paper_basis(n_rbf: int = 600, cutoff: float = 150.0) -> nn.Module:
    """The paper's radial basis: 600 Gaussians, uniform to 150 Å. Benchmarks compare with it; we do not train on it."""
    basis: nn.Module = GaussianRBF(n_rbf=n_rbf, cutoff=cutoff)
    return basis


def all_pairs(ptr: Tensor) -> tuple[Tensor, Tensor]:
    """Every ordered pair of different atoms within a molecule, ``idx_i`` and ``idx_j [n_pairs]``."""
    sizes = ptr[1:] - ptr[:-1]
    idx_i = torch.repeat_interleave(torch.arange(int(ptr[-1])), torch.repeat_interleave(sizes, sizes))
    first = torch.repeat_interleave(torch.repeat_interleave(ptr[:-1], sizes), torch.repeat_interleave(sizes, sizes))
    starts = torch.cumsum(torch.repeat_interleave(sizes, sizes), 0) - torch.repeat_interleave(sizes, sizes)
    within = torch.arange(len(idx_i)) - torch.repeat_interleave(starts, torch.repeat_interleave(sizes, sizes))
    idx_j = first + within
    different = idx_i != idx_j
    return idx_i[different], idx_j[different]
