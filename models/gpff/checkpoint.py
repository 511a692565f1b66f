"""Weights on disk: one safetensors file and a JSON manifest that says what they are; :func:`load` for everyone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from gpff.errors import WeightsError
from gpff.folders import WEIGHTS
from gpff.force import ForceField
from gpff.manifest import VERSION, read_manifest, sha256, verified, weights_file
from gpff.painn import NetworkConfig, PaiNN
from gpff.radial import RadialGrid


@dataclass(frozen=True)
class Model:
    """A loaded model: ``forces(numbers, positions, ptr)`` and what is known of it."""

    name: str
    hash: str
    manifest: dict[str, Any]
    forces: ForceField


def save(folder: Path, name: str, state: dict[str, Tensor], network: NetworkConfig, **facts: Any) -> Path:
    """Write ``name.safetensors`` and ``name.json``.

    Args:
        folder: where to; made when it is not there.
        name: of the model.
        state: parameters of :class:`gpff.painn.PaiNN`.
        network: its configuration.
        facts: whatever else the manifest shall say (data hash, training, metrics); JSON values.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.safetensors"
    save_file({k: v.detach().float().contiguous() for k, v in state.items()}, file)
    file.chmod(0o644)  # safetensors writes for the owner alone
    manifest = {"version": VERSION, "name": name, "sha256": sha256(file), "network": asdict(network), **facts}
    file.with_suffix(".json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return file


def load(name: str | Path = "default", device: str | torch.device | None = None) -> Model:
    """Load shipped weights by name, or any by path.

    Args:
        name: ``"default"``, another name in ``models/weights``, or the path of a ``.safetensors`` file.
        device: ``"cpu"``, ``"cuda"``; None takes CUDA when there is one.

    Raises:
        WeightsError: no such weights, no manifest, or a file that does not match its manifest's hash.
    """
    file = weights_file(name)
    if not file.exists():
        known = sorted(f.stem for f in WEIGHTS.glob("*.safetensors") if "targets" not in read_manifest(f))
        raise WeightsError(f"model: expected one of {known} or a .safetensors file, got {str(name)!r}")
    manifest = verified(file)
    if "targets" in manifest:
        raise WeightsError(
            f"{file.name}: expected a pseudo-force field, got a model of {', '.join(manifest['targets'])}"
        )
    net = PaiNN(network_of(manifest["network"]))
    net.load_state_dict(load_file(file))
    return Model(str(manifest["name"]), str(manifest["sha256"]), manifest, ForceField(net, device))


def network_of(values: dict[str, Any]) -> NetworkConfig:
    """The inverse of ``dataclasses.asdict`` for :class:`NetworkConfig`."""
    return NetworkConfig(**{**values, "grid": RadialGrid(**values["grid"])})
