"""What lies beside a weights file: a JSON manifest that says what the weights are. Read without PyTorch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from gpff.errors import WeightsError
from gpff.folders import WEIGHTS

VERSION = 1


def weights_file(name: str | Path) -> Path:
    """Where shipped weights of this name are, or would be; a path of a ``.safetensors`` file is one itself."""
    return Path(name) if str(name).endswith(".safetensors") else WEIGHTS / f"{name}.safetensors"


def read_manifest(file: Path) -> dict[str, Any]:
    """The manifest beside a weights file.

    Raises:
        WeightsError: there is none, it is not JSON, or it is of another version.
    """
    try:
        manifest: dict[str, Any] = json.loads(file.with_suffix(".json").read_text())
    except (OSError, ValueError) as error:
        raise WeightsError(f"{file.name}: expected a manifest beside it, got {error}") from error
    if manifest.get("version") != VERSION:
        raise WeightsError(f"{file.name}: expected manifest version {VERSION}, got {manifest.get('version')}")
    return manifest


def verified(file: Path) -> dict[str, Any]:
    """The manifest beside a weights file, once the file has been found to be the one that it speaks of.

    Raises:
        WeightsError: as :func:`read_manifest`, and for another hash.
    """
    manifest = read_manifest(file)
    found = sha256(file)
    if found != manifest["sha256"]:
        raise WeightsError(f"{file.name}: expected sha256 {manifest['sha256']}, got {found}")
    return manifest


def all_epochs(manifest: dict[str, Any]) -> float | None:
    """Epochs that weights saw, in the runs that they began from as well; None where none are named."""
    training = manifest.get("training", {})
    epochs: float | None = training.get("epochs_in_all", training.get("epochs"))
    return epochs


def sha256(file: Path) -> str:
    """Hash of a file, hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
