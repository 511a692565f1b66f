"""A widened network answers as the narrow one does, and trains on."""

from __future__ import annotations

import pytest
import torch

from gpff.errors import InputError
from gpff.force import ForceField, field_tables, forces_of
from gpff.painn import NetworkConfig, PaiNN
from gpff.radial import RadialGrid
from gpff.widening import widen

NUMBERS = torch.tensor([6, 8, 1, 1, 7, 6, 1])
PTR = torch.tensor([0, 4, 7])


@pytest.fixture
def narrow() -> PaiNN:
    torch.manual_seed(1)
    net = PaiNN(NetworkConfig(32))
    for parameter in net.parameters():  # biases too: they begin as zeros, and zeros hide much
        torch.nn.init.normal_(parameter, std=0.2)
    return net


def positions() -> torch.Tensor:
    return torch.randn(len(NUMBERS), 3, generator=torch.Generator().manual_seed(2))


def forces(net: PaiNN) -> torch.Tensor:
    return forces_of(net, field_tables(net), NUMBERS, positions(), PTR, None)


@pytest.mark.parametrize("features", [32, 64, 96])
def test_answers_are_those_of_the_narrow_network(narrow: PaiNN, features: int) -> None:
    torch.manual_seed(3)
    wide = PaiNN(NetworkConfig(features))
    before = forces(wide)
    widen(narrow, wide)
    torch.testing.assert_close(forces(wide), forces(narrow), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(before, forces(narrow), atol=1e-2)


def test_serving_sees_no_difference(narrow: PaiNN) -> None:
    wide = PaiNN(NetworkConfig(64))
    widen(narrow, wide)
    served = [ForceField(net, "cpu")(NUMBERS.numpy(), positions().numpy(), PTR.numpy()) for net in (narrow, wide)]
    torch.testing.assert_close(torch.as_tensor(served[1]), torch.as_tensor(served[0]), rtol=1e-2, atol=1e-2)


def test_the_new_features_are_alive(narrow: PaiNN) -> None:
    """Old features' weights on new ones are zero, with a gradient: one step and the answer depends on the new ones."""
    wide = PaiNN(NetworkConfig(64))
    widen(narrow, wide)
    torch.autograd.backward(forces(wide).square().sum())
    read = wide.get_parameter("interactions.1.interatomic_context_net.0.weight")
    assert torch.equal(read[:32, 32:], torch.zeros(32, 32))
    assert read.grad is not None
    assert read.grad[:32, 32:].abs().max() > 0
    assert wide.embedding.weight[6, 32:].abs().min() > 0


def test_a_narrower_or_another_network_is_refused(narrow: PaiNN) -> None:
    with pytest.raises(InputError, match="features: expected at least 32"):
        widen(narrow, PaiNN(NetworkConfig(16)))
    with pytest.raises(InputError, match="interactions on the same grid"):
        widen(narrow, PaiNN(NetworkConfig(64, n_interactions=3)))
    with pytest.raises(InputError, match="interactions on the same grid"):
        widen(narrow, PaiNN(NetworkConfig(64, grid=RadialGrid(cutoff=3.0))))
