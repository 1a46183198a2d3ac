"""Settings of `deepcluster`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coinspark.config.common import Augment, Section


class DeepCluster(Section):
    """How a network learns from pictures without labels, in `rounds` of clustering and `epochs` on the clusters' numbers.

    It stops where two assignments agree by `settled` (normalised mutual information; null: it goes on). Pictures are those of
    `features.mints`; workers, feed, shards and precision are those of `training`.
    """

    rounds: int = Field(3, ge=1)
    epochs: int = Field(10, ge=1)
    k: int = Field(24, ge=2)
    numbers: int = Field(256, ge=1)
    settled: float | None = Field(0.98, gt=0, le=1)
    edges: Literal["none", "sobel", "relief"] = "relief"
    weights: str | None = None
    weights_sha256: str | None = None
    batch: int = Field(16, ge=1)
    learning_rate: float = Field(1e-4, gt=0)
    augment: Augment = Augment(shift=0.03, rotate=4, zoom=0.03, brightness=0.1, contrast=0.1)
