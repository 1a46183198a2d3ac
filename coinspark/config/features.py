"""Settings of the stage `features`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coinspark.config.common import Distinct, PathText, Section, Sha256


class Features(Section):
    """Which network computes the feature vectors, and of which images.

    Attributes:
        weights: `run` (of `layer`, fold 0), `deepcluster` (the network of that stage), `imagenet`, a weights
            file, or None (untrained, from the seed).
        weights_sha256: SHA-256 of the weights file.
        layer: The layer whose run and split are meant; None: the first layer.
        mints: Only images of these mints; empty: of all mints.
        split: Only images of this split of the layer, fold 0; None: of all.
        precision: Keras precision policy; `auto` is mixed_bfloat16 on a processor that supports it.
        batch: Images per forward pass.
        chunk: Images per chunk; finished chunks survive a killed build.
        scheduled: Whether the nightly build computes features even if no layer needs them.
    """

    weights: PathText | None = "run"
    weights_sha256: Sha256 | None = None
    layer: str | None = None
    mints: Annotated[tuple[str, ...], Distinct] = ()
    split: Literal["train", "validation", "test"] | None = None
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    batch: int = Field(16, ge=1)
    chunk: int = Field(5_000, ge=1)
    scheduled: bool = False
