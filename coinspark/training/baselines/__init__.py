"""Baselines: simple classifiers trained on the same shards, for comparison with the networks.

One module per baseline.
"""

from __future__ import annotations

from coinspark.core.registry import Registry
from coinspark.training.baselines.baseline import Baseline

BASELINES: Registry[Baseline] = Registry(
    "baseline", {"hog-svm": "coinspark.training.baselines.hog_svm:BASELINE"}
)
"""With `training.baselines`, all entries are trained on each fold of the reference layer."""
