"""Layer kind `mint`: each coin in the class of its mint. The reference layer is of this kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinspark.classes.kinds.kind import LayerKind, class_rows
from coinspark.config import Layer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame  # not to be loaded with the configuration


def assign(coins: DataFrame, layer: Layer, mints: tuple[str, ...]) -> DataFrame:
    """All coins, each in the class of its mint."""
    from pyspark.sql import functions as F

    return class_rows(coins.withColumns({"class": F.col("mint"), "evidence": F.lit("its mint")}), layer)


KIND = LayerKind(assign, is_reference=True, uses=())
