"""What a client asks for: one job."""

from typing import Annotated

from pydantic import Field, Strict, model_validator

from studio.protocol.values import (
    MAX_LIST,
    MAX_SEED,
    MAX_STEPS,
    Bool,
    Formula,
    Index,
    Mat3,
    Numbers,
    Positions,
    Sampler,
    ShapeName,
    Vec3,
    Wire,
    expected,
)


class BlobSpec(Wire):
    """A Gaussian prior with its own atoms: a `formula`, `heavy_atoms` of random types that fit or `numbers` one by one.

    `covariance` must be symmetric and positive definite; without one a typical one is taken.
    `placed` false: only the shape matters, the orientation is free. The larger `strictness`, the sooner the
    blob lets go. `positions`, of `numbers`: where the atoms begin, instead of a draw; with `placed` false and no
    `covariance` nothing holds them, so that `dd` relaxes them from there.
    """

    formula: Formula | None = None
    numbers: Annotated[Numbers, Field(min_length=1)] | None = None
    positions: Annotated[Positions, Field(min_length=1)] | None = None
    heavy_atoms: Annotated[int, Strict(), Field(ge=1)] | None = None
    center: Vec3 = (0.0, 0.0, 0.0)
    covariance: Mat3 | None = None
    placed: Bool = True
    strictness: Annotated[float, Strict(), Field(gt=0, le=100)] = 1.0

    @model_validator(mode="after")
    def _one_composition(self) -> "BlobSpec":
        given = [name for name in ("formula", "numbers", "heavy_atoms") if getattr(self, name) is not None]
        if len(given) != 1:
            raise expected("either formula, numbers or heavy_atoms", " and ".join(given) or "none of them")
        if self.positions is not None and self.numbers is None:
            raise expected("positions with numbers only", f"positions with {given[0]}")
        return self


class ScaffoldSpec(Wire):
    """Atoms that stay where they are, bit for bit; `attach` are indices of atoms with an open site."""

    numbers: Annotated[Numbers, Field(min_length=1)]
    positions: Annotated[Positions, Field(min_length=1)]
    attach: Annotated[list[Index], Field(max_length=MAX_LIST)] = Field(default=[])


class GenerateSpec(Wire):
    """One job: `blobs`, with or without a `scaffold`; or, for the simplest calls, `formula` (and `shape`, which is held
    with strictness 2).

    `seed` null: the server draws one and says which. `lambda` is the noise of SDD in Å, which falls as
    `lambda * (1 - k / steps) ** lambda_power`; null: the defaults. `step_length` is η of its x + η F / 2;
    null: 1, and more where steps are few. `stride`: stream every stride-th step; the first and the last always come.
    `valid_only`: candidates that fail are run again with fresh noise, within a budget that the answer states.
    """

    formula: Formula | None = None
    shape: ShapeName | None = None
    blobs: Annotated[list[BlobSpec], Field(min_length=1, max_length=64)] | None = None
    scaffold: ScaffoldSpec | None = None
    n_samples: Annotated[int, Strict(), Field(ge=1)] = 1
    sampler: Sampler = "sdd"
    steps: Annotated[int, Strict(), Field(ge=1)] = 64
    seed: Annotated[int, Strict(), Field(ge=0, le=MAX_SEED)] | None = None
    valid_only: Bool = False
    lambda_: Annotated[float, Strict(), Field(ge=0, le=10)] | None = Field(default=None, alias="lambda")
    lambda_power: Annotated[float, Strict(), Field(gt=0, le=4)] | None = None
    step_length: Annotated[float, Strict(), Field(gt=0, le=2)] | None = None
    stride: Annotated[int, Strict(), Field(ge=1, le=MAX_STEPS)] = 1

    @model_validator(mode="after")
    def _one_form(self) -> "GenerateSpec":
        if (self.formula is None) == (self.blobs is None):
            raise expected("either blobs or formula", "neither" if self.blobs is None else "both blobs and formula")
        if self.blobs is not None and self.shape is not None:
            raise expected("shape with formula only", "shape with blobs")
        if self.formula is not None and self.scaffold is not None:
            raise expected("blobs with a scaffold", "formula with a scaffold")
        return self
