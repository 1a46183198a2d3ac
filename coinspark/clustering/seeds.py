"""Where k-means begins: k-means|| over all workers' rows, then k-means++ over what it found. Plain NumPy.

k-means||: Bahmani et al. 2012, "Scalable K-Means++". Where they expect 2k candidates in each of five rounds, exactly 2k are
drawn here, without replacement: each row's number, drawn from seed, key and round, becomes an exponential waiting time at the
rate of its squared distance from the candidates so far, and those that come first are taken. So the draw needs no sum over
the rows and is the same however they are spread. k-means++: Arthur & Vassilvitskii 2007.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coinspark.clustering.blocks import Block, Rows, first, first_of_all
from coinspark.clustering.collective import Doubles, Team

_ROUNDS, _PER_CLUSTER, _TRIALS = 5, 2, 4
_NOISE = 1e-6  # of a squared length: what float32 can't tell from nothing


def seeds(rows: Rows, mean: Doubles, k: int, seed: int, team: Team) -> Doubles:
    """k rows to begin with, float64 (k, width), the same on all workers; `mean` (width,) keeps far-off data precise."""
    nothing = np.zeros(len(rows.keys), np.int32)
    nearest = np.zeros(len(rows.keys), np.int32)  # which candidate, and how far
    square = np.full(len(rows.keys), np.inf)
    width = len(mean)

    def evenly(at: slice, piece: Block) -> Doubles:
        return draws(rows.keys[at], seed, 0)

    def pull(at: slice, piece: Block) -> Doubles:
        _closer(piece, new["row"], mean, len(pool) - len(new), square[at], nearest[at])
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log(draws(rows.keys[at], seed, turn)) / square[at])

    new = pool = first_of_all(team, first(rows, width, 1, evenly, nothing), 1)
    for turn in range(1, _ROUNDS + 2):  # the last one only tells which candidate each row is nearest to
        count = _PER_CLUSTER * k if turn <= _ROUNDS else 0
        new = first_of_all(team, first(rows, width, count, pull, nothing), count)
        pool = np.concatenate([pool, new])
    if len(pool) < k:  # many rows alike or nearly so: some at random, the empty clusters are re-seeded later
        spare = first_of_all(team, first(rows, width, k, evenly, nothing), k)
        pool = np.concatenate([pool, spare])
    weights = team.total(np.bincount(nearest, minlength=len(pool)).astype(np.float64))
    chosen = pool["row"][_plus_plus(pool["row"] - mean, weights, k, seed)].astype(np.float64)
    # processors of two kinds may disagree in a last digit, and a draw hang on it: the first worker's counts
    return np.frombuffer(team.gather(chosen.tobytes())[0]).reshape(chosen.shape)


def draws(keys: NDArray[np.int64], seed: int, turn: int) -> Doubles:
    """A number in (0, 1] for each key (n,), the same wherever the key is (splitmix64 of key, seed and turn)."""
    mixed = keys.astype(np.uint64)
    for salt in (seed, turn):
        mixed += np.uint64((salt * 2 + 1) * 0x9E3779B97F4A7C15 % 2**64)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed ^= mixed >> np.uint64(shift)
            mixed *= np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(11)).astype(np.float64) + 1) / 2.0**53


def _closer(
    piece: Block, new: Block, mean: Doubles, known: int, square: Doubles, nearest: NDArray[np.int32]
) -> None:
    """Bring `square` and `nearest` (n,) up to date with the new candidates (m, width), which are numbered from `known` on."""
    if not len(new):
        return
    away, there = piece - mean.astype(np.float32), (new - mean).astype(np.float32)
    own = np.einsum("ij,ij->i", away, away)
    found = own[:, None] - 2 * (away @ there.T) + np.einsum("ij,ij->i", there, there)  # (n, m)
    best = found.argmin(1)
    least = found[np.arange(len(piece)), best]
    least[least < _NOISE * own] = 0
    better = least < square
    square[better] = least[better]
    nearest[better] = known + best[better]


def _plus_plus(points: Doubles, weights: Doubles, k: int, seed: int) -> list[int]:
    """Numbers of k points (m, width), each drawn by weight and squared distance, the best of a few draws each time."""
    lengths = np.einsum("ij,ij->i", points, points)
    squares = np.maximum(lengths[:, None] - 2 * points @ points.T + lengths, 0)  # (m, m)
    squares[squares < _NOISE * lengths] = 0
    random = np.random.default_rng(seed)
    chosen = [int(random.choice(len(points), p=weights / weights.sum()))]
    while len(chosen) < k:
        near = squares[chosen].min(0)
        if not (pull := weights * near).any():
            break
        tried = random.choice(len(points), _TRIALS, p=pull / pull.sum())
        left = np.minimum(squares[tried], near) @ weights
        chosen.append(int(tried[left.argmin()]))
    return chosen + [n for n in range(len(points)) if n not in chosen][: k - len(chosen)]
