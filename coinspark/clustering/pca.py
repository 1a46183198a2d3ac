"""PCA with whitening, then rows of length 1: the input of k-means for long vectors. Plain NumPy.

The preparation of DeepCluster (Caron et al. 2018, section 3 and published code): PCA to 256 components, each
divided by its standard deviation, then each row by its length. Each worker adds up the covariance of its rows
in float64, and rank 0 decomposes the sum. The distribution of rows over workers changes the result only by
the order of summation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coinspark.clustering.blocks import Block, Rows, checked_mean, pieces
from coinspark.clustering.collective import ALONE, Collective, Doubles

MAX_COMPONENTS = 256
"""Components, at most, as published."""

_ROWS_PER_COMPONENT = (
    16  # whitening gives a direction that few rows span the same weight as an informative one
)
_MIN_COMPONENTS = 8  # also for few rows: in one dimension, rows of length 1 are only -1 and 1
_EPSILON = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Reduction:
    """A projection to principal components.

    Attributes:
        mean: float64 (width,).
        axes: float32 (width, d), orthogonal directions of decreasing variance, each divided by its standard
            deviation.
    """

    mean: Doubles
    axes: Block

    def apply(self, piece: Block) -> Block:
        """float32 (n, width) → float32 (n, d) with rows of length 1; a row at the mean becomes zero."""
        # float64: a row must get the same result in every piece
        projected = (piece - self.mean) @ self.axes.astype(np.float64)
        lengths = np.linalg.norm(projected, axis=1, keepdims=True)
        lengths[lengths < _EPSILON] = np.inf  # rounding error: the length of an average row is the root of d
        return np.asarray(projected / lengths, np.float32)


def max_components(rows: int, limit: int = MAX_COMPONENTS) -> int:
    """The number of components to keep for a number of rows: one per 16 rows, at least 8, at most `limit`.

    See tests/bench/README.md for the measurements behind it.
    """
    return min(limit, max(_MIN_COMPONENTS, rows // _ROWS_PER_COMPONENT))


def fit(rows: Rows, components: int = MAX_COMPONENTS, collective: Collective = ALONE) -> Reduction:
    """Compute the principal components of the rows of all workers.

    Returns:
        The reduction, the same on all workers. It has fewer components if the rows vary in fewer directions.

    Raises:
        InputError: There are no rows, widths differ, or a row has NaN or infinity.
    """
    mean, count = checked_mean(rows, collective)
    scatter = np.zeros((len(mean), len(mean)))
    for _, piece in pieces(rows):
        centered = piece - mean
        scatter += centered.T @ centered
    scatter = collective.allreduce(scatter.ravel()).reshape(scatter.shape)
    # processors of two kinds may round differently: all workers use the axes of rank 0
    axes = b""
    if collective.rank == 0:
        axes = _whitened_axes(scatter / max(count - 1, 1), mean, components).tobytes()
    values = np.frombuffer(collective.broadcast(axes), np.float32)
    shape = (len(mean), -1) if values.size else (len(mean), 0)
    return Reduction(mean, values.reshape(shape))


def _whitened_axes(covariance: Doubles, mean: Doubles, components: int) -> Block:
    """Eigenvectors (width, d) of decreasing variance, divided by its root.

    Directions whose variance is below the float32 rounding error of such rows are left out. The sign of an
    axis is chosen so that its largest number is positive; of equally large numbers, up to rounding, the first
    one counts.
    """
    values, vectors = np.linalg.eigh(covariance)
    rounding = _EPSILON**2 * (mean @ mean + np.trace(covariance))
    kept = np.flatnonzero(values > rounding)[::-1][:components]
    axes = vectors[:, kept]
    sizes = np.abs(axes)
    largest = (sizes > (1 - _EPSILON) * sizes.max(0, initial=0)).argmax(0)
    axes = axes * np.sign(axes[largest, np.arange(len(kept))])
    return np.ascontiguousarray(axes / np.sqrt(values[kept]), np.float32)
