"""Three ways to evaluate one set of weights agree, and the network behaves as physics says."""

from __future__ import annotations

import copy
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from gpff import kernel
from gpff.dense import DenseBlocks, dense_tables
from gpff.force import ForceField, field_tables, forces_of, padded, padding, quick_products
from gpff.fused import FusedBlocks, fused_tables
from gpff.painn import NetworkConfig, PaiNN
from gpff.radial import RadialGrid

needs_kernel = pytest.mark.skipif(not kernel.available(), reason="no C compiler and no built kernel")


@pytest.fixture(scope="module")
def net() -> PaiNN:
    torch.manual_seed(3)
    net = PaiNN(NetworkConfig(n_features=32, n_interactions=3))
    for parameter in net.parameters():  # biases start at zero: give every parameter something to do
        parameter.data += 0.05 * torch.randn_like(parameter)
    return net


def batch(sizes: list[int], spread: float = 1.5, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    numbers = torch.from_numpy(rng.choice([1, 6, 7, 8, 9], n))
    positions = torch.from_numpy(rng.normal(size=(n, 3)).astype(np.float32) * spread)
    return numbers, positions, torch.tensor([0, *np.cumsum(sizes)])


def mol_idx_of(ptr: Tensor) -> Tensor:
    return torch.repeat_interleave(torch.arange(len(ptr) - 1), ptr[1:] - ptr[:-1])


def dense(net: PaiNN, numbers: Tensor, x: Tensor, ptr: Tensor) -> Tensor:
    mol_idx = mol_idx_of(ptr)
    return net(numbers, x, mol_idx, len(ptr) - 1, DenseBlocks(net.config, dense_tables(net), x, ptr, mol_idx))


def fused(net: PaiNN, numbers: Tensor, x: Tensor, ptr: Tensor) -> Tensor:
    blocks = FusedBlocks(fused_tables(net), kernel.Pairs.of(x, ptr, net.config.grid))
    return net(numbers, x, mol_idx_of(ptr), len(ptr) - 1, blocks)


def relative(a: Tensor, b: Tensor) -> float:
    return float(((a - b).norm() / b.norm()).detach())


def gradients(net: PaiNN, forces: Tensor) -> dict[str, Tensor]:
    net.zero_grad()
    weights = torch.linspace(-1, 1, forces.numel()).view_as(forces)
    (forces * weights + forces.square()).sum().backward()
    return {k: p.grad.clone() for k, p in net.named_parameters() if p.grad is not None}


@needs_kernel
@pytest.mark.parametrize("spread", [0.8, 3.0, 30.0])
def test_kernel_agrees_with_dense_in_forces_and_gradients(net: PaiNN, spread: float) -> None:
    args = batch([18, 1, 5, 29, 2], spread)
    a, b = fused(net, *args), dense(net, *args)
    assert relative(a, b) < 1e-5
    ga, gb = gradients(net, a), gradients(net, b)
    assert ga.keys() == gb.keys() and len(ga) == len(dict(net.named_parameters()))
    for name in ga:
        assert relative(ga[name], gb[name]) < 1e-4, name


@needs_kernel
@pytest.mark.parametrize("spread", [1.2, 30.0])
def test_schnetpack_modules_agree_in_forces_and_gradients(net: PaiNN, spread: float) -> None:
    with warnings.catch_warnings():  # SchNetPack's own imports warn
        warnings.simplefilter("ignore")
        from gpff.network import SchNetPackField

    reference = SchNetPackField(net.config)
    reference.load_field(net.state_dict())
    args = batch([18, 9, 25, 3], spread, seed=1)
    expected = reference(*args)
    assert relative(fused(net, *args), expected) < 1e-4
    assert relative(dense(net, *args), expected) < 1e-4
    ours = gradients(net, fused(net, *args))
    weights = torch.linspace(-1, 1, expected.numel()).view_as(expected)
    (expected * weights + expected.square()).sum().backward()
    theirs = {k.removeprefix("representation."): p.grad for k, p in reference.named_parameters()}
    assert ours.keys() == theirs.keys()
    for name, gradient in theirs.items():
        assert gradient is not None and relative(ours[name], gradient) < 1e-4, name


def evaluators() -> list[object]:
    return [pytest.param(dense, id="dense"), pytest.param(fused, id="kernel", marks=needs_kernel)]


@pytest.mark.parametrize("evaluate", evaluators())
def test_rotation_translation_permutation(net: PaiNN, evaluate: object) -> None:
    numbers, x, ptr = batch([17], seed=2)
    forces = evaluate(net, numbers, x, ptr)  # type: ignore[operator]
    rotation = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))[0]
    turned = evaluate(net, numbers, x @ rotation.T + torch.tensor([1.0, -2.0, 0.5]), ptr)  # type: ignore[operator]
    assert relative(turned, forces @ rotation.T) < 1e-4
    order = torch.randperm(17, generator=torch.Generator().manual_seed(2))
    assert relative(evaluate(net, numbers[order], x[order], ptr), forces[order]) < 1e-5  # type: ignore[operator]


@pytest.mark.parametrize("evaluate", evaluators())
def test_molecules_do_not_see_each_other(net: PaiNN, evaluate: object) -> None:
    numbers, x, ptr = batch([7, 20, 4], seed=3)
    together = evaluate(net, numbers, x, ptr)  # type: ignore[operator]
    alone = evaluate(net, numbers[7:27], x[7:27], torch.tensor([0, 20]))  # type: ignore[operator]
    assert relative(together[7:27], alone) < 1e-5


