"""Training examples: alignment, labels, noise levels, and batches that do not depend on the number of workers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gpff.data import QM9
from gpff.noising import MANY, NEARLY_HOME, NoiseConfig, align, gather, local_noise, noised, turn


def made_set(sizes: list[int], seed: int = 0) -> QM9:
    """A data set of random 'molecules': carbon, hydrogen and oxygen on a jittered grid, atoms well apart."""
    rng = np.random.default_rng(seed)
    grid = np.array(list(itertools.product(range(4), repeat=3)), dtype=np.float32) * 1.4
    positions = []
    for n in sizes:
        x = grid[rng.permutation(len(grid))[:n]] + rng.normal(0, 0.05, (n, 3))
        positions.append((x - x.mean(0)).astype(np.float32))
    m, total = len(sizes), sum(sizes)
    return QM9(
        positions=np.concatenate(positions),
        numbers=rng.choice([1, 6, 8], total).astype(np.uint8),
        ptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        index=np.arange(m, dtype=np.int32),
        smiles=np.array([b"C"] * m),
        gap=np.zeros(m, np.float32),
        u0=np.zeros(m),
        split=np.zeros(m, np.uint8),
        hash="made",
    )


def test_gather_takes_molecules_in_the_order_asked() -> None:
    data = made_set([3, 5, 2])
    numbers, positions, ptr = gather(data, np.array([2, 0]))
    assert ptr.tolist() == [0, 2, 5]
    np.testing.assert_array_equal(positions[:2], data.positions[8:10])
    np.testing.assert_array_equal(numbers[2:], data.numbers[:3])


def test_alignment_is_the_best_assignment_and_keeps_elements() -> None:
    rng = np.random.default_rng(1)
    numbers = np.array([6, 1, 1, 6, 1, 8])
    clean = rng.normal(size=(6, 3)).astype(np.float32)
    noisy = rng.normal(size=(6, 3)).astype(np.float32) * 3
    ptr = np.array([0, 6])
    aligned = align(numbers, clean, noisy, ptr)
    best = min(
        float(np.square(noisy - clean[list(p)]).sum())
        for p in itertools.permutations(range(6))
        if (numbers[list(p)] == numbers).all()
    )
    assert float(np.square(noisy - aligned).sum()) == pytest.approx(best, rel=1e-5)
    for z in (1, 6, 8):
        ours, theirs = aligned[numbers == z], clean[numbers == z]
        np.testing.assert_array_equal(np.sort(ours, axis=0), np.sort(theirs, axis=0))


def test_labels_point_home_and_noise_is_centred() -> None:
    data = made_set([9, 12, 5, 20])
    batch = noised(data, np.arange(4), NoiseConfig(), np.random.default_rng(2))
    home = batch.positions + batch.forces / 2
    for m, (a, b) in enumerate(itertools.pairwise(batch.ptr)):
        assert abs(batch.positions[a:b].mean(0)).max() < 1e-4 * max(1.0, batch.sigma[m])
        reference = data.positions[data.ptr[m] : data.ptr[m + 1]]
        gaps = np.linalg.norm(home[a:b, None] - reference[None], axis=-1).min(1)
        assert gaps.max() < 1e-4 * max(1.0, batch.sigma[m])


def test_small_noise_keeps_the_order() -> None:
    data = made_set([15, 15])
    batch = noised(data, np.arange(2), NoiseConfig(mean=-4.0, std=0.1, uniform=0.0), np.random.default_rng(3))
    np.testing.assert_allclose(batch.positions + batch.forces / 2, data.positions, atol=1e-5)


def test_noise_levels_follow_their_density() -> None:
    config = NoiseConfig(uniform=0.0)
    log = np.log(config.draw(40_000, np.random.default_rng(4)))
    assert np.exp(log.min()) >= 0.0099 and np.exp(log.max()) <= 30.1
    assert np.median(log) == pytest.approx(config.mean, abs=0.03) and log.std() == pytest.approx(1.2, abs=0.05)
    flat = np.log(NoiseConfig(uniform=1.0).draw(40_000, np.random.default_rng(5)))
    counts, _ = np.histogram(flat, 8)
    assert counts.min() > 0.9 * counts.mean()


def test_workers_share_a_batch_without_changing_it() -> None:
    data = made_set([4, 7, 9, 3, 11, 6])
    ids = np.array([5, 0, 3, 2, 1, 4])
    whole = noised(data, ids, NoiseConfig(), np.random.default_rng(6))
    for worker in range(2):
        keep = np.arange(6) % 2 == worker
        part = noised(data, ids, NoiseConfig(), np.random.default_rng(6), keep)
        atoms = np.repeat(keep, np.diff(whole.ptr))
        np.testing.assert_array_equal(part.positions, whole.positions[atoms])
        np.testing.assert_array_equal(part.forces, whole.forces[atoms])
        np.testing.assert_array_equal(part.sigma, whole.sigma[keep])


def test_turning_undoes_a_rotation_and_a_reflection() -> None:
    data = made_set([6, 9])
    rng = np.random.default_rng(8)
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    for matrix in (q, -q):
        seen = (data.positions @ matrix).astype(np.float32)
        np.testing.assert_allclose(turn(data.positions, seen, data.ptr), seen, atol=1e-5)


def test_rotational_alignment_brings_labels_nearer_and_keeps_shapes() -> None:
    data = made_set([8, 12, 10, 9])
    ids = np.arange(4)
    plain, turned = (
        noised(data, ids, NoiseConfig(mean=1.0, std=0.3, rotations=k), np.random.default_rng(9)) for k in (0, 2)
    )
    np.testing.assert_array_equal(plain.positions, turned.positions)
    for m, (a, b) in enumerate(itertools.pairwise(plain.ptr)):
        assert np.square(turned.forces[a:b]).sum() < np.square(plain.forces[a:b]).sum()
        home, z = turned.positions[a:b] + turned.forces[a:b] / 2, turned.numbers[a:b]
        clean = data.positions[data.ptr[m] : data.ptr[m + 1]]
        for element in np.unique(z):
            found, known = (
                np.sort(np.linalg.norm(x[z == element][:, None] - x[z == element], axis=-1), axis=None)
                for x in (home, clean)
            )
            np.testing.assert_allclose(found, known, atol=1e-4)


def test_compressed_molecules_are_shrunk_and_weigh_as_noise() -> None:
    data = made_set([10] * 32)
    config = NoiseConfig(mean=-4.0, std=0.1, uniform=0.0, compressed=0.5)
    batch = noised(data, np.arange(32), config, np.random.default_rng(10))
    size = np.sqrt([np.square(x).sum() for x in np.split(batch.positions, batch.ptr[1:-1])])
    whole = np.sqrt([np.square(x).sum() for x in np.split(data.positions, data.ptr[1:-1])])
    shrunk = size < 0.97 * whole
    assert 8 <= shrunk.sum() <= 24
    assert batch.sigma[shrunk].min() > batch.sigma[~shrunk].max()
    lacking = (1 - size[shrunk] / whole[shrunk]) * whole[shrunk] / np.sqrt(30)
    np.testing.assert_allclose(batch.sigma[shrunk], lacking, rtol=0.2)


def test_local_noise_moves_an_atom_and_its_neighbours_far_and_the_rest_little() -> None:
    data = made_set([12] * 200)
    uniform = np.random.default_rng(11).random((200, 4), dtype=np.float32)
    near, each = local_noise(uniform, data.positions, data.ptr)
    assert near.min() >= NEARLY_HOME[0] and near.max() <= NEARLY_HOME[1]
    for m, of_atoms in enumerate(np.split(each, data.ptr[1:-1])):
        away = of_atoms > NEARLY_HOME[1]
        assert 1 <= away.sum() <= 1 + 12 * MANY and len(np.unique(of_atoms[away])) == 1
        assert (of_atoms[~away] == near[m]).all()
        clean = data.positions[data.ptr[m] : data.ptr[m + 1]]
        middle = int(uniform[m, 2] * 12)
        distance = np.linalg.norm(clean - clean[middle], axis=1)
        assert away[middle] and distance[away].max() < distance[~away].min()


def test_a_share_of_the_molecules_has_local_noise_and_the_labels_lead_home() -> None:
    data = made_set([12] * 400)
    config = NoiseConfig(mean=np.log(0.1), std=0.01, uniform=0.0, local=0.25, align=False)
    batch = noised(data, np.arange(400), config, np.random.default_rng(12))
    moved = np.linalg.norm(batch.forces / 2, axis=1)
    spread = np.array([np.max(x) / np.median(x) for x in np.split(moved, batch.ptr[1:-1])])
    assert 0.15 < (spread > 4).mean() < 0.35  # of equal noise the farthest of twelve goes about twice the median
    home = batch.positions + batch.forces / 2
    np.testing.assert_allclose(home, data.positions, atol=1e-5)
    asked = np.sqrt([np.square(x).mean() for x in np.split(batch.forces / 2, batch.ptr[1:-1])])
    assert abs(np.mean(asked / batch.sigma) - 1) < 0.15  # the loss is weighed by how far the atoms are on the whole


def test_a_part_of_a_batch_has_the_local_noise_that_it_has_in_the_whole() -> None:
    data, config = made_set([9] * 16), NoiseConfig(local=0.5)
    whole = noised(data, np.arange(16), config, np.random.default_rng(13))
    keep = np.arange(16) % 3 == 0
    part = noised(data, np.arange(16), config, np.random.default_rng(13), keep)
    np.testing.assert_array_equal(part.positions, whole.positions[keep[whole.mol_idx]])
    np.testing.assert_array_equal(part.sigma, whole.sigma[keep])
