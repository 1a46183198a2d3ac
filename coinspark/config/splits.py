"""Settings of `splits`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coinspark.config.common import Section


class Splits(Section):
    """Who trains and who tests. `threshold` is the least coins of a class; `folds` > 1 tests every coin once."""

    threshold: int = Field(20, ge=3)
    validation: float = Field(0.1, ge=0, lt=0.5)
    test: float = Field(0.2, gt=0, lt=0.9)
    folds: int = Field(1, ge=1)
    by: Literal["coin", "type"] = "coin"
    leave_out: tuple[str, ...] = ()
