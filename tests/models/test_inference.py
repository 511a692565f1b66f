"""The network in one compiled call gives the forces of the differentiable path, for every batch and every processor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gpff import inference, kernel
from gpff.dense import DenseBlocks, dense_tables
from gpff.inference import CompiledNetwork
from gpff.painn import NetworkConfig, PaiNN

pytestmark = pytest.mark.skipif(not kernel.available(), reason="no C compiler and no built kernel")

type Arrays = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


def network(width: int, layers: int) -> PaiNN:
    torch.manual_seed(width + layers)
    net = PaiNN(NetworkConfig(n_features=width, n_interactions=layers))
    for parameter in net.parameters():
        if parameter.ndim == 1:  # biases start at zero: give them something to do
            parameter.data += 0.05 * torch.randn_like(parameter)
    for parameter in net.filter_net.parameters():
        parameter.data *= 0.1  # of a hundred atoms the messages of fresh weights would overflow
    return net


@pytest.fixture(scope="module")
def net() -> PaiNN:
    return network(32, 3)


@pytest.fixture(scope="module")
def compiled(net: PaiNN) -> CompiledNetwork:
    return CompiledNetwork(net)


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def batch(sizes: list[int], spread: float = 1.5, seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    numbers = rng.choice([1, 6, 7, 8, 9], n)
    return numbers, rng.normal(size=(n, 3)) * spread, np.array([0, *np.cumsum(sizes)])


def dense(
    net: PaiNN, numbers: NDArray[np.int64], x: NDArray[np.float64], ptr: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The same in plain PyTorch."""
    z, positions, first = torch.from_numpy(numbers), torch.from_numpy(x.astype(np.float32)), torch.from_numpy(ptr)
    mol_idx = torch.repeat_interleave(torch.arange(len(ptr) - 1), first[1:] - first[:-1])
    with torch.no_grad():
        blocks = DenseBlocks(net.config, dense_tables(net), positions, first, mol_idx)
        forces: NDArray[np.float32] = net(z, positions, mol_idx, len(ptr) - 1, blocks).numpy()
    return forces


