"""Training on the network's own answers: molecules that go on from what it made of them, as in a sampler.

A sampler's states are not equilibria with Gaussian noise but earlier answers with noise, blurred where the network was
unsure and sometimes no molecule at all. A network that has never seen one does not know the way out of it: SDD failed
on as many molecules at 256 calls as at 64, with answers that stood still. Here a share of every batch are such states,
of molecules whose home is known. It costs nothing, for the answers have been given: those of the batch before last,
since the next batch is prepared while the network works on the one before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gpff.data import QM9
from gpff.molecules import Segments, pointers
from gpff.noising import Batch, Floats, Ints, align, gather, nearest

FROM = 0.35
"""Noise in Å from which an answer is still about the molecule it was asked for; from more, it is about another."""
FALL = (0.0, 1.0)
"""Between which shares of the noise before it the next noise is drawn: none at all too, for SDD of few calls adds far
less than its answers are blurred."""
FARTHEST = 30.0
"""An answer with a coordinate beyond this (Å) is nonsense."""
LOST = 0.35
"""An answer farther from home than this (root mean square of a coordinate, Å) has become another molecule."""


@dataclass(frozen=True)
class Answers:
    """What the network made of a batch: `ids [n_molecules]` in the data, `positions [n_atoms, 3]` Å (`x + F/2`, centred
    but for rounding), `level [n_molecules]` Å: the noise that it was made from."""

    ids: Ints
    positions: Floats
    level: Floats


def answers(batch: Batch, forces: Floats) -> Answers:
    """Of the `forces [n_atoms, 3]` predicted for a batch; strays, which are of no data set, are left out."""
    known = batch.ids >= 0
    atoms = known[batch.mol_idx]
    moved = (batch.positions[atoms] + forces[atoms] / 2).astype(np.float32)
    return Answers(batch.ids[known], moved, batch.level[known])


def walked(data: QM9, before: Answers, share: float, rng: np.random.Generator) -> Batch | None:
    """About a `share` of the molecules of `before`, one step on: with noise, and their homes for labels.

    Only those go on that are still near home. From wider clouds an answer is another molecule, and a label that leads
    back from that teaches the network to answer with means. Homes are turned to where they are nearest. What is left to
    home counts as noise, by which the loss is weighted. None where no molecule is fit to go on.
    """
    everyone = Segments(pointers(data.ptr[before.ids + 1] - data.ptr[before.ids]))
    sane = (
        everyone.max(np.abs(before.positions, dtype=np.float64).max(axis=1)) <= FARTHEST
    )  # what is not a number is not
    on = sane & (before.level <= FROM) & (rng.random(len(sane)) < share)
    if not on.any():
        return None
    numbers, clean, ptr = gather(data, before.ids[on])
    parts = Segments(ptr)
    answer = _centred(parts, before.positions[on[everyone.index]])
    home = nearest(numbers, align(numbers, clean, answer, ptr), answer, ptr, rounds=1)
    near = parts.sum(np.square(home - answer).sum(axis=1)) <= LOST**2 * 3 * parts.sizes
    if not near.any():
        return None
    atoms = near[parts.index]
    numbers, home, answer, ids = numbers[atoms], home[atoms], answer[atoms], before.ids[on][near]
    parts = Segments(pointers(parts.sizes[near]))
    level = before.level[on][near] * rng.uniform(*FALL, len(ids)).astype(np.float32)
    noise = _centred(parts, rng.standard_normal(home.shape, dtype=np.float32))
    positions = (answer + level[parts.index, None] * noise).astype(np.float32)
    away = align(numbers, home, positions, parts.ptr) - positions
    sigma = np.sqrt(parts.sum(np.square(away).sum(axis=1)) / (3 * parts.sizes))
    sigma = np.maximum(sigma, level).astype(np.float32)
    return Batch(numbers, positions, (2.0 * away).astype(np.float32), parts.ptr, parts.index, sigma, ids, level)


def _centred(parts: Segments, values: Floats) -> Floats:
    return parts.centred(values.astype(np.float64)).astype(np.float32)
