"""Settings of a source of kind `synthetic`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from coinspark.config import Source
from coinspark.config.common import Seed


class SyntheticSource(Source):
    """Settings of a collection of synthetic coins.

    Attributes:
        coins: Number of rows: coins in one medium.
        skew: Mint sizes are proportional to 1 / rank ** skew.
        photo: Width and height of a photo in pixels.
        wear: Mean wear of a coin, 0 to 1.
        seed: Seed of all random draws.
    """

    coins: int = Field(480, ge=1)
    mints: int = Field(6, ge=1, le=24)
    types_per_mint: int = Field(6, ge=1, le=40)
    skew: float = Field(1.0, ge=0)
    photo: int = Field(160, ge=32, le=2048)
    wear: float = Field(0.35, ge=0, le=1)
    seed: Seed = 1

    def ignored_keys(self) -> Mapping[str, str]:
        """Keys of other sources."""
        return {
            "photos": "every synthetic coin has both photos",
            "medium": "every synthetic coin has its own medium",
        }
