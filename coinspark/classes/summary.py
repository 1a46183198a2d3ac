"""What a class layer came to: its classes and their sizes, what it covers, and how that depends on number and least size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.classes.coins import coin_facts
from coinspark.classes.designs.choose import common_pairs
from coinspark.classes.designs.information import Design, measure
from coinspark.classes.designs.plan import by_mint, plans
from coinspark.classes.kinds import entities
from coinspark.config import Config

CLASSES = (8, 14, 16, 20, 24, 32)
LEASTS = (20, 40, 60)


@dataclass(frozen=True)
class Point:
    """One point of the curve: a mint split with these settings, in shares of its described coins."""

    mint: str
    asked: int
    least: int
    classes: int
    covered: float
    biggest: float
    pairs: float


def size_table(classes: DataFrame) -> DataFrame:
    """Coins of each class: layer, mint, class, coins; `classes` is the table."""
    return classes.groupBy("layer", "mint", "class").agg(F.count(F.lit(1)).alias("coins"))


def totals(classes: DataFrame, coins: DataFrame) -> DataFrame:
    """For each layer and mint with new classes: classes, coins, described coins, and shares.

    layer, mint, coins, described, classes (new ones), least, covered (described coins in a new class), biggest (a class's share
    of the described coins), whole (coins of a sure type that stand where most of their type stands).
    """
    facts = coins.select(
        "coin_id",
        "medium",
        (F.size(F.filter("descriptions", lambda one: F.length(one["text"]) > 0)) > 0).alias("described"),
        F.when(F.size("types") == 1, F.col("types")[0]).alias("type"),
    )
    rows = classes.join(facts, ["coin_id", "medium"]).withColumn("new", F.col("class") != F.col("mint"))
    by = ["layer", "mint"]
    whole = (
        rows.where("type IS NOT NULL AND described")
        .groupBy(*by, "type", "class")
        .count()
        .groupBy(*by, "type")
        .agg(F.max("count").alias("most"), F.sum("count").alias("all"))
        .groupBy(*by)
        .agg((F.sum("most") / F.sum("all")).alias("whole"))
    )
    described = F.sum(F.col("described").cast("int"))
    sizes = rows.where("new").groupBy(*by, "class").agg(F.count(F.lit(1)).alias("n"), described.alias("d"))
    per = sizes.groupBy(*by).agg(
        F.count(F.lit(1)).alias("classes"),
        F.min("n").alias("least"),
        F.max("n").alias("most"),
        F.sum("d").alias("in_new"),
    )
    all_ = rows.groupBy(*by).agg(F.count(F.lit(1)).alias("coins"), described.alias("described"))
    return (
        per.join(all_, by)
        .join(whole, by, "left")
        .select(
            *by,
            "coins",
            "described",
            "classes",
            "least",
            (F.col("in_new") / F.col("described")).alias("covered"),
            (F.col("most") / F.col("described")).alias("biggest"),
            "whole",
        )
    )


def curve(designs: Iterable[Design], mints: Sequence[str], most: float) -> list[Point]:
    """Coverage against the number of classes and their least size, for each mint, beside that of common pairs."""
    groups = by_mint(designs)
    telling = measure(one for group in groups.values() for one in group)
    points = []
    for mint in mints:
        for least in LEASTS:
            made = plans(groups[mint], telling, CLASSES, least, most)
            pairs, described = common_pairs(made[0].units, max(CLASSES), least), max(made[0].described, 1)
            points += [
                Point(
                    mint,
                    asked,
                    least,
                    len(one.chosen),
                    one.covered / described,
                    max(one.sizes, default=0) / described,
                    sum(pairs[:asked]) / described,
                )
                for asked, one in zip(CLASSES, made, strict=True)
            ]
    return points


def render(read: Callable[[str], DataFrame], config: Config) -> str:
    """The new classes of every layer with their sizes; of entities what they cover, and the curve too; as text."""
    parts = _clusters(read("classes"), config)
    settings = {layer.name: layer for layer in config.layers_reading("entities")}
    if not settings:
        return "\n".join(parts).lstrip("\n") or "no layer of kind entities or clusters is configured"
    coins = read("coins")
    classes = read("classes").where(F.col("layer").isin(list(settings)))
    sums = totals(classes, coins).orderBy("mint").collect()
    sizes = size_table(classes).orderBy(F.desc("coins"), "class").collect()
    for layer in settings:
        rows = [row for row in sums if row["layer"] == layer]
        parts += [
            f"\nLayer {layer}"
            + ("" if rows else ": no mint has a design of enough coins; all are left whole")
        ]
        for row in rows:
            parts += _block(
                row.asDict(),
                [
                    (one["coins"], one["class"])
                    for one in sizes
                    if (one["layer"], one["mint"]) == (layer, row["mint"])
                ],
            )
    if sums:
        known = entities.designs_of(entities.with_sides(coin_facts(coins), read, config)).collect()
        designs = [entities.design(row.asDict()) for row in known]
        for most in sorted({settings[row["layer"]].max_share for row in sums}):
            mints = sorted({row["mint"] for row in sums if settings[row["layer"]].max_share == most})
            parts.append(draw(curve(designs, mints, most), most))
    return "\n".join(parts).lstrip("\n")


def _clusters(classes: DataFrame, config: Config) -> list[str]:
    """Each layer of clusters: a line a mint that it cuts, then a line a class."""
    names = [layer.name for layer in config.layers_reading("clusters")]
    rows = (
        size_table(classes.where(F.col("layer").isin(*names))).orderBy(F.desc("coins"), "class").collect()
        if names
        else []
    )
    lines = []
    for layer in names:
        cut = sorted({row["mint"] for row in rows if row["layer"] == layer and row["class"] != row["mint"]})
        lines.append(
            f"\nLayer {layer}"
            + ("" if cut else ": no mint has a cluster of enough coins; all are left whole")
        )
        for mint in cut:
            sizes = [
                (row["coins"], row["class"]) for row in rows if (row["layer"], row["mint"]) == (layer, mint)
            ]
            new, every = [n for n, name in sizes if name != mint], sum(n for n, _ in sizes)
            lines += [
                f"\n{mint}: {every:,} coins; {len(new)} new classes of at least {min(new)} hold {sum(new) / every:.1%} "
                f"of them, the biggest {max(new) / every:.1%}",
                *_sizes(sizes, mint),
            ]
    return lines


def _sizes(sizes: Sequence[tuple[int, str]], mint: str) -> list[str]:
    return [f"  {n:>6,}  {name}{'  (what fits no class)' if name == mint else ''}" for n, name in sizes]


def _block(row: dict[str, Any], sizes: Sequence[tuple[int, str]]) -> list[str]:
    """One mint: a line of its totals, then a line a class."""
    head = (
        f"\n{row['mint']}: {row['coins']:,} coins, {row['described']:,} described; {row['classes']} new classes of at "
        f"least {row['least']} hold {row['covered']:.1%} of them, the biggest {row['biggest']:.1%}"
    )
    whole = (
        []
        if row["whole"] is None
        else [f"  {row['whole']:.1%} of the coins stand where most of their type stands"]
    )
    return [head, *whole, *_sizes(sizes, row["mint"])]


def draw(points: Sequence[Point], most: float) -> str:
    """The curve as text: a line a mint and least size, the share covered (and classes made) for each number asked for."""
    lines = [
        "",
        "Share of described coins in new classes (and how many classes there are), for so many classes at most, "
        f"none above {most:.0%}",
        f"{'':>24}" + "".join(f"{asked:>12}" for asked in CLASSES) + f"{'common pairs':>15}",
    ]
    for mint, least in dict.fromkeys((one.mint, one.least) for one in points):
        row = [one for one in points if (one.mint, one.least) == (mint, least)]
        lines.append(
            f"{mint[:15]:<15} least {least:>2}"
            + "".join(f"{one.covered:>7.1%} ({one.classes:>2})" for one in row)
            + f"{max(one.pairs for one in row):>15.1%}"
        )
    return "\n".join(lines)
