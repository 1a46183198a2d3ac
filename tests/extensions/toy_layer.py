"""A layer kind that divides a mint by the last digit of the coin id."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.classes.kinds import LayerKind
from coinspark.classes.kinds.kind import class_rows
from coinspark.config import Layer


def assign(coins: DataFrame, layer: Layer, mints: tuple[str, ...]) -> DataFrame:
    digit = F.substring("coin_id", -1, 1).cast("int")
    half = F.concat_ws("/", "mint", F.when(digit % 2 == 0, "even").otherwise("odd"))
    name = F.when(F.col("mint").isin(*mints), half).otherwise(F.col("mint"))
    return class_rows(coins.withColumns({"class": name, "evidence": F.lit("last digit of its id")}), layer)


KIND = LayerKind(assign, splits_mints=True)
