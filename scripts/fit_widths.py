#!/usr/bin/env python
"""Fit what `gpff.widths` takes off: prints `LEVELS` and `MISSED` for the weights that ship (a minute on a core)."""

from __future__ import annotations

import argparse

import numpy as np

from gpff.checkpoint import load as load_model
from gpff.data import load
from gpff.molecules import Segments
from gpff.noising import gather
from gpff.widths import features, principal_axes

LEVELS = (0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0)
WILD = 20.0
"""Errors in units of σ² from which on an answer is no answer: two atoms of the cloud nearly met."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default")
    parser.add_argument("--n", type=int, default=20_000, help="training molecules at each noise level")
    options = parser.parse_args()
    model, data = load_model(options.model, "cpu"), load().subset("train")
    rng = np.random.default_rng(0)
    numbers, clean, ptr = gather(data, rng.permutation(len(data))[: options.n])
    molecules = Segments(ptr)
    clean = molecules.centred(clean.astype(np.float64))
    rows = []
    for level in LEVELS:
        noise = level * molecules.centred(rng.standard_normal(clean.shape))
        positions, sigma = clean + noise, np.full(len(molecules.sizes), level)
        answers = np.asarray(model.forces(numbers, positions, ptr)) / 2.0
        variances, axes = principal_axes(positions, molecules)
        along = axes[molecules.index]
        seen, pulled, true = (np.einsum("ni,nia->na", v, along) for v in (positions, answers, -noise))
        error = molecules.sum((pulled - true) * seen) / molecules.sizes[:, None] / level**2
        x = features(molecules.sizes, variances, sigma)
        sane = np.isfinite(error) & (np.abs(error) < WILD)
        rows.append([np.linalg.lstsq(x[sane[:, a], a], error[sane[:, a], a], rcond=None)[0] for a in range(3)])
    print("LEVELS = np.array(" + str(list(LEVELS)) + ")\nMISSED = np.array([")
    for level, row in zip(LEVELS, rows, strict=True):
        print("    " + str([[round(float(value), 3) for value in axis] for axis in row]) + f",  # {level} Å")
    print("])")


if __name__ == "__main__":
    main()
