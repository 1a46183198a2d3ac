"""Settings of `train`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coinspark.config.common import Augment, Section


class Training(Section):
    """One VGG16 a layer (and fold). `batch` is over all workers together. See training/fit.py for the recipe's source.

    `types`: where the coins' types are known, the network learns them beside its classes, in training alone.
    """

    layers: tuple[str, ...] = ()
    size: int | None = None
    weights: str | None = None
    weights_sha256: str | None = None
    frozen_to: str | None = None
    batch_norm: bool = True
    head: tuple[Annotated[int, Field(ge=1)], ...] = ()
    dropout: float = Field(0.2, ge=0, lt=1)
    epochs: int = Field(32, ge=1)
    batch: int = Field(16, ge=1)
    learning_rate: float = Field(2.5e-4, gt=0)
    warmup: float = Field(1.0, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    average: float = Field(0.98, ge=0, lt=1)
    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    class_weights: Literal["none", "balanced"] = "none"
    types: bool = True
    cap: int | None = Field(None, ge=1)
    augment: Augment = Augment()
    patience: int = Field(12, ge=1)
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    feed: Literal["petastorm", "tfdata"] = "petastorm"
    launch: Literal["horovod", "local"] = "horovod"
    workers: int = Field(2, ge=1)
    shards: int = Field(4, ge=1)
    baselines: bool = True
    views: Literal[1, 5] = 1
