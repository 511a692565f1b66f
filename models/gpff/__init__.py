"""Molecules in 3D from a generative pseudo-force field.

::

    import gpff

    model = gpff.load()
    molecules = gpff.generate(model, "C7H8O2", n=100, sampler="sdd", steps=64, seed=0)

Names are looked up when first used: `import gpff` alone loads neither PyTorch nor RDKit.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpff.checkpoint import Model, load
    from gpff.composition import formula, parse_formula
    from gpff.errors import GpffError, InputError, LimitError, WeightsError
    from gpff.generation import Candidate, generate, sample
    from gpff.property_net import Predicted, properties
    from gpff.spec import Blob, Limits, Scaffold, Spec, validate

__all__ = [
    "Blob",
    "Candidate",
    "GpffError",
    "InputError",
    "LimitError",
    "Limits",
    "Model",
    "Predicted",
    "Scaffold",
    "Spec",
    "WeightsError",
    "formula",
    "generate",
    "load",
    "parse_formula",
    "properties",
    "sample",
    "validate",
]

_HOMES = {
    "checkpoint": ("Model", "load"),
    "composition": ("formula", "parse_formula"),
    "errors": ("GpffError", "InputError", "LimitError", "WeightsError"),
    "generation": ("Candidate", "generate", "sample"),
    "property_net": ("Predicted", "properties"),
    "spec": ("Blob", "Limits", "Scaffold", "Spec", "validate"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"gpff.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'gpff' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
