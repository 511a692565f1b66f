"""What to generate: a frozen description, and the one function that judges it.

| blob | starts from | held by |
|---|---|---|
| not placed, no covariance, alone, no scaffold | `N(0, 30² I)`, centred | nothing: free generation |
| not placed, no covariance, otherwise | typical covariance at its centre | nothing |
| not placed, covariance | `N(centre, Σ)` | its principal variances, in any orientation |
| not placed, shape | the same, Σ drawn by the shape predictor for each molecule | the same |
| placed | `N(centre, Σ)`; Σ typical when none is given | mean and covariance in the lab frame |

A blob with positions begins there instead of at a draw, whatever holds it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from gpff.composition import SUPPORTED, check_valence, formula, parse_formula
from gpff.coordinates import MAX_COORDINATE, check_apart, check_positions
from gpff.elements import SYMBOLS
from gpff.errors import InputError, LimitError
from gpff.molecules import Floats, Ints
from gpff.shape_predictor import ARCHETYPES, proportions

type Sampler = Literal[
    "dd", "sdd", "ancestral", "heun", "stochastic_heun", "as_ancestral", "as_heun", "as_stochastic_heun"
]
SAMPLERS: tuple[Sampler, ...] = get_args(Sampler.__value__)
SCHEDULED: tuple[Sampler, ...] = ("ancestral", "heun", "stochastic_heun")
"""Samplers that know the noise level of what they ask about; the others read it off the answer, or do without."""

SHAPES = ("any", *ARCHETYPES)

MIN_VARIANCE, MAX_VARIANCE = 1e-6, 2500.0
"""Smallest and largest principal variance of a blob in Å²."""
MAX_NOISE = 10.0
"""Largest λ in Å."""
MAX_NOISE_POWER = 4.0
"""Largest power with which SDD's noise falls."""
MAX_STEP_LENGTH = 2.0
"""Largest η of SDD: beyond it an answer is farther away than before."""
MAX_STRICTNESS = 100.0
SHAPE_STRICTNESS = 2.0
"""s of a molecule that is asked for by its shape alone: it lets go sooner than a placed blob, for a drawn shape is a
wish, and a disc of no thickness is no molecule (docs/results/sampling.md)."""
MAX_SEED = 2**63 - 1


