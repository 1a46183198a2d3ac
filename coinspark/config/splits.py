"""Settings of the stage `splits`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coinspark.config.common import Distinct, Section


class Splits(Section):
    """Training, validation and test shares.

    Attributes:
        min_coins: Coins that a class needs to be trained and tested.
        validation: Share of validation coins; 0 uses them for training.
        test: Share of test coins, where `folds` is 1.
        folds: 1 for a single split; k > 1 tests every coin once, in one of k folds.
        repeats: Independent repetitions of the split, each with its own folds.
        by: What stays on one side: a coin with all its media, or a type with all its coins.
        exclude_mints: Mints that leave every layer, such as Unknown.
    """

    min_coins: int = Field(20, ge=3)
    validation: float = Field(0.1, ge=0, lt=0.5)
    test: float = Field(0.2, gt=0, lt=0.9)
    folds: int = Field(1, ge=1)
    repeats: int = Field(1, ge=1)
    by: Literal["coin", "type"] = "coin"
    exclude_mints: Annotated[tuple[str, ...], Distinct] = ()

    @property
    def all_folds(self) -> range:
        """The numbers of the folds of all repeats. Fold f of repeat r has the number r · folds + f."""
        return range(self.folds * self.repeats)
