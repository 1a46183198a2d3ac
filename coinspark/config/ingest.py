"""Settings of `ingest`: decoding limits, merging, image sizes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coinspark.config.common import Distinct, Section


class Ingest(Section):
    """Decoding and merging of photos.

    Attributes:
        sizes: Heights of the merged images in pixels.
        shape: `square` pads with black bars; `wide` is twice as wide as high.
        quality: JPEG quality.
        max_pixels: Limit of a photo, checked in its header.
        max_memory: Limit of the bytes that decoding a photo takes, estimated from its header.
        max_seconds: Limit of the processor time to decode and merge the photos of a coin.
        max_bytes: Limit of a photo's file.
        max_reject_share: The build stops if a greater share of a source's rows is rejected.
        max_loss_share: The build stops if a source loses a greater share of its published coins.
        accept_loss: Publish in spite of both; `--accept-loss` sets it for one build.
        chunk: Coins per chunk. Finished chunks are reused after a failure.
    """

    sizes: Annotated[tuple[Annotated[int, Field(ge=16, le=1024)], ...], Distinct] = Field((64,), min_length=1)
    shape: Literal["square", "wide"] = "square"
    quality: int = Field(92, ge=1, le=100)
    max_pixels: int = Field(64_000_000, ge=1)
    max_memory: int = Field(512_000_000, ge=10_000_000)
    max_seconds: int = Field(30, ge=1)
    max_bytes: int = Field(128_000_000, ge=1)
    max_reject_share: float = Field(0.5, gt=0, le=1)
    max_loss_share: float = Field(0.2, ge=0, le=1)
    accept_loss: bool = False
    chunk: int = Field(5_000, ge=1)
