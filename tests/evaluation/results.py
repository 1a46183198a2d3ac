"""Results on test images for the tests of metrics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coinspark.evaluation.scores import TestResults


def images(
    truth: Sequence[str],
    rank: Sequence[int],
    coins: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    folds: Sequence[int] | None = None,
) -> TestResults:
    """One image per entry, each of another coin in fold 0 unless given; a coin is a unit unless given."""
    coin_ids = list(coins or [f"c{i:04}" for i in range(len(truth))])
    fold = list(folds or [0] * len(truth))
    seen: dict[tuple[int, str], int] = {}
    keys = []
    for key in zip(fold, coin_ids, strict=True):
        seen[key] = seen.get(key, 0) + 1
        keys.append(f"{key[0]}-{key[1]}-{seen[key]}")
    return TestResults(
        np.array(keys),
        np.array(fold),
        np.array(list(units or coin_ids)),
        np.array(coin_ids),
        np.array(list(truth)),
        np.array(list(rank)),
    )
