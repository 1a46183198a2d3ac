"""Settings of `evaluate` and of the report."""

from __future__ import annotations

from pydantic import Field

from coinspark.config.common import Section


class Evaluation(Section):
    """`top` for top-k, `bootstrap` resamples for the intervals, `examples` coins shown a class in the report."""

    top: int = Field(5, ge=1)
    bootstrap: int = Field(2_000, ge=100)
    examples: int = Field(6, ge=0, le=50)
    suspect: float = Field(0.9, gt=0, le=1)