@pytest.mark.parametrize("evaluate", evaluators())
def test_coincident_atoms_and_every_size_stay_finite(net: PaiNN, evaluate: object) -> None:
    numbers, x, ptr = batch(list(range(1, 65)), seed=4)
    x[ptr[10] : ptr[11]] = 0.7  # eleven atoms in one place
    x[ptr[20]] = x[ptr[20] + 1]
    forces = evaluate(net, numbers, x, ptr)  # type: ignore[operator]
    assert torch.isfinite(forces).all()
    assert all(torch.isfinite(g).all() for g in gradients(net, forces).values())


@pytest.mark.parametrize("evaluate", evaluators())
def test_non_finite_positions_spoil_their_own_molecule_only(net: PaiNN, evaluate: object) -> None:
    numbers, x, ptr = batch([6, 6, 6], seed=5)
    clean = evaluate(net, numbers, x, ptr)  # type: ignore[operator]
    broken = x.clone()
    broken[7] = float("nan")
    forces = evaluate(net, numbers, broken, ptr)  # type: ignore[operator]
    assert relative(forces[:6], clean[:6]) < 1e-6 and relative(forces[12:], clean[12:]) < 1e-6
    assert not torch.isfinite(forces[6:12]).all()


def test_far_from_home_the_estimate_starts_at_the_centre(net: PaiNN) -> None:
    numbers, x, ptr = batch([20], spread=30.0, seed=6)
    silent = copy.deepcopy(net)
    silent.head[-1].mix_vectors.weight.data.zero_()  # type: ignore[union-attr, operator]
    estimate = x + dense(silent, numbers, x, ptr) / 2
    offset = x - x.mean(0)
    excess = offset.square().mean() - 4.0
    torch.testing.assert_close(estimate - x.mean(0), offset * 2.0 / (excess + 2.0), rtol=1e-3, atol=1e-4)


def test_force_field_takes_arrays_and_is_indifferent_to_place() -> None:
    torch.manual_seed(0)
    field = ForceField(PaiNN(NetworkConfig(n_features=16, n_interactions=2)), "cpu")
    numbers, x, ptr = (t.numpy() for t in batch([5, 9], seed=7))
    here = field(numbers, x.astype(np.float64), ptr)
    there = field(numbers, x.astype(np.float64) + 1e4, ptr)
    assert here.dtype == np.float32 and here.shape == (14, 3)
    np.testing.assert_allclose(here, there, rtol=1e-4, atol=1e-5)
    assert field(numbers[:0], x[:0], np.array([0])).shape == (0, 3)


@needs_kernel
def test_products_see_few_sizes_and_lone_atoms_added_for_it_change_nothing(net: PaiNN) -> None:
    sizes = {n + padding(n) for n in range(1, 4096)}
    assert len(sizes) < 128 and all(n <= n + padding(n) <= 1.1 * n + 8 for n in range(1, 4096))
    numbers, x, ptr = batch([18, 3, 20])
    alone = fused(net, numbers, x, ptr)
    more = fused(net, *padded(numbers, x, ptr))
    assert more.shape == (48, 3) and relative(more[:41], alone) < 1e-5
    assert relative(forces_of(net, field_tables(net), numbers, x, ptr), alone) < 1e-5


def test_dense_path_serves_without_a_kernel_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net = PaiNN(NetworkConfig(n_features=16, n_interactions=2))
    args = tuple(t.numpy() for t in batch([5, 9, 14, 3], seed=8))
    expected = ForceField(net, "cpu")(*args)
    monkeypatch.setattr(kernel, "library", lambda: None)
    monkeypatch.setattr("gpff.force.MAX_PAIRS", 200)
    with pytest.warns(UserWarning, match="no compiled kernel"):
        field = ForceField(net, "cpu")
    np.testing.assert_allclose(field(*args), expected, rtol=1e-4, atol=1e-6)


def test_products_stay_as_they_are_where_pytorch_has_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends, "mkldnn", SimpleNamespace())  # as before PyTorch 2.9
    quick_products()
    net = PaiNN(NetworkConfig(n_features=16, n_interactions=2))
    assert np.isfinite(ForceField(net, "cpu")(*(t.numpy() for t in batch([5], seed=8)))).all()


def test_radial_grid_reproduces_its_nodes() -> None:
    grid = RadialGrid(n_rbf=16, n_grid=64)
    distances = torch.sinh(torch.arange(64, dtype=torch.float64) * grid.step) * grid.scale
    row, weight = grid.locate(distances[:-1])
    torch.testing.assert_close(row + weight, torch.arange(63, dtype=torch.float64))
    assert abs(float(distances[-1]) - grid.cutoff) < 1e-6


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_cpu() -> None:
    torch.manual_seed(0)
    net = PaiNN(NetworkConfig(n_features=32))
    args = tuple(t.numpy() for t in batch([18, 9, 25], seed=9))
    expected = ForceField(net, "cpu")(*args)
    actual = ForceField(net, "cuda")(*args)
    assert np.linalg.norm(actual - expected) / np.linalg.norm(expected) < 5e-3  # TF32
