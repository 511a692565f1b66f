"""Fit the shape predictor to QM9's training split and write `models/weights/shape.npz` (seconds)."""

from __future__ import annotations

from gpff.data import load
from gpff.folders import WEIGHTS
from gpff.shape_predictor import fit, save

if __name__ == "__main__":
    data = load().subset("train")
    predictor = fit(data.positions, data.ptr)
    save(predictor, WEIGHTS / "shape.npz")
    print(f"{len(predictor.counts)} atom counts from {predictor.counts[0]} to {predictor.counts[-1]}")
