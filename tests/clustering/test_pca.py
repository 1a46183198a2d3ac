"""PCA with whitening, against scikit-learn and values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA

from coinspark.clustering.blocks import Rows
from coinspark.clustering.pca import Reduction, fit, max_components
from coinspark.core.errors import InputError
from tests.clustering.test_kmeans import rows, run_workers


def stretched(count: int = 900, width: int = 20, seed: int = 3) -> np.ndarray:
    """Rows with decreasing variance along rotated axes, away from the origin."""
    random = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(random.normal(size=(width, width)))
    return (random.normal(size=(count, width)) * 0.8 ** np.arange(width) @ rotation + 5).astype(np.float32)


def parts(points: np.ndarray, workers: int) -> list[Rows]:
    """The points, distributed over workers in turn."""
    return [rows(points[rank::workers], np.arange(len(points))[rank::workers]) for rank in range(workers)]


@pytest.mark.parametrize("components", [1, 6, 20, 256])
def test_fit_gives_the_components_of_scikit_learn(components: int) -> None:
    points = stretched()
    reduction = fit(rows(points, blocks=3), components)
    sklearn_pca = PCA(min(components, 20), whiten=True, svd_solver="full").fit(points.astype(np.float64))
    whitened = sklearn_pca.transform(points.astype(np.float64))
    assert (
        reduction.axes.shape == (20, min(components, 20))
        and reduction.axes.dtype == np.float32
        and reduction.mean.dtype == np.float64
    )
    signs = np.sign(
        (
            reduction.axes * (sklearn_pca.components_ / np.sqrt(sklearn_pca.explained_variance_)[:, None]).T
        ).sum(0)
    )
    assert_allclose((points - reduction.mean) @ reduction.axes, whitened * signs, atol=2e-4)
    expected = whitened / np.linalg.norm(whitened, axis=1, keepdims=True)
    applied = reduction.apply(points)
    assert applied.dtype == np.float32
    assert_allclose(applied, expected * signs, atol=1e-3)
    assert_allclose(np.linalg.norm(applied, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("workers", [2, 7])
def test_result_does_not_depend_on_the_number_of_workers(workers: int) -> None:
    points = stretched()
    single = fit(rows(points), 8)
    shares = parts(points, workers)
    results = run_workers(workers, lambda rank, collective: fit(shares[rank], 8, collective))
    for reduction in results:
        assert_array_equal(reduction.axes, results[0].axes)
        assert_allclose(reduction.axes, single.axes, atol=1e-5)
        assert_allclose(reduction.mean, single.mean, rtol=1e-12)


def test_largest_number_of_each_axis_is_positive() -> None:
    axes = fit(rows(-stretched()), 20).axes
    assert (axes[np.abs(axes).argmax(0), np.arange(20)] > 0).all()


@pytest.mark.parametrize("offset", [0, 1000])
def test_directions_without_variance_are_left_out(offset: float) -> None:
    random = np.random.default_rng(2)
    flat = (random.normal(size=(300, 3)) @ random.normal(size=(3, 40)) + offset).astype(np.float32)
    reduction = fit(rows(flat), 256)
    assert reduction.axes.shape == (40, 3)
    assert_allclose(((flat - reduction.mean) @ reduction.axes).var(0, ddof=1), 1, rtol=1e-4)


def test_fewer_rows_than_components_give_one_component_less_than_rows() -> None:
    reduction = fit(rows(stretched(5)), 256)
    assert reduction.axes.shape == (20, 4), "five points differ in four directions"


@pytest.mark.parametrize("workers", [1, 3])
def test_one_row_or_equal_rows_give_no_component(workers: int) -> None:
    for points in (np.full((1, 4), 0.1, np.float32), np.full((50, 4), 0.1, np.float32)):
        shares = parts(points, workers)
        for reduction in run_workers(
            workers, lambda rank, collective, shares=shares: fit(shares[rank], 256, collective)
        ):  # type: ignore[misc]
            assert reduction.axes.shape == (4, 0)
            assert reduction.apply(points).shape == (len(points), 0)


def test_apply_gives_the_values_computed_by_hand_and_zero_at_the_mean() -> None:
    # standard deviations: the root of 2 · 3² / 4 along x, of 2 · 1² / 4 along y
    points = np.array([[3, 0], [-3, 0], [0, 1], [0, -1], [0, 0]], np.float32)
    reduction = fit(rows(points), 2)
    assert_allclose(reduction.axes, np.diag([1 / np.sqrt(18 / 4), 1 / np.sqrt(2 / 4)]), rtol=1e-6)
    assert_allclose(reduction.apply(points), [[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]], atol=1e-7)
    applied_alone = Reduction(reduction.mean, reduction.axes).apply(
        np.array([[3, 1]], np.float32)
    )  # whitened: √2 and √2
    assert_allclose(applied_alone, [[np.sqrt(0.5)] * 2], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("workers", [1, 2])
def test_nan_and_infinity_are_refused_with_the_key(bad: float, workers: int) -> None:
    points = stretched(20)
    points[[6, 3], 5] = bad
    shares = parts(points, workers)
    with pytest.raises(InputError, match="the vector of row 3 has NaN or infinity; remove the row"):
        run_workers(workers, lambda rank, collective: fit(shares[rank], 8, collective))


def test_no_rows_and_different_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="there are no rows"):
        fit(Rows(np.empty(0, np.int64), []))
    with pytest.raises(InputError, match=r"different lengths \(2, 3\)"):
        run_workers(2, lambda rank, collective: fit(rows(np.zeros((4, 2 + rank))), 8, collective))


def test_worker_without_rows_takes_part() -> None:
    points = stretched(3)
    shares = parts(points, 5)
    results = run_workers(5, lambda rank, collective: fit(shares[rank], 8, collective))
    assert all(reduction.axes.shape == (20, 2) for reduction in results)


def test_max_components_is_one_per_16_rows_at_least_8_at_most_256() -> None:
    assert [max_components(rows) for rows in (1, 128, 144, 300, 4096, 100_000)] == [8, 8, 9, 18, 256, 256]
    assert max_components(100_000, 64) == 64 and max_components(20, 3) == 3


def test_as_many_components_as_rows_make_all_rows_equally_far_apart() -> None:
    points = np.random.default_rng(5).normal(size=(60, 100)).astype(np.float32)
    spread = {}
    for components in (59, max_components(60)):
        reduced = fit(rows(points), components).apply(points)
        distances = np.linalg.norm(reduced[:, None] - reduced, axis=2)
        spread[components] = distances[np.triu_indices(60, 1)].std()
    assert spread[59] < 1e-3 and spread[max_components(60)] > 0.1
