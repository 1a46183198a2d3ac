"""Settings of the stage `deepcluster`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coinspark.config.common import Augment, PathText, Section, Sha256


class DeepCluster(Section):
    """Training without labels: `rounds` of clustering, each followed by `epochs` with the clusters as labels.

    Training stops early when the normalised mutual information of two consecutive assignments reaches
    `stop_nmi` (null: never). The images are those of `features.mints` and `features.split`; workers, feed,
    shards and precision are those of `training`.
    """

    rounds: int = Field(3, ge=1)
    epochs: int = Field(10, ge=1)
    k: int = Field(24, ge=2)
    pca_components: int = Field(256, ge=1)
    stop_nmi: float | None = Field(0.98, gt=0, le=1)
    input_filter: Literal["none", "sobel", "relief"] = "relief"
    weights: PathText | None = None
    weights_sha256: Sha256 | None = None
    batch: int = Field(16, ge=1)
    learning_rate: float = Field(1e-4, gt=0)
    augment: Augment = Augment(shift=0.03, rotate=4, zoom=0.03, brightness=0.1, contrast=0.1)
