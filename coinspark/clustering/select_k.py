"""Clustering with reduction of the vectors and selection of k, as each worker runs it. Plain NumPy."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from coinspark.clustering import pca
from coinspark.clustering.blocks import Block, BlockFile, Rows, pieces
from coinspark.clustering.collective import Collective
from coinspark.clustering.kmeans import Clusters, KMeansSettings, OnIteration, fit, ignore_iteration
from coinspark.clustering.pca import Reduction
from coinspark.clustering.silhouette import simplified_silhouette

_EQUAL = 1e-6  # difference of silhouettes that the order of summation may cause


@dataclass(frozen=True)
class SelectionSettings:
    """Settings of a clustering.

    Attributes:
        kmeans: Settings of k-means.
        ks: Numbers of clusters to try, in increasing order. The one with the best simplified silhouette is
            selected, the smallest of equally good ones. Empty: `kmeans.k`.
        components: Principal components to reduce the vectors to; None: do not reduce.
        resume: Start from the former clusters if their number is k, so that they move only as far as new rows
            move them.
    """

    kmeans: KMeansSettings
    ks: tuple[int, ...] = ()
    components: int | None = None
    resume: bool = False


@dataclass(frozen=True)
class ClusterSelection:
    """The selected clusters.

    Attributes:
        clusters: In the space of `reduction`, if there is one.
        reduction: The reduction of the vectors.
        former: float32 (m, d), the means of the rows of each former cluster, in the same space.
        former_numbers: int64 (m,), the numbers of the former clusters.
        silhouettes: k and its simplified silhouette, for each k that was tried; empty if there was no choice.
    """

    clusters: Clusters
    reduction: Reduction | None
    former: Block
    former_numbers: NDArray[np.int64]
    silhouettes: tuple[tuple[int, float], ...] = ()

    def to_bytes(self) -> bytes:
        """The selection as an .npz of plain arrays, which can be read without unpickling."""
        arrays: dict[str, Any] = {
            "centroids": self.clusters.centroids,
            "sizes": self.clusters.sizes,
            "inertia": self.clusters.inertia,
            "note": self.clusters.note,
            "former": self.former,
            "former_numbers": self.former_numbers,
            "silhouettes": np.array(self.silhouettes, np.float64).reshape(-1, 2),
        }
        if self.reduction:
            arrays |= {"mean": self.reduction.mean, "axes": self.reduction.axes}
        np.savez(buffer := io.BytesIO(), **{name: np.asarray(values) for name, values in arrays.items()})
        return buffer.getvalue()

    @staticmethod
    def from_bytes(content: bytes) -> ClusterSelection:
        """Undo `to_bytes`."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            inertia = tuple(arrays["inertia"].tolist())
            clusters = Clusters(arrays["centroids"], arrays["sizes"], inertia, str(arrays["note"]))
            reduction = Reduction(arrays["mean"], arrays["axes"]) if "mean" in arrays.files else None
            silhouettes = tuple((int(k), float(value)) for k, value in arrays["silhouettes"])
            return ClusterSelection(
                clusters, reduction, arrays["former"], arrays["former_numbers"], silhouettes
            )


def select_clusters(
    rows: Rows,
    settings: SelectionSettings,
    collective: Collective,
    store: BlockFile,
    on_iteration: OnIteration = ignore_iteration,
) -> ClusterSelection:
    """Reduce and cluster the rows of all workers.

    Args:
        store: An empty file for the reduced rows.

    Returns:
        The selection, the same on all workers.

    Raises:
        InputError: As `kmeans.fit`.
    """
    reduction = None
    if settings.components is not None:
        reduction = _fit_reduction(rows, settings.components, collective)
        for _, piece in pieces(rows):
            store.add(reduction.apply(piece))
        rows = Rows(rows.keys, store, rows.before)
    former, numbers = _former_centroids(rows, collective)
    best: Clusters | None = None
    silhouettes: list[tuple[int, float]] = []
    for k in settings.ks or (settings.kmeans.k,):
        initial = former if settings.resume and len(former) == k else settings.kmeans.initial
        clusters, _ = fit(rows, replace(settings.kmeans, k=k, initial=initial), collective, on_iteration)
        if len(settings.ks) < 2 or len(clusters.centroids) < k:
            # no choice, or fewer distinct vectors than k: a larger k would give the same clusters
            best = best or clusters
            break
        silhouette = simplified_silhouette(rows, clusters.centroids, collective)
        if best is None or silhouette > max(value for _, value in silhouettes) + _EQUAL:
            best = clusters
        silhouettes.append((k, silhouette))
    assert best is not None
    return ClusterSelection(best, reduction, former, numbers, tuple(silhouettes))


def _fit_reduction(rows: Rows, components: int, collective: Collective) -> Reduction:
    """The principal components; rows without any variance are reduced to a single 0."""
    reduction = pca.fit(rows, components, collective)
    if reduction.axes.size:
        return reduction
    return Reduction(reduction.mean, np.zeros((len(reduction.mean), 1), np.float32))


def _former_centroids(rows: Rows, collective: Collective) -> tuple[Block, NDArray[np.int64]]:
    """The mean of the rows of each former cluster that still has any, and the numbers of these clusters."""
    before = np.zeros(len(rows.keys), np.int64) if rows.before is None else rows.before
    own = np.array([rows.width, before.max(initial=0)], np.int64)
    reports = [np.frombuffer(message, np.int64) for message in collective.allgather(own.tobytes())]
    width, highest = (max(int(report[index]) for report in reports) for index in (0, 1))
    sums = np.zeros((highest + 1, width + 1))  # by former cluster; the last column counts rows
    for at, piece in pieces(rows):
        entries = np.ones(len(piece)), (before[at], np.arange(len(piece)))
        membership = csr_matrix(entries, shape=(highest + 1, len(piece)))
        sums[:, :-1] += membership @ piece.astype(np.float64)
        sums[:, -1] += np.bincount(before[at], minlength=highest + 1)
    sums = collective.allreduce(sums.ravel()).reshape(sums.shape)
    numbers = np.flatnonzero(sums[1:, -1]) + 1
    return (sums[numbers, :-1] / sums[numbers, -1:]).astype(np.float32), numbers.astype(np.int64)