def relative(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


@pytest.mark.parametrize(("width", "layers"), [(16, 1), (48, 2), (128, 4)])
@pytest.mark.parametrize("spread", [0.8, 3.0, 30.0, 200.0])
def test_forces_are_those_of_the_dense_path(width: int, layers: int, spread: float) -> None:
    net = network(width, layers)
    args = batch([18, 1, 5, 29, 2, 40], spread)
    # coordinates of hundreds of Å have but seven digits in the dense path
    assert relative(CompiledNetwork(net)(*args), dense(net, *args)) < 2e-5


@pytest.mark.usefixtures("two_threads")
def test_no_batch_mate_changes_a_bit(compiled: CompiledNetwork) -> None:
    numbers, x, ptr = batch([17, 3, 1, 22, 9, 40, 5, 17] * 12)  # more atoms than go through the layers together
    together = compiled(numbers, x, ptr)
    for m in (0, 3, 7, 50, len(ptr) - 2):
        atoms = slice(ptr[m], ptr[m + 1])
        alone = compiled(numbers[atoms], x[atoms], np.array([0, ptr[m + 1] - ptr[m]]))
        np.testing.assert_array_equal(together[atoms], alone)


def test_threads_change_no_bit(compiled: CompiledNetwork, two_threads: None) -> None:
    args = batch([17, 3, 1, 22, 9] * 20)
    several = compiled(*args)
    torch.set_num_threads(1)
    np.testing.assert_array_equal(compiled(*args), several)
    torch.set_num_threads(5)  # more than there are atoms below, for some
    few = batch([1, 2])
    np.testing.assert_array_equal(compiled(*few)[:1], compiled(few[0][:1], few[1][:1], np.array([0, 1])))


@pytest.mark.parametrize("threads", [2, 3, 7])
@pytest.mark.parametrize("sizes", [[17] * 6, [1, 40, 3, 90, 2, 5] * 4, [100, 100], [5] * 40, [30, 0, 60, 0, 0, 9]])
def test_threads_that_share_a_batch_change_no_bit(
    net: PaiNN, compiled: CompiledNetwork, threads: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPFF_THREADS", str(threads))
    sharing, args = CompiledNetwork(net), batch(sizes)
    expected = compiled(*args)
    for _ in range(5):  # who takes which piece is another story each time
        np.testing.assert_array_equal(sharing(*args), expected)


def test_networks_that_are_evaluated_at_once_have_their_own_forces(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them has the helpers; the others do without."""
    monkeypatch.setenv("GPFF_THREADS", "3")
    nets = [CompiledNetwork(network(16, layers)) for layers in (1, 2, 3)]
    args = batch([17, 9, 30] * 10)
    expected = [net(*args) for net in nets]
    with ThreadPoolExecutor(3) as pool:
        for found, forces in zip(pool.map(lambda net: net(*args), nets * 20), expected * 20, strict=True):
            np.testing.assert_array_equal(found, forces)


FORKED = """
import os, sys, numpy as np
from gpff.inference import CompiledNetwork
from gpff.painn import NetworkConfig, PaiNN
compiled = CompiledNetwork(PaiNN(NetworkConfig(n_features=16, n_interactions=2)))
rng = np.random.default_rng(0)
args = rng.choice([1, 6, 8], 340), rng.normal(size=(340, 3)), np.arange(0, 341, 17)
before = compiled(*args)
children = []
for _ in range(8):
    compiled(*args)
    if (pid := os.fork()) == 0:
        os._exit(0 if (compiled(*args) == before).all() else 1)
    children.append(pid)
sys.exit(any(os.waitpid(pid, 0)[1] for pid in children))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_a_forked_process_gets_threads_of_its_own() -> None:
    env = {**os.environ, "GPFF_THREADS": "3", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], env=env, timeout=120, check=False)
    assert done.returncode == 0


def test_threads_that_call_at_once_take_turns(compiled: CompiledNetwork) -> None:
    batches = [batch([17, 9, 30][: 1 + i % 3] * (1 + i % 5), seed=i) for i in range(24)]
    expected = [compiled(*args) for args in batches]
    with ThreadPoolExecutor(6) as pool:
        for found, forces in zip(pool.map(lambda args: compiled(*args), batches * 4), expected * 4, strict=True):
            np.testing.assert_array_equal(found, forces)


def test_a_batch_may_follow_one_of_any_size(compiled: CompiledNetwork, net: PaiNN) -> None:
    for sizes in ([3], list(range(1, 65)), [2, 7], [150], []):
        args = batch(sizes)
        forces = compiled(*args)
        assert forces.shape == (sum(sizes), 3) and np.isfinite(forces).all()
        assert not sizes or relative(forces, dense(net, *args)) < 2e-5


def test_coincident_atoms_stay_finite_and_what_is_no_number_stays_at_home(compiled: CompiledNetwork) -> None:
    numbers, x, ptr = batch([6, 6, 6], seed=5)
    x[:6] = 0.7
    clean = compiled(numbers, x, ptr)
    assert np.isfinite(clean).all()
    for bad in (np.nan, np.inf, 1e300):
        broken = x.copy()
        broken[7, 1] = bad
        forces = compiled(numbers, broken, ptr)
        np.testing.assert_array_equal(forces[[*range(6), *range(12, 18)]], clean[[*range(6), *range(12, 18)]])
        assert not np.isfinite(forces[6:12]).all()


def test_weights_are_taken_as_they_were(net: PaiNN) -> None:
    mine = network(16, 2)
    compiled, args = CompiledNetwork(mine), batch([5, 9])
    before = compiled(*args)
    for parameter in mine.parameters():
        parameter.data.zero_()
    np.testing.assert_array_equal(compiled(*args), before)


@pytest.mark.parametrize(
    ("numbers", "ptr", "field"),
    [([6, 1, 100], [0, 3], "numbers"), ([6, -1, 1], [0, 3], "numbers")]
    + [([6, 1, 1], ptr, "ptr") for ptr in ([0, 2], [1, 3], [0, 4], [0, 3, 2, 3])],
)
def test_what_would_be_read_out_of_bounds_is_refused(
    compiled: CompiledNetwork, numbers: list[int], ptr: list[int], field: str
) -> None:
    with pytest.raises(ValueError, match=field):
        compiled(np.array(numbers), np.zeros((3, 3)), np.array(ptr))


def test_the_library_for_any_processor_gives_the_same(
    net: PaiNN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPFF_PORTABLE", "1")
    try:
        portable = kernel.load(kernel.build(tmp_path / "portable.so"))
    except FileNotFoundError:
        pytest.skip("no C compiler")
    args = batch([18, 7, 23])
    expected = dense(net, *args)
    monkeypatch.setattr(inference, "lib", lambda: portable)
    assert relative(CompiledNetwork(net)(*args), expected) < 2e-5
