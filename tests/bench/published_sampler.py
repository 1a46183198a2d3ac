"""DeepCluster with the sampler published with the paper that coinspark follows; for benchmarks only.

That sampler draws each cluster equally often from a list sorted by cluster, but then looks the positions up
in a list in the images' original order, so that the images shown follow the sizes of the clusters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coinspark.training.collective import TrainingCollective
from coinspark.training.deepcluster import learn, sampler

_uniform = sampler.sample_epoch


def sample_epoch(
    labels: NDArray[np.int32], sizes: sampler.Ints, rank: int, seed: int, epoch: int
) -> sampler.Ints:
    """Like `sampler.sample_epoch`, but from the wrong list."""
    position_by_cluster = np.argsort(np.argsort(labels, kind="stable"), kind="stable")
    return np.asarray(position_by_cluster[_uniform(labels, sizes, rank, seed, epoch)], np.int64)


def work(text: str, workers: TrainingCollective) -> str:
    """`learn.work` with this sampler."""
    sampler.sample_epoch = sample_epoch
    return learn.work(text, workers)
