"""Initial centroids: k-means|| over the rows of all workers, k-means++ over its candidates. Plain NumPy.

k-means|| (Bahmani et al. 2012, "Scalable K-Means++") draws candidates in a few rounds, each row with a
probability proportional to its squared distance from the candidates so far. Two things differ here:

- Each round draws exactly 2k rows without replacement, not 2k on average.
- A draw needs no sum over all rows, and does not depend on how rows are distributed over workers. Each row
  gets an exponential waiting time -log(u) / d², where u in (0, 1] is a hash of seed, key and round, and d its
  distance from the nearest candidate. The rows with the shortest times are drawn. Example: a row twice as far
  away waits a quarter of the time on average.

k-means++ (Arthur and Vassilvitskii 2007) then selects k candidates, each weighted by the number of rows
nearest to it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from coinspark.clustering.blocks import Block, Picks, Rows, pieces, smallest, smallest_of_all
from coinspark.clustering.collective import Collective, Doubles

_ROUNDS = 5
_CANDIDATES_PER_CLUSTER = 2  # in each round
_TRIALS = 4  # draws of k-means++ per centroid; the best one counts
_NOISE = 1e-6  # share of a squared length below which a float32 distance is rounding error


def choose_seeds(rows: Rows, mean: Doubles, k: int, seed: int, collective: Collective) -> Doubles:
    """Choose k rows as initial centroids: float64 (k, width), the same on all workers.

    Args:
        mean: (width,), the mean of all rows. Distances are computed around it, so that data far from the
            origin keep their precision.
    """
    candidates = _Candidates(rows, mean, seed, collective)
    candidates.draw_uniformly(1)
    for turn in range(1, _ROUNDS + 1):
        candidates.draw_by_distance(_CANDIDATES_PER_CLUSTER * k, turn)
    weights = candidates.rows_per_candidate()
    if candidates.count < k:  # few distinct rows: fill up; k-means moves empty clusters later
        candidates.draw_uniformly(k)
        weights = np.pad(weights, (0, candidates.count - len(weights)))
    points = candidates.points()
    weights = collective.allreduce(weights)
    chosen = points[_plus_plus(points - mean, weights, k, seed)].astype(np.float64)
    # processors of two kinds may round differently and draw other points: all workers use those of rank 0
    return np.frombuffer(collective.broadcast(chosen.tobytes())).reshape(chosen.shape)


class _Candidates:
    """Candidates drawn so far, and for each row of this worker the nearest one and its squared distance."""

    def __init__(self, rows: Rows, mean: Doubles, seed: int, collective: Collective) -> None:
        self.rows, self.mean, self.seed, self.collective = rows, mean, seed, collective
        self.draws: list[Picks] = []
        self.nearest = np.zeros(len(rows.keys), np.int32)
        self.squares = np.full(len(rows.keys), np.inf)

    @property
    def count(self) -> int:
        """Number of candidates."""
        return sum(map(len, self.draws))

    def points(self) -> Block:
        """The candidates, float32 (count, width)."""
        return np.asarray(np.concatenate(self.draws)["row"])

    def draw_uniformly(self, count: int) -> None:
        """Draw rows with equal probabilities."""
        self._draw(count, lambda at, piece: uniform(self.rows.keys[at], self.seed, 0))

    def draw_by_distance(self, count: int, turn: int) -> None:
        """Draw rows with probabilities proportional to the squared distance from the nearest candidate."""

        def waiting_time(at: slice, piece: Block) -> Doubles:
            self._compare_with_last_draw(at, piece)
            with np.errstate(divide="ignore"):
                return np.asarray(-np.log(uniform(self.rows.keys[at], self.seed, turn)) / self.squares[at])

        self._draw(count, waiting_time)

    def rows_per_candidate(self) -> Doubles:
        """The number of rows of this worker that are nearest to each candidate, (count,)."""
        for at, piece in pieces(self.rows):
            self._compare_with_last_draw(at, piece)
        return np.bincount(self.nearest, minlength=self.count).astype(np.float64)

    def _draw(self, count: int, waiting_time: Callable[[slice, Block], Doubles]) -> None:
        own = smallest(self.rows, len(self.mean), count, waiting_time, self.nearest)
        self.draws.append(smallest_of_all(self.collective, own, count))

    def _compare_with_last_draw(self, at: slice, piece: Block) -> None:
        """Update `nearest` and `squares` of the rows at this position."""
        new = self.draws[-1]["row"]
        if not len(new):
            return
        rows, points = piece - self.mean.astype(np.float32), (new - self.mean).astype(np.float32)
        lengths = np.einsum("ij,ij->i", rows, rows)
        squares = lengths[:, None] - 2 * (rows @ points.T) + np.einsum("ij,ij->i", points, points)  # (n, m)
        best = squares.argmin(1)
        least = squares[np.arange(len(piece)), best]
        least[least < _NOISE * lengths] = 0
        closer = least < self.squares[at]
        self.squares[at][closer] = least[closer]
        self.nearest[at][closer] = self.count - len(new) + best[closer]


def uniform(keys: NDArray[np.int64], seed: int, turn: int) -> Doubles:
    """A pseudorandom number in (0, 1] for each key (n,), by the hash splitmix64 of key, seed and turn."""
    mixed = keys.astype(np.uint64)
    for salt in (seed, turn):
        mixed += np.uint64((salt * 2 + 1) * 0x9E3779B97F4A7C15 % 2**64)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed ^= mixed >> np.uint64(shift)
            mixed *= np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(11)).astype(np.float64) + 1) / 2.0**53


def _plus_plus(points: Doubles, weights: Doubles, k: int, seed: int) -> list[int]:
    """Indices of k points (m, width), drawn in proportion to weight × squared distance from those chosen.

    Each time `_TRIALS` points are drawn, and the one that leaves the smallest sum of weighted squared
    distances is chosen.
    """
    lengths = np.einsum("ij,ij->i", points, points)
    squares = np.maximum(lengths[:, None] - 2 * points @ points.T + lengths, 0)  # (m, m)
    squares[squares < _NOISE * lengths] = 0
    random = np.random.default_rng(seed)
    chosen = [int(random.choice(len(points), p=weights / weights.sum()))]
    while len(chosen) < k:
        nearest = squares[chosen].min(0)
        if not (potential := weights * nearest).any():
            break
        drawn = random.choice(len(points), _TRIALS, p=potential / potential.sum())
        remaining = np.minimum(squares[drawn], nearest) @ weights
        chosen.append(int(drawn[remaining.argmin()]))
    return chosen + [n for n in range(len(points)) if n not in chosen][: k - len(chosen)]
