"""Text of `coinspark classes`: new classes of each layer, what they cover, coverage for other limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from coinspark.classes.coins import coin_facts
from coinspark.classes.designs.curve import MAX_CLASSES, Point, curve
from coinspark.classes.kinds import KINDS, entities
from coinspark.config import Config, Layer

Sizes = Sequence[tuple[int, str]]
"""(coins, class), largest first"""


def size_table(classes: DataFrame) -> DataFrame:
    """Coins of each class: layer, mint, class, coins; `classes` is the table."""
    return classes.groupBy("layer", "mint", "class").agg(F.count(F.lit(1)).alias("coins"))


def totals(classes: DataFrame, coins: DataFrame) -> DataFrame:
    """One row per layer and mint with new classes, from the tables `classes` and `coins`.

    Returns:
        layer, mint, coins, described (coins with a description), classes (new ones), smallest (coins of the
        smallest new class), covered (share of the described coins in a new class), largest (coins of the
        largest new class, as a share of the described coins), whole (share of the coins with a single type
        that are in the main class of their type).
    """
    facts = coins.select(
        "coin_id",
        "medium",
        (F.size(F.filter("descriptions", lambda text: F.length(text["text"]) > 0)) > 0).alias("described"),
        F.when(F.size("types") == 1, F.col("types")[0]).alias("type"),
    )
    rows = classes.join(facts, ["coin_id", "medium"])
    by = ["layer", "mint"]
    described = F.sum(F.col("described").cast("int"))
    of_mint = rows.groupBy(*by).agg(F.count(F.lit(1)).alias("coins"), described.alias("described"))
    of_class = (
        rows.where("class != mint")
        .groupBy(*by, "class")
        .agg(F.count(F.lit(1)).alias("n"), described.alias("in_class"))
        .groupBy(*by)
        .agg(
            F.count(F.lit(1)).alias("classes"),
            F.min("n").alias("smallest"),
            F.max("n").alias("most"),
            F.sum("in_class").alias("in_new"),
        )
    )
    return (
        of_class.join(of_mint, by)
        .join(_whole_types(rows, by), by, "left")
        .select(
            *by,
            "coins",
            "described",
            "classes",
            "smallest",
            (F.col("in_new") / F.col("described")).alias("covered"),
            (F.col("most") / F.col("described")).alias("largest"),
            "whole",
        )
    )


def _whole_types(rows: DataFrame, by: Sequence[str]) -> DataFrame:
    """layer, mint, whole: share of described coins with a type that are in the main class of their type."""
    return (
        rows.where("type IS NOT NULL AND described")
        .groupBy(*by, "type", "class")
        .count()
        .groupBy(*by, "type")
        .agg(F.max("count").alias("most"), F.sum("count").alias("all"))
        .groupBy(*by)
        .agg((F.sum("most") / F.sum("all")).alias("whole"))
    )


def render(read: Callable[[str], DataFrame], config: Config) -> str:
    """The new classes of every layer that splits mints, with their sizes, as text.

    For layers that read entities it adds what the classes cover, and the coverage for other limits. Only
    these other limits are planned here; everything else comes from the tables. A nightly build would spend
    more time on them than on the classes.
    """
    layers = [layer for layer in config.layers if KINDS[layer.kind].splits_mints]
    if not layers:
        return "no configured layer splits mints; set the kind of a layer to entities or clusters"
    by_entities = {layer.name: layer for layer in config.layers_reading("entities")}
    classes = read("classes")
    sizes = _sizes(classes, layers)
    sums = _collect_totals(classes.where(F.col("layer").isin(*by_entities)), read) if by_entities else []
    parts = []
    for layer in layers:
        rows = [row.asDict() for row in sums if row["layer"] == layer.name]
        parts += _described(layer, rows, sizes) if layer.name in by_entities else _clustered(layer, sizes)
    if sums:
        designs = [entities.design(row.asDict()) for row in _designs(read, config).collect()]
        for share in sorted({by_entities[row["layer"]].max_share for row in sums}):
            mints = sorted({row["mint"] for row in sums if by_entities[row["layer"]].max_share == share})
            parts.append(curve_table(curve(designs, mints, share), share))
    return "\n".join(parts).lstrip("\n")


def _collect_totals(classes: DataFrame, read: Callable[[str], DataFrame]) -> list[Row]:
    return totals(classes, read("coins")).orderBy("mint").collect()


def _designs(read: Callable[[str], DataFrame], config: Config) -> DataFrame:
    return entities.designs_of(entities.with_sides(coin_facts(read("coins")), read, config))


def _sizes(classes: DataFrame, layers: Sequence[Layer]) -> dict[str, dict[str, list[tuple[int, str]]]]:
    """Layer → mint → its class sizes."""
    rows = size_table(classes.where(F.col("layer").isin(*(layer.name for layer in layers))))
    sizes: dict[str, dict[str, list[tuple[int, str]]]] = {layer.name: {} for layer in layers}
    for row in rows.orderBy(F.desc("coins"), "class").collect():
        sizes[row["layer"]].setdefault(row["mint"], []).append((row["coins"], row["class"]))
    return sizes


def _described(layer: Layer, rows: Sequence[dict[str, Any]], sizes: dict[str, dict[str, Any]]) -> list[str]:
    """Lines of a layer by entities: for each split mint its totals, then a line per class."""
    note = "" if rows else ": no mint has a design with enough coins; none is split"
    lines = [f"\nLayer {layer.name}{note}"]
    for row in rows:
        lines.append(
            f"\n{row['mint']}: {row['coins']:,} coins, {row['described']:,} described; "
            f"{row['classes']} new classes of at least {row['smallest']} coins contain {row['covered']:.1%} "
            f"of them, the largest {row['largest']:.1%}"
        )
        if row["whole"] is not None:
            lines.append(f"  {row['whole']:.1%} of the coins with a type are in the main class of their type")
        lines += _class_lines(sizes[layer.name][row["mint"]], row["mint"])
    return lines


def _clustered(layer: Layer, sizes: dict[str, dict[str, Any]]) -> list[str]:
    """Lines of any other layer: for each split mint its totals, then a line per class."""
    own = {
        mint: rows
        for mint, rows in sorted(sizes[layer.name].items())
        if any(name != mint for _, name in rows)
    }
    note = "" if own else ": no mint has a new class with enough coins; none is split"
    lines = [f"\nLayer {layer.name}{note}"]
    for mint, rows in own.items():
        new, total = [coins for coins, name in rows if name != mint], sum(coins for coins, _ in rows)
        lines += [
            f"\n{mint}: {total:,} coins; {len(new)} new classes of at least {min(new)} coins contain "
            f"{sum(new) / total:.1%} of them, the largest {max(new) / total:.1%}",
            *_class_lines(rows, mint),
        ]
    return lines


def _class_lines(sizes: Sizes, mint: str) -> list[str]:
    return [
        f"  {coins:>6,}  {name}{'  (not in a new class)' if name == mint else ''}" for coins, name in sizes
    ]


def curve_table(points: Sequence[Point], max_share: float) -> str:
    """The coverage as text: a line per mint and `min_coins`, a column per `max_classes` and the baseline."""
    lines = [
        "",
        "Share of described coins in new classes, and their number, by max_classes and min_coins; "
        f"max_share {max_share:.0%}",
        f"{'':>24}" + "".join(f"{number:>12}" for number in MAX_CLASSES) + f"{'common pairs':>15}",
    ]
    for mint, min_coins in dict.fromkeys((point.mint, point.min_coins) for point in points):
        row = [point for point in points if (point.mint, point.min_coins) == (mint, min_coins)]
        lines.append(
            f"{mint[:15]:<15} least {min_coins:>2}"
            + "".join(f"{point.covered:>7.1%} ({point.classes:>2})" for point in row)
            + f"{max(point.pairs for point in row):>15.1%}"
        )
    return "\n".join(lines)
