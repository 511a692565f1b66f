"""Where the library keeps what it ships."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent

WEIGHTS = _HERE / "weights" if (_HERE / "weights").is_dir() else _HERE.parent / "weights"
"""Weights, manifests and the shape predictor: in the package where it was installed, beside it in the sources."""
