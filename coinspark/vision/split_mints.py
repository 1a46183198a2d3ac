"""Which mints a class layer splits, for the stages that cut them up and the one that makes the classes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from pyspark.sql import DataFrame

from coinspark.config import Split
from coinspark.core.errors import InputError


def sizes(coins: DataFrame) -> dict[str, int]:
    """How many coins, media counted apart, each mint has."""
    return {str(row["mint"]): int(row["count"]) for row in coins.groupBy("mint").count().collect()}


def split_mints(sizes: Mapping[str, int], split: Split, layer: str) -> tuple[str, ...]:
    """The mints that a layer splits, by name: those given, those with more coins than `over`, and the `biggest`.

    `sizes` are the coins of every mint. InputError names a mint that there is not, and the nearest that there is.
    """
    for name in split.mints:
        if name not in sizes:
            near = difflib.get_close_matches(name, sizes, n=1, cutoff=0.0)
            raise InputError(
                f"layers: {layer}: split.mints: no coin is of the mint {name!r}"
                + (f"; the nearest is {near[0]!r}" if near else "")
            )
    chosen = set(split.mints)
    chosen |= {name for name, n in sizes.items() if split.over is not None and n > split.over}
    chosen |= set(sorted(sizes, key=lambda name: (-sizes[name], name))[: split.biggest or 0])
    return tuple(sorted(chosen))
