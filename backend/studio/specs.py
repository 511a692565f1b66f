"""From the wire to the library: a `GenerateSpec` becomes a checked `gpff` spec, its errors in the names of the wire."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gpff.composition import parse_formula
from gpff.errors import InputError
from gpff.spec import SHAPE_STRICTNESS, Blob, Limits, Scaffold, Spec, validate
from studio.protocol import MAX_LIST, BlobSpec, GenerateSpec, ScaffoldSpec, ShapeName, SteeredBlob


def to_spec(wire: GenerateSpec, seed: int, limits: Limits) -> Spec:
    """The checked spec. Raises `InputError` (`LimitError` over a limit) naming the field."""
    if wire.formula is not None:
        blobs: tuple[Blob, ...] = (_named_shape(wire.formula, wire.shape, limits),)
    else:
        blobs = tuple(_blob(blob, f"blobs.{i}", limits) for i, blob in enumerate(wire.blobs or ()))
    spec = Spec(
        blobs=blobs,
        scaffold=None if wire.scaffold is None else _scaffold(wire.scaffold),
        n_samples=wire.n_samples,
        sampler=wire.sampler,
        steps=wire.steps,
        seed=seed,
        noise=wire.lambda_,
        noise_power=wire.lambda_power,
        step_length=wire.step_length,
    )
    try:
        validate(spec, limits)
    except InputError as error:
        raise type(error)(_name_on_the_wire(wire, error.field), error.expected, error.got) from None
    return spec


def _name_on_the_wire(wire: GenerateSpec, field: str) -> str:
    if wire.blobs is None:
        return field.removeprefix("blobs.0.")
    atoms = {
        f"blobs.{i}.formula": f"blobs.{i}.numbers" for i, blob in enumerate(wire.blobs) if blob.numbers is not None
    }
    return atoms.get(field, field)


def steered_blobs(spec: Spec, wires: Sequence[SteeredBlob]) -> tuple[Blob, ...]:
    """The blobs of `spec` with what a client changes of them. Raises `InputError` where they would be others."""
    if len(wires) != len(spec.blobs):
        raise InputError("blobs", f"as many as the job has, {len(spec.blobs)}", str(len(wires)))
    return tuple(
        _steered(blob, wire, f"blobs.{i}") for i, (blob, wire) in enumerate(zip(spec.blobs, wires, strict=True))
    )


def _steered(blob: Blob, wire: SteeredBlob, field: str) -> Blob:
    if wire.formula is not None:
        numbers = parse_formula(wire.formula, f"{field}.formula", MAX_LIST)
        if blob.numbers is None or sorted(numbers.tolist()) != sorted(blob.numbers):
            raise InputError(f"{field}.formula", "the blob's own atoms", wire.formula)
    if wire.heavy_atoms not in (None, blob.heavy_atoms):
        raise InputError(f"{field}.heavy_atoms", "the blob's own atoms", str(wire.heavy_atoms))
    return replace(
        blob,
        center=blob.center if wire.center is None else wire.center,
        covariance=blob.covariance if wire.covariance is None else np.array(wire.covariance),
        placed=blob.placed if wire.placed is None else wire.placed,
        strictness=blob.strictness if wire.strictness is None else wire.strictness,
        shape=blob.shape if wire.covariance is None and wire.placed is not True else None,
    )


def _named_shape(formula: str, shape: ShapeName | None, limits: Limits) -> Blob:
    numbers = tuple(parse_formula(formula, "formula", limits.max_atoms_per_molecule).tolist())
    # As the library holds what is asked for by its shape alone: so more of the molecules are valid.
    strictness = 1.0 if shape is None else SHAPE_STRICTNESS
    return Blob(numbers=numbers, placed=False, strictness=strictness, shape=shape)


def _blob(blob: BlobSpec, field: str, limits: Limits) -> Blob:
    numbers = None if blob.numbers is None else tuple(blob.numbers)
    if blob.formula is not None:
        parsed = parse_formula(blob.formula, f"{field}.formula", limits.max_atoms_per_molecule)
        numbers = tuple(parsed.tolist())
    return Blob(
        numbers=numbers,
        heavy_atoms=blob.heavy_atoms,
        center=blob.center,
        covariance=None if blob.covariance is None else np.array(blob.covariance),
        placed=blob.placed,
        strictness=blob.strictness,
        positions=None if blob.positions is None else np.array(blob.positions, dtype=np.float64),
    )


def _scaffold(scaffold: ScaffoldSpec) -> Scaffold:
    return Scaffold(
        numbers=np.array(scaffold.numbers, dtype=np.int64),
        positions=np.array(scaffold.positions, dtype=np.float64),
        attach=tuple(scaffold.attach),
    )
