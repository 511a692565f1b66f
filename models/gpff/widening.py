"""A wider network that answers as a narrower one does, to be trained further (Chen et al. 2016, "Net2Net").

PaiNN treats each feature alone but for its dense layers, so new features beside the old ones leave an answer as it is
while no old feature reads a new one. What the new ones read and are is left as it was initialised: they are alive
from the first step, and the old features' weights on them, which are zero, have a gradient at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from gpff.errors import InputError
from gpff.painn import Representation

BLOCKS = {
    "interatomic_context_net.1": 3,
    "intraatomic_context_net.1": 3,
    "mu_channel_mix": 2,
    "mix_vectors": 2,
    "scalar_net.1": 2,
}
"""How many blocks of equal height a dense layer's output has, one below the other; all others have one."""


def widen(narrow: Representation, wide: Representation) -> None:
    """Give ``wide`` the weights of ``narrow``: it then answers alike, and its further features are as they were.

    Raises InputError where ``wide`` is the narrower of the two or they differ in more than width.
    """
    ours, theirs = wide.config, narrow.config
    if ours.n_features < theirs.n_features:
        raise InputError("features", f"at least {theirs.n_features}, as the model has", str(ours.n_features))
    if (ours.n_interactions, ours.grid) != (theirs.n_interactions, theirs.grid):
        raise InputError("model", "as many interactions on the same grid", f"{theirs.n_interactions} interactions")
    parameters = dict(wide.named_parameters())
    with torch.no_grad():
        for name, small in narrow.named_parameters():
            _fill(name, small, parameters[name], theirs.n_interactions)


def _fill(name: str, small: Tensor, large: Tensor, layers: int) -> None:
    """Put a parameter of the narrow network into that of the wide one."""
    if name.startswith("embedding"):
        large[:, : small.shape[1]] = small
        return
    layer = name.rpartition(".")[0]
    height = layers * 3 if layer == "filter_net" else next((n for end, n in BLOCKS.items() if layer.endswith(end)), 1)
    for old, new in _blocks((small.shape[0] // height,) * height, (large.shape[0] // height,) * height):
        if small.ndim == 1:
            large[new] = small[old]
            continue
        large[new] = 0.0
        for a, b in _blocks(_columns(layer, small), _columns(layer, large)):
            large[new, b] = small[old, a]


def _columns(layer: str, weight: Tensor) -> tuple[int, ...]:
    """Widths of what a dense layer reads: scalar features alone, or norms of vector features beside them."""
    n_out, n_in = weight.shape
    beside = layer.endswith(("intraatomic_context_net.0", "scalar_net.0"))
    return (n_out, n_in - n_out) if beside else (n_in,)


def _blocks(small: tuple[int, ...], large: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    """Where each block lies in the narrow parameter, and where it comes to lie in the wide one."""
    old = new = 0
    for n, m in zip(small, large, strict=True):
        yield slice(old, old + n), slice(new, new + n)
        old, new = old + n, new + m
