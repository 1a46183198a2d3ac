"""Settings of `features`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coinspark.config.common import Section


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
