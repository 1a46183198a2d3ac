"""The settings of what looks at pictures; `conf/base.yaml` shows the same with a comment each."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coinspark.section import Section


class Augment(Section):
    """Random changes of a training image: shift as a share of the side, rotation in degrees, brightness, contrast."""

    shift: float = Field(0.06, ge=0, le=0.5)
    rotate: float = Field(12.0, ge=0, le=180)
    zoom: float = Field(0.08, ge=0, le=0.5)
    brightness: float = Field(0.15, ge=0, le=1)
    contrast: float = Field(0.15, ge=0, lt=1)


class Features(Section):
    """Whose convolutions look at which pictures. `mints` and `split` narrow the pictures down; without either it is all.

    `weights`: `run` (of `layer`, fold 0), `imagenet`, `deepcluster` (the network that it trained), a file, or null: seeded and
    untrained.
    """

    weights: str | None = "run"
    weights_sha256: str | None = None
    layer: str | None = None
    mints: tuple[str, ...] = ()
    split: Literal["train", "validation", "test"] | None = None
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    batch: int = Field(16, ge=1)
    chunk: int = Field(5_000, ge=1)
    nightly: bool = False


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
