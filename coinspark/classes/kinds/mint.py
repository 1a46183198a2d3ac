"""Layer kind `mint`: each coin in the class of its mint. The reference layer is of this kind."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.classes.kinds.kind import LayerKind, class_rows
from coinspark.config import Layer


def assign(coins: DataFrame, layer: Layer, mints: tuple[str, ...]) -> DataFrame:
    """All coins, each in the class of its mint."""
    return class_rows(coins.withColumns({"class": F.col("mint"), "evidence": F.lit("its mint")}), layer)


KIND = LayerKind(assign, is_reference=True, uses=())
