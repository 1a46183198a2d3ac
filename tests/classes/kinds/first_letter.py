"""A layer kind from outside coinspark: classes by the first letter of the type."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.classes.kinds.kind import LayerKind, class_rows
from coinspark.config import Layer


def assign(coins: DataFrame, layer: Layer, mints: tuple[str, ...]) -> DataFrame:
    letter = F.substring("type", 1, 1)
    name = F.when(F.col("mint").isin(*mints) & (letter != ""), F.concat_ws("/", "mint", letter))
    return class_rows(coins.withColumns({"class": F.coalesce(name, "mint"), "evidence": letter}), layer)


KIND = LayerKind(assign, splits_mints=True)
