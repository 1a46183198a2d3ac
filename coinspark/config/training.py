"""Settings of the stage `train`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from coinspark.config.common import Augment, Distinct, PathText, Section, Sha256, registered


class Training(Section):
    """One network per layer and fold; `coinspark/training/README.md` describes the recipe.

    Attributes:
        model: A name in the registry of backbones, or `package.module:ATTRIBUTE` of one outside coinspark.
        batch: Global batch size, over all workers.
    """

    model: str = "vgg16"
    layers: Annotated[tuple[str, ...], Distinct] = ()
    size: int | None = None
    weights: PathText | None = None
    weights_sha256: Sha256 | None = None
    freeze_until: str | None = None
    batch_norm: bool = True
    head_units: tuple[Annotated[int, Field(ge=1)], ...] = ()
    dropout: float = Field(0.2, ge=0, lt=1)
    epochs: int = Field(32, ge=1)
    batch: int = Field(16, ge=1)
    learning_rate: float = Field(2.5e-4, gt=0)
    warmup: float = Field(1.0, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    weight_average: float = Field(0.98, ge=0, lt=1)
    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    class_weights: Literal["none", "balanced"] = "none"
    auxiliary_types: bool = True
    max_images_per_class: int | None = Field(None, ge=1)
    augment: Augment = Augment()
    patience: int = Field(12, ge=1)
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    feed: Literal["petastorm", "tfdata"] = "petastorm"
    launch: Literal["horovod", "local"] = "horovod"
    workers: int = Field(2, ge=1)
    interface: str | None = None
    shards: int = Field(4, ge=1)
    prediction_views: Literal[1, 5] = 1
    baselines: bool = True

    @field_validator("model")
    @classmethod
    def _is_known(cls, model: str) -> str:
        return registered("coinspark.vision.backbones:BACKBONES", model)
