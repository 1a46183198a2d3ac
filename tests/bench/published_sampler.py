"""DeepCluster with the sampler as it was published with the paper that coinspark follows: for comparison, in benchmarks only.

It draws every cluster alike from the list that stands cluster by cluster, and then looks the drawn places up in the list that
stands in the pictures' own order: what is shown follows the clusters' sizes after all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coinspark.training.deepcluster import learn, sampler
from coinspark.training.worker_group import Team

_even = sampler.serve


def serve(labels: NDArray[np.int32], held: sampler.Ints, rank: int, seed: int, turn: int) -> sampler.Ints:
    """As `sampler.serve`, from the wrong list."""
    place_by_cluster = np.argsort(np.argsort(labels, kind="stable"), kind="stable")
    return np.asarray(place_by_cluster[_even(labels, held, rank, seed, turn)], np.int64)


def work(text: str, team: Team) -> str:
    """`learn.work` with that sampler."""
    sampler.serve = serve
    return learn.work(text, team)
