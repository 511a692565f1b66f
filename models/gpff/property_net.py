"""PaiNN for two properties of a molecule: HOMO–LUMO gap and atomisation energy, from its geometry.

One representation (5 Å cutoff with a cosine, 20 radial functions, 3 interactions, as the paper's property models) with
one head for both. The energy is a sum over atoms on top of a constant for each element; the gap, which does not grow
with the molecule, is a mean over atoms with learned weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import silu

from gpff import checkpoint
from gpff.elements import NUMBERS
from gpff.errors import InputError, WeightsError
from gpff.force import blocks_of, field_tables, padded
from gpff.manifest import weights_file
from gpff.molecules import pointers
from gpff.painn import N_ELEMENTS, Blocks, NetworkConfig, Representation, Tables
from gpff.predictor import TARGETS, manifest_of
from gpff.radial import RadialGrid

if TYPE_CHECKING:
    from gpff.data import QM9

HARTREE_EV = 27.211386245988
LEVEL = "B3LYP/6-31G(2df,p)"
FREE_ATOMS = {"H": -0.500273, "C": -37.846772, "N": -54.583861, "O": -75.064579, "F": -99.718730}
"""U0 of the free atoms, hartree, B3LYP/6-31G(2df,p), as published with QM9."""
NETWORK = NetworkConfig(n_features=96, n_interactions=3, grid=RadialGrid(n_rbf=20, n_grid=256, cutoff=5.0, scale=5.0))
"""scale = cutoff: the radial functions are nearly evenly spaced, a quarter of an Å apart."""


def free_atoms() -> NDArray[np.float64]:
    """U0 of free atoms by atomic number, ``[N_ELEMENTS]`` eV; zero for what QM9 does not have."""
    table = np.zeros(N_ELEMENTS)
    for symbol, energy in FREE_ATOMS.items():
        table[NUMBERS[symbol]] = energy * HARTREE_EV
    return table


def targets_of(data: QM9) -> NDArray[np.float64]:
    """Gap and atomisation energy (positive for what is bound) of every molecule, ``[n_molecules, 2]`` eV."""
    apart = np.add.reduceat(free_atoms()[data.numbers], data.ptr[:-1])
    return np.stack([data.gap.astype(np.float64), apart - data.u0], axis=1)


class PropertyNet(Representation):
    """Gap and atomisation energy of each molecule of a ragged batch, eV.

    ``references [N_ELEMENTS, 2]``: what one atom of an element adds (energy) by itself, eV; ``shift [2]`` and
    ``scale [2]``: mean and spread, in eV, of what is left. All are fitted before training and kept with the weights.
    """

    references: Tensor
    shift: Tensor
    scale: Tensor

    def __init__(self, config: NetworkConfig = NETWORK) -> None:
        super().__init__(config)
        width = config.n_features
        self.head = nn.Sequential(nn.Linear(width, width), nn.Linear(width, 3))
        self.register_buffer("references", torch.zeros(N_ELEMENTS, 2))
        self.register_buffer("shift", torch.zeros(2))
        self.register_buffer("scale", torch.ones(2))

    def fit_references(self, data: QM9) -> None:
        """Least squares of the energies over the atoms of each element; mean and spread of what is left."""
        present = np.unique(data.numbers)
        counts = np.add.reduceat((data.numbers[:, None] == present).astype(np.float64), data.ptr[:-1], axis=0)
        targets = targets_of(data)
        shares, *_ = np.linalg.lstsq(counts, targets[:, 1], rcond=None)
        rest = np.stack([targets[:, 0], targets[:, 1] - counts @ shares], axis=1)
        self.references.zero_()
        self.references[present.astype(np.int64), 1] = torch.from_numpy(shares).float()
        self.shift.copy_(torch.from_numpy(rest.mean(axis=0)))
        self.scale.copy_(torch.from_numpy(rest.std(axis=0)))

    def forward(self, numbers: Tensor, mol_idx: Tensor, n_molecules: int, blocks: Blocks) -> Tensor:
        """``[n_molecules, 2]`` eV of atoms with ``numbers [n_atoms]`` in molecules ``mol_idx [n_atoms]``."""
        q, _ = self.represent(numbers, blocks)
        first, second = self.head
        value, weight, share = second(silu(first(q))).unbind(1)
        weight = torch.sigmoid(weight) + 1e-3

        def total(per_atom: Tensor) -> Tensor:
            return torch.zeros(n_molecules, *per_atom.shape[1:], device=q.device).index_add_(0, mol_idx, per_atom)

        rest = torch.stack([total(weight * value) / total(weight), total(share)], dim=1)
        return total(self.references[numbers]) + self.shift + self.scale * rest


def evaluate(net: PropertyNet, tables: Tables, numbers: Tensor, positions: Tensor, ptr: Tensor) -> Tensor:
    """``[n_molecules, 2]`` eV, differentiable in the parameters; arguments as :func:`gpff.force.forces_of`."""
    n_molecules = len(ptr) - 1
    numbers, positions, ptr = padded(numbers, positions, ptr)
    mol_idx, blocks = blocks_of(net, tables, positions, ptr)
    out: Tensor = net(numbers, mol_idx, len(ptr) - 1, blocks)
    return out[:n_molecules]


class PropertyModel:
    """A trained network as a function of arrays, on the CPU; one thread at a time."""

    def __init__(self, net: PropertyNet, manifest: dict[str, Any] | None = None) -> None:
        self.net = net.eval().requires_grad_(False)
        self.manifest = manifest or {}
        self.tables = field_tables(net)

    @torch.inference_mode()
    def __call__(
        self, numbers: NDArray[np.integer], positions: NDArray[np.floating], ptr: NDArray[np.integer], batch: int = 256
    ) -> NDArray[np.float64]:
        """Gap and atomisation energy, ``[n_molecules, 2]`` eV.

        Args:
            numbers: ``[n_atoms]``; positions: ``[n_atoms, 3]`` Å; ptr: ``[n_molecules + 1]``.
            batch: molecules evaluated at once.
        """
        out = np.zeros((len(ptr) - 1, 2))
        for first in range(0, len(ptr) - 1, batch):
            part = np.asarray(ptr[first : first + batch + 1], dtype=np.int64)
            a, b = int(part[0]), int(part[-1])
            arrays = (numbers[a:b].astype(np.int64), positions[a:b].astype(np.float32), part - a)
            tensors = [torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]
            out[first : first + len(part) - 1] = evaluate(self.net, self.tables, *tensors).double().numpy()
        return out


def save(folder: Path, name: str, net: PropertyNet, state: dict[str, Tensor], **facts: Any) -> Path:
    """Write ``name.safetensors`` with its manifest, as :func:`gpff.checkpoint.save` does."""
    return checkpoint.save(folder, name, state, net.config, targets=list(TARGETS), **facts)


def load(name: str | Path = "properties") -> PropertyModel:
    """Shipped weights by name, or any by path. Raises WeightsError as :func:`gpff.checkpoint.load` does."""
    file = weights_file(name)
    if not file.exists():
        raise WeightsError(f"property model: expected the file {file.name}, got none")
    manifest = manifest_of(file)
    net = PropertyNet(checkpoint.network_of(manifest["network"]))
    net.load_state_dict(load_file(file))
    return PropertyModel(net, manifest)


def errors(model: PropertyModel, data: QM9) -> NDArray[np.float64]:
    """Predicted less true gap and energy of every molecule, ``[n_molecules, 2]`` eV."""
    return model(data.numbers, data.positions, data.ptr) - targets_of(data)


class Geometry(Protocol):
    """A molecule: ``numbers [n_atoms]``, ``positions [n_atoms, 3]`` Å. Candidates are such."""

    @property
    def numbers(self) -> NDArray[np.int64]: ...

    @property
    def positions(self) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class Predicted:
    """Of one molecule, eV, at the level of QM9 (B3LYP/6-31G(2df,p)): predictions of a network, not computed.

    gap: HOMO–LUMO; atomisation_energy: what it takes to pull all atoms apart, at 0 K; u0: total internal energy at 0 K.
    """

    gap: float
    atomisation_energy: float
    u0: float


def properties(molecules: Sequence[Geometry], model: PropertyModel | None = None) -> list[Predicted]:
    """Gap and energies of molecules of H, C, N, O and F, from their geometries alone; batched, on the CPU.

    The shipped model (`models/weights/properties.json` says how good it is) was trained on equilibrium geometries of up
    to nine heavy atoms, and is the better the nearer a geometry is to one. Raises InputError for other elements and
    arrays that do not fit.
    """
    for i, molecule in enumerate(molecules):
        n, shape = len(molecule.numbers), np.shape(molecule.positions)
        if n == 0 or shape != (n, 3):
            raise InputError(f"molecules.{i}.positions", f"shape ({n}, 3) and at least one atom", str(shape))
        unknown = sorted(set(np.asarray(molecule.numbers).tolist()) - {NUMBERS[symbol] for symbol in FREE_ATOMS})
        if unknown:
            raise InputError(f"molecules.{i}.numbers", f"elements of {', '.join(FREE_ATOMS)}", str(unknown))
    if not molecules:
        return []
    numbers = np.concatenate([np.asarray(molecule.numbers, dtype=np.int64) for molecule in molecules])
    positions = np.concatenate([np.asarray(molecule.positions, dtype=np.float64) for molecule in molecules])
    ptr = pointers(np.array([len(molecule.numbers) for molecule in molecules], dtype=np.int64))
    found = (model or _shipped())(numbers, positions, ptr)
    apart = np.add.reduceat(free_atoms()[numbers], ptr[:-1])
    return [Predicted(float(g), float(e), float(a - e)) for (g, e), a in zip(found, apart, strict=True)]


@cache
def _shipped() -> PropertyModel:
    return load()