@dataclass(frozen=True, eq=False)
class Blob:
    """A Gaussian prior with its own atoms.

    `numbers` (atomic numbers) or `heavy_atoms` (that many heavy atoms of random types, with hydrogens to fit
    the open valences): exactly one of the two. `center [3]` Å; `covariance [3, 3]` Å²; `placed`: centre and
    orientation are meant in the lab frame; `strictness` s > 0: the larger, the sooner the blob lets go.
    `shape`: principal variances are drawn for each molecule by the shape predictor, freely ("any"), in the proportions
    of an archetype ("rod", "disc", "sphere") or in given ones. `positions [n, 3]` Å, in the order of `numbers`: where
    its atoms begin, instead of a draw from the prior.
    """

    numbers: tuple[int, ...] | None = None
    heavy_atoms: int | None = None
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)
    covariance: Floats | None = None
    placed: bool = True
    strictness: float = 1.0
    shape: str | tuple[float, float, float] | None = None
    positions: Floats | None = None

    def __post_init__(self) -> None:
        if self.numbers is not None:
            object.__setattr__(self, "numbers", tuple(int(number) for number in self.numbers))
        object.__setattr__(self, "center", tuple(float(value) for value in self.center))
        if self.covariance is not None:
            object.__setattr__(self, "covariance", np.asarray(self.covariance, dtype=np.float64))
        if self.positions is not None:
            object.__setattr__(self, "positions", np.array(self.positions, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Scaffold:
    """Atoms that stay bit for bit: `numbers [n]`, `positions [n, 3]` Å; `attach`: indices of open sites."""

    numbers: Ints
    positions: Floats
    attach: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", np.atleast_1d(np.asarray(self.numbers, dtype=np.int64)))
        object.__setattr__(self, "positions", np.array(self.positions, dtype=np.float64))
        object.__setattr__(self, "attach", tuple(int(index) for index in self.attach))


@dataclass(frozen=True, eq=False)
class Spec:
    """One job: `n_samples` candidates of the same blobs and scaffold.

    `noise` is λ of SDD in Å (None: the default for free or scaffold runs), and it falls as `(1 - k/K)^noise_power`
    (None: the default; 1: the paper's); its `step_length` is η of `x ← x + η F/2` (None: 1, the paper's, and
    more where `steps` are few); `f_max` the largest force on any atom at which DD stops, in Å.
    """

    blobs: tuple[Blob, ...]
    scaffold: Scaffold | None = None
    n_samples: int = 1
    sampler: Sampler = "sdd"
    steps: int = 64
    seed: int = 0
    noise: float | None = None
    noise_power: float | None = None
    step_length: float | None = None
    f_max: float = 0.05

    def __post_init__(self) -> None:
        object.__setattr__(self, "blobs", tuple(self.blobs))

    @property
    def is_free(self) -> bool:
        """One blob without place or shape and no scaffold: generation from the wide prior."""
        return self.scaffold is None and len(self.blobs) == 1 and _is_bare(self.blobs[0])

    @classmethod
    def from_formula(
        cls,
        formula: str | Sequence[int],
        n: int = 1,
        sampler: Sampler = "sdd",
        steps: int = 64,
        seed: int = 0,
        noise: float | None = None,
        noise_power: float | None = None,
        step_length: float | None = None,
        covariance: ArrayLike | None = None,
        shape: str | tuple[float, float, float] | None = None,
    ) -> Spec:
        """Free generation of `n` molecules of `formula` (text, or atomic numbers).

        With a `covariance` or a `shape` (see `Blob`) the shape is held as well, in any orientation, a `shape` with the
        strictness `SHAPE_STRICTNESS`. Raises `InputError` for text that is no formula.
        """
        numbers = parse_formula(formula) if isinstance(formula, str) else np.asarray(formula)
        matrix = None if covariance is None else np.asarray(covariance, dtype=np.float64)
        strictness = 1.0 if shape is None else SHAPE_STRICTNESS
        blob = Blob(tuple(numbers.tolist()), covariance=matrix, placed=False, strictness=strictness, shape=shape)
        return cls(
            (blob,),
            n_samples=n,
            sampler=sampler,
            steps=steps,
            seed=seed,
            noise=noise,
            noise_power=noise_power,
            step_length=step_length,
        )


def _is_bare(blob: Blob) -> bool:
    return not blob.placed and blob.covariance is None and blob.shape is None and blob.positions is None


@dataclass(frozen=True)
class Limits:
    """Sizes beyond which a request is refused with `LimitError`; the defaults are the service's."""

    max_atoms_per_molecule: int = 256
    max_samples: int = 64
    max_steps: int = 1024
    max_total_atoms: int = 4096

    @classmethod
    def library(cls) -> Limits:
        """Bounds for calls from Python, where runs are cut into chunks: only mistakes are refused."""
        return cls(4096, max_samples=10_000_000, max_steps=100_000, max_total_atoms=2_000_000_000)


def open_valences(spec: Spec) -> tuple[int, ...]:
    """Free bonds each blob's atoms must offer to the rest of the molecule: `[n_blobs]`.

    Beside a scaffold every open site counts for the blob whose centre is nearest (and a blob without a site
    for one bond); without a scaffold the blobs are taken as a chain. Sites are for new atoms: no blob that has
    positions takes one while there is a blob without.
    """
    n_blobs = len(spec.blobs)
    if spec.scaffold is None:
        return tuple((i > 0) + (i < n_blobs - 1) for i in range(n_blobs))
    centers = np.array([blob.center for blob in spec.blobs])
    begun = np.array([blob.positions is not None for blob in spec.blobs])
    if not begun.all():
        centers[begun] = np.inf
    sites = spec.scaffold.positions[list(spec.scaffold.attach)]
    nearest = np.linalg.norm(sites[:, None] - centers[None], axis=-1).argmin(axis=1)
    counts = np.bincount(nearest, minlength=n_blobs)
    return tuple(max(int(count), 1) for count in counts)


def validate(spec: Spec, limits: Limits | None = None) -> None:
    """Raise `InputError` (or `LimitError`) for the first field of `spec` that is wrong, in protocol terms.

    `limits` default to the service's.
    """
    limits = limits or Limits()
    _check_run(spec, limits)
    if not spec.blobs:
        raise InputError("blobs", "at least one blob", "none")
    n_atoms = 0
    for i, blob in enumerate(spec.blobs):
        check_blob(blob, f"blobs.{i}")
        # A random blob has at most 2 n + 2 hydrogens.
        n_atoms += len(blob.numbers) if blob.numbers is not None else 3 * (blob.heavy_atoms or 0) + 2
    if spec.scaffold is not None:
        n_atoms += len(spec.scaffold.numbers)
    if n_atoms > limits.max_atoms_per_molecule:
        raise LimitError("blobs", f"at most {limits.max_atoms_per_molecule} atoms a molecule", str(n_atoms))
    if n_atoms * spec.n_samples > limits.max_total_atoms:
        got = f"{spec.n_samples} × {n_atoms}"
        raise LimitError("n_samples", f"at most {limits.max_total_atoms} atoms in all samples", got)
    if spec.scaffold is not None:
        _check_scaffold(spec.scaffold)
    _check_starts(spec)
    _check_composition(spec)


def _check_run(spec: Spec, limits: Limits) -> None:
    if spec.sampler not in SAMPLERS:
        raise InputError("sampler", " or ".join(SAMPLERS), repr(spec.sampler))
    _check_count("n_samples", spec.n_samples, limits.max_samples)
    _check_count("steps", spec.steps, limits.max_steps)
    optional = {"lambda": spec.noise, "lambda_power": spec.noise_power, "step_length": spec.step_length}
    reals = {field: value for field, value in optional.items() if value is not None}
    for field, value in {**reals, "f_max": spec.f_max}.items():
        if not isinstance(value, Real):
            raise InputError(field, "a number", repr(value))
    if not (isinstance(spec.seed, Integral) and 0 <= spec.seed <= MAX_SEED):
        raise InputError("seed", f"an integer from 0 to {MAX_SEED}", str(spec.seed))
    if spec.noise is not None and not 0.0 <= spec.noise <= MAX_NOISE:
        raise InputError("lambda", f"0 to {MAX_NOISE:g} Å", f"{spec.noise:g}")
    if spec.noise_power is not None and not 0.0 < spec.noise_power <= MAX_NOISE_POWER:
        raise InputError("lambda_power", f"above 0, to {MAX_NOISE_POWER:g}", f"{spec.noise_power:g}")
    if spec.step_length is not None and not 0.0 < spec.step_length <= MAX_STEP_LENGTH:
        raise InputError("step_length", f"above 0, to {MAX_STEP_LENGTH:g}", f"{spec.step_length:g}")
    if not (spec.f_max >= 0.0 and math.isfinite(spec.f_max)):
        raise InputError("f_max", "a finite force of at least 0 Å", f"{spec.f_max:g}")


def _check_count(field: str, value: int, most: int) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise InputError(field, "an integer", repr(value))
    if value < 1:
        raise InputError(field, "at least 1", str(value))
    if value > most:
        raise LimitError(field, f"at most {most}", str(value))


def _check_elements(numbers: Sequence[int], field: str) -> None:
    unknown = sorted(set(numbers) - set(SYMBOLS))
    if unknown:
        raise InputError(field, f"elements {SUPPORTED}", f"unknown element with atomic number {unknown[0]}")


def check_blob(blob: Blob, field: str) -> None:
    """Raise `InputError` for what is wrong with one blob by itself; `field` is what it is called."""
    if (blob.numbers is None) == (blob.heavy_atoms is None):
        got = "neither" if blob.numbers is None else "both"
        raise InputError(field, "either a formula or a number of heavy atoms", got)
    if blob.numbers is not None:
        if not blob.numbers:
            raise InputError(f"{field}.formula", "at least one atom", "none")
        _check_elements(blob.numbers, f"{field}.formula")
    elif blob.heavy_atoms is not None and not (isinstance(blob.heavy_atoms, Integral) and blob.heavy_atoms >= 1):
        raise InputError(f"{field}.heavy_atoms", "an integer of at least 1", str(blob.heavy_atoms))
    if len(blob.center) != 3 or not all(abs(value) <= MAX_COORDINATE for value in blob.center):
        expected = f"three finite numbers within ±{MAX_COORDINATE:g} Å"
        raise InputError(f"{field}.center", expected, str(blob.center))
    if blob.covariance is not None:
        _check_covariance(blob.covariance, f"{field}.covariance")
    if blob.shape is not None:
        _check_shape(blob, f"{field}.shape")
    if blob.positions is not None:
        if blob.numbers is None:
            raise InputError(f"{field}.positions", "positions only of given atoms", "random ones")
        check_positions(blob.positions, len(blob.numbers), f"{field}.positions")
    if not 0.0 < blob.strictness <= MAX_STRICTNESS:
        expected = f"more than 0, at most {MAX_STRICTNESS:g}"
        raise InputError(f"{field}.strictness", expected, f"{blob.strictness:g}")


def _check_shape(blob: Blob, field: str) -> None:
    if blob.placed or blob.covariance is not None:
        got = "a placed blob" if blob.placed else "a covariance as well"
        raise InputError(field, "a shape only for a blob that is not placed and has no covariance", got)
    if isinstance(blob.shape, str):
        if blob.shape not in SHAPES:
            raise InputError(field, " or ".join(SHAPES), repr(blob.shape))
    elif blob.shape is not None:
        proportions(blob.shape, field)


def _check_covariance(covariance: Floats, field: str) -> None:
    if covariance.shape != (3, 3):
        raise InputError(field, "a 3 × 3 matrix", f"shape {covariance.shape}")
    if not np.isfinite(covariance).all():
        raise InputError(field, "finite numbers", str(covariance.tolist()))
    if np.abs(covariance - covariance.T).max() > 1e-6 * max(1.0, float(np.abs(covariance).max())):
        raise InputError(field, "a symmetric matrix", str(covariance.tolist()))
    variances = np.linalg.eigvalsh(covariance)
    if variances[0] < MIN_VARIANCE or variances[-1] > MAX_VARIANCE:
        expected = f"a positive definite matrix with variances from {MIN_VARIANCE:g} to {MAX_VARIANCE:g} Å²"
        raise InputError(field, expected, f"variances {', '.join(f'{v:.3g}' for v in variances)}")


def _check_scaffold(scaffold: Scaffold) -> None:
    numbers, positions = scaffold.numbers, scaffold.positions
    if numbers.ndim != 1 or len(numbers) == 0:
        raise InputError("scaffold.numbers", "a list of at least one atomic number", f"shape {numbers.shape}")
    _check_elements(numbers.tolist(), "scaffold.numbers")
    check_positions(positions, len(numbers), "scaffold.positions")
    check_apart(positions, "scaffold.positions")
    outside = [index for index in scaffold.attach if not 0 <= index < len(numbers)]
    if outside:
        raise InputError("scaffold.attach", f"indices from 0 to {len(numbers) - 1}", str(outside[0]))


def _check_starts(spec: Spec) -> None:
    """No two atoms that begin somewhere may begin in one place."""
    known = np.zeros((0, 3)) if spec.scaffold is None else spec.scaffold.positions
    for i, blob in enumerate(spec.blobs):
        if blob.positions is not None:
            check_apart(blob.positions, f"blobs.{i}.positions", known)
            known = np.concatenate([known, blob.positions])


def _check_composition(spec: Spec) -> None:
    """The whole molecule must close its shell; random blobs are drawn so that it does."""
    for i, (blob, n_open) in enumerate(zip(spec.blobs, open_valences(spec), strict=True)):
        if blob.heavy_atoms is not None and n_open > 2 * blob.heavy_atoms + 1:
            expected = f"enough heavy atoms for {n_open} open valences"
            raise InputError(f"blobs.{i}.heavy_atoms", expected, str(blob.heavy_atoms))
    if any(blob.numbers is None for blob in spec.blobs):
        return
    numbers = [] if spec.scaffold is None else spec.scaffold.numbers.tolist()
    for blob in spec.blobs:
        numbers = [*numbers, *(blob.numbers or ())]
    reason = check_valence(numbers)
    if reason is not None:
        last = len(spec.blobs) - 1
        alone = last == 0 and spec.scaffold is None
        whole = formula(numbers) if alone else f"{formula(numbers)} for the whole molecule"
        raise InputError(f"blobs.{last}.formula", "atoms that make a closed shell", f"{whole}, which {reason}")
