"""Sums over the molecules of a batch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gpff.molecules import Segments, pointers, segment_index, segment_mean, segment_sum


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8))
def test_segments_are_reduced_one_by_one(sizes: list[int]) -> None:
    ptr = pointers(sizes)
    assert ptr.tolist() == [sum(sizes[:m]) for m in range(len(sizes) + 1)]
    x = np.random.default_rng(sum(sizes)).normal(size=(sum(sizes), 3))
    parts = np.split(x, ptr[1:-1])
    np.testing.assert_allclose(segment_sum(x, ptr), [part.sum(axis=0) for part in parts])
    np.testing.assert_allclose(segment_mean(x, ptr), [part.mean(axis=0) for part in parts])
    segments = Segments(ptr)
    np.testing.assert_array_equal(segments.sum(x), segment_sum(x, ptr))
    np.testing.assert_array_equal(segments.mean(x), segment_mean(x, ptr))
    np.testing.assert_array_equal(segments.max(x[:, 0]), [part[:, 0].max() for part in parts])
    assert segments.all(x[:, 0] > -1.0).tolist() == [bool((part[:, 0] > -1.0).all()) for part in parts]
    centred = np.concatenate([part - part.mean(axis=0) for part in parts])
    np.testing.assert_allclose(segments.centred(x), centred, atol=1e-15)
    assert segment_index(ptr).tolist() == [m for m, n in enumerate(sizes) for _ in range(n)]


def test_no_segments_reduce_to_nothing() -> None:
    empty = pointers([])
    assert segment_sum(np.zeros((0, 3)), empty).shape == (0, 3)
