"""Principal components against scikit-learn's, whoever holds the rows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA

from coinspark.clustering.blocks import Rows
from coinspark.clustering.pca import Reduction, fit, max_components
from coinspark.core.errors import InputError
from tests.clustering.test_kmeans import rows, together


def stretched(count: int = 900, width: int = 20, seed: int = 3) -> np.ndarray:
    """Rows that vary in every direction, each less than the one before, turned anyhow and away from the origin."""
    random = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(random.normal(size=(width, width)))
    return (random.normal(size=(count, width)) * 0.8 ** np.arange(width) @ turn + 5).astype(np.float32)


def parts(points: np.ndarray, workers: int) -> list[Rows]:
    """The points by turns to so many workers."""
    return [rows(points[rank::workers], np.arange(len(points))[rank::workers]) for rank in range(workers)]


@pytest.mark.parametrize("most", [1, 6, 20, 256])
def test_the_same_as_scikit_learn(most: int) -> None:
    points = stretched()
    found = fit(rows(points, blocks=3), most)
    theirs = PCA(min(most, 20), whiten=True, svd_solver="full").fit(points.astype(np.float64))
    white = theirs.transform(points.astype(np.float64))
    assert (
        found.axes.shape == (20, min(most, 20))
        and found.axes.dtype == np.float32
        and found.mean.dtype == np.float64
    )
    signs = np.sign(
        (found.axes * (theirs.components_ / np.sqrt(theirs.explained_variance_)[:, None]).T).sum(0)
    )
    assert_allclose((points - found.mean) @ found.axes, white * signs, atol=2e-4)
    wanted = white / np.linalg.norm(white, axis=1, keepdims=True)
    applied = found.apply(points)
    assert applied.dtype == np.float32
    assert_allclose(applied, wanted * signs, atol=1e-3)
    assert_allclose(np.linalg.norm(applied, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("workers", [2, 7])
def test_any_number_of_workers_comes_to_the_same(workers: int) -> None:
    points = stretched()
    alone = fit(rows(points), 8)
    held = parts(points, workers)
    everyone = together(workers, lambda rank, team: fit(held[rank], 8, team))
    for found in everyone:
        assert_array_equal(found.axes, everyone[0].axes)
        assert_allclose(found.axes, alone.axes, atol=1e-5)
        assert_allclose(found.mean, alone.mean, rtol=1e-12)


def test_the_greatest_number_of_an_axis_is_positive() -> None:
    axes = fit(rows(-stretched()), 20).axes
    assert (axes[np.abs(axes).argmax(0), np.arange(20)] > 0).all()


@pytest.mark.parametrize("offset", [0, 1000])
def test_directions_without_variance_are_left_out(offset: float) -> None:
    random = np.random.default_rng(2)
    flat = (random.normal(size=(300, 3)) @ random.normal(size=(3, 40)) + offset).astype(np.float32)
    found = fit(rows(flat), 256)
    assert found.axes.shape == (40, 3)
    assert_allclose(((flat - found.mean) @ found.axes).var(0, ddof=1), 1, rtol=1e-4)


def test_fewer_rows_than_numbers() -> None:
    found = fit(rows(stretched(5)), 256)
    assert found.axes.shape == (20, 4), "five points differ in four directions"


@pytest.mark.parametrize("workers", [1, 3])
def test_one_row_and_rows_alike_vary_in_nothing(workers: int) -> None:
    for points in (np.full((1, 4), 0.1, np.float32), np.full((50, 4), 0.1, np.float32)):
        held = parts(points, workers)
        for found in together(workers, lambda rank, team, held=held: fit(held[rank], 256, team)):  # type: ignore[misc]
            assert found.axes.shape == (4, 0)
            assert found.apply(points).shape == (len(points), 0)


def test_by_hand_and_a_row_at_the_mean_stays_zero() -> None:
    # deviations: the root of 2 · 3² / 4 along x, of 2 · 1² / 4 along y
    points = np.array([[3, 0], [-3, 0], [0, 1], [0, -1], [0, 0]], np.float32)
    found = fit(rows(points), 2)
    assert_allclose(found.axes, np.diag([1 / np.sqrt(18 / 4), 1 / np.sqrt(2 / 4)]), rtol=1e-6)
    assert_allclose(found.apply(points), [[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]], atol=1e-7)
    away = Reduction(found.mean, found.axes).apply(np.array([[3, 1]], np.float32))  # whitened: √2 and √2
    assert_allclose(away, [[np.sqrt(0.5)] * 2], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("workers", [1, 2])
def test_nan_and_infinity_are_refused_by_key(bad: float, workers: int) -> None:
    points = stretched(20)
    points[[6, 3], 5] = bad
    held = parts(points, workers)
    with pytest.raises(InputError, match="the vector of row 3 has NaN or infinity; remove the row"):
        together(workers, lambda rank, team: fit(held[rank], 8, team))


def test_no_rows_and_unequal_rows_are_refused() -> None:
    with pytest.raises(InputError, match="there are no rows"):
        fit(Rows(np.empty(0, np.int64), []))
    with pytest.raises(InputError, match=r"different lengths \(2, 3\)"):
        together(2, lambda rank, team: fit(rows(np.zeros((4, 2 + rank))), 8, team))


def test_a_worker_without_rows_joins_in() -> None:
    points = stretched(3)
    held = parts(points, 5)
    everyone = together(5, lambda rank, team: fit(held[rank], 8, team))
    assert all(found.axes.shape == (20, 2) for found in everyone)


def test_few_pictures_bear_few_numbers() -> None:
    assert [max_components(rows) for rows in (1, 128, 144, 300, 4096, 100_000)] == [8, 8, 9, 18, 256, 256]
    assert max_components(100_000, 64) == 64 and max_components(20, 3) == 3


def test_as_many_numbers_as_rows_make_all_rows_equally_far_apart_and_bearable_ones_do_not() -> None:
    points = np.random.default_rng(5).normal(size=(60, 100)).astype(np.float32)
    spread = {}
    for most in (59, max_components(60)):
        found = fit(rows(points), most).apply(points)
        spread[most] = np.linalg.norm(found[:, None] - found, axis=2)[np.triu_indices(60, 1)].std()
    assert spread[59] < 1e-3 and spread[max_components(60)] > 0.1
