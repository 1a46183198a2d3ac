"""Layer kind `type`: each coin in the class of its type, for coins with exactly one type."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.classes.kinds.kind import LayerKind, class_rows
from coinspark.config import Layer


def assign(coins: DataFrame, layer: Layer, mints: tuple[str, ...]) -> DataFrame:
    """Coins with exactly one type, each in the class `Mint/type`. Other coins are not part of the layer.

    A slash or backslash in the mint's name gets a backslash: type C of mint A/B is not type B/C of mint A.
    """
    typed = coins.where(F.col("type") != "")
    name = F.concat(F.regexp_replace("mint", r"([\\/])", r"\\$1"), F.lit("/"), "type")
    return class_rows(typed.withColumns({"class": name, "evidence": F.lit("its type")}), layer)


KIND = LayerKind(assign, by_type=True, uses=())
