"""What a spec leaves to chance or to what is usual: atoms of random blobs, and covariances of blobs without one.

Every draw has the key of its molecule, so that it does not hang on what it is compiled with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gpff.composition import check_valence, random_composition
from gpff.elements import VALENCES
from gpff.errors import InputError
from gpff.molecules import Floats, Ints
from gpff.noise import Stream, generator
from gpff.shape import typical_covariance
from gpff.shape_predictor import ARCHETYPES
from gpff.shape_predictor import load as load_predictor
from gpff.spec import MIN_VARIANCE, Blob, Spec, open_valences

SIGMA_PRIOR = 30.0
"""Standard deviation in Å of the prior of free generation."""
MAX_DRAWS = 64
"""How often the random atoms of a molecule are drawn before it is refused."""


def compositions(spec: Spec, molecule: int) -> list[Ints]:
    """Atomic numbers of every blob of one molecule: `[n_blobs]` arrays; random ones drawn from its key.

    A blob's random atoms fit its own open sites. Where these do not settle the whole molecule, a hydrogen of the last
    random blob settles its parity, hydrogens too many are left out, and what cannot be one molecule even so is drawn
    anew. Raises `InputError` where no draw can be.
    """
    random = [i for i, blob in enumerate(spec.blobs) if blob.numbers is None]
    if not random:
        return [np.array(blob.numbers, dtype=np.int64) for blob in spec.blobs]
    rng, n_open = generator(spec.seed, molecule, Stream.COMPOSITION), open_valences(spec)
    kept = np.zeros(0, np.int64) if spec.scaffold is None else spec.scaffold.numbers
    for _ in range(MAX_DRAWS):
        parts = [
            np.array(blob.numbers, dtype=np.int64)
            if blob.numbers is not None
            else random_composition(blob.heavy_atoms or 0, n_open[i], rng, f"blobs.{i}.heavy_atoms")
            for i, blob in enumerate(spec.blobs)
        ]
        _settle(parts, random, kept)
        if check_valence(np.concatenate([kept, *parts])) is None:
            return parts
    expected = "atoms that can make one molecule with the others"
    raise InputError(f"blobs.{random[-1]}.heavy_atoms", expected, f"none in {MAX_DRAWS} random draws")


def _settle(parts: list[Ints], random: Sequence[int], kept: Ints) -> None:
    """Change hydrogens of the blobs `random` so that the whole molecule's valences close, as far as that goes."""
    last = random[-1]
    if sum(VALENCES[number] for number in np.concatenate([kept, *parts]).tolist()) % 2:
        parts[last] = _other_parity(parts[last], np.concatenate([kept, *parts[:last], *parts[last + 1 :]]))
    whole = np.concatenate([kept, *parts]).tolist()
    # A hydrogen that is left out takes one bond and one atom away, which needed two bonds' ends.
    surplus = 2 * (len(whole) - 1) - sum(VALENCES[number] for number in whole)
    for i in reversed(random):
        spare = np.flatnonzero(parts[i] == 1)[: max(surplus, 0)]
        parts[i], surplus = np.delete(parts[i], spare), surplus - len(spare)


def _other_parity(numbers: Ints, others: Ints) -> Ints:
    """`numbers` with one hydrogen fewer, or, where it has none to spare, with one more."""
    hydrogens = np.flatnonzero(numbers == 1)
    if len(hydrogens):
        fewer = np.delete(numbers, hydrogens[0])
        if len(fewer) and check_valence(np.concatenate([others, fewer])) is None:
            return fewer
    carbons = int(np.count_nonzero(numbers == 6))
    return np.insert(numbers, carbons, 1)


def common_covariance(spec: Spec, blob: Blob, n_atoms: int) -> Floats:
    """Of a blob that asks for no shape: its own, or a usual one for `n_atoms`; `[3, 3]` Å²."""
    if blob.covariance is not None:
        return (blob.covariance + blob.covariance.T) / 2.0
    return SIGMA_PRIOR**2 * np.eye(3) if spec.is_free else typical_covariance(n_atoms)


def drawn_covariance(spec: Spec, shape: str | tuple[float, ...], molecule: int, blob: int, n_atoms: int) -> Floats:
    """Of a blob that asks for a shape, by the shape predictor; `[3, 3]` Å², along the axes."""
    relative = ARCHETYPES.get(shape) if isinstance(shape, str) else shape  # "any" has no proportions
    rng = generator(spec.seed, molecule, Stream.SHAPE, blob)
    return np.diag(np.maximum(load_predictor().draw(n_atoms, rng, relative), MIN_VARIANCE))
