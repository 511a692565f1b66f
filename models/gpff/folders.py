"""Where the library keeps what it ships."""

from __future__ import annotations

from pathlib import Path

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
"""Weights, manifests and the shape predictor."""
