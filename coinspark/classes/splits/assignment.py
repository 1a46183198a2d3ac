"""Class layers to splits: which coin trains, validates and tests, the same in every layer (DESIGN section 4, Splits).

A *unit* is what may not be torn apart: a coin with all its media, or a type with all its coins. The units of a mint are
put in order by their classes in every layer and, within those, by xxhash64(seed, unit); the test units are then taken at
even steps along that order. Any run of it, so every class, keeps its share within one unit, and a class too small for a
share of its own is served together with its neighbours in the mint. Nothing depends on the order rows come in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from coinspark.config import Splits
from coinspark.warehouse.schemas import SPLITS

Sizes = Mapping[tuple[str, str, str], tuple[int, ...]]
"""(layer, mint, class) → coins, then where sides are known the test coins and the training coins of each fold."""


@dataclass(frozen=True)
class Plan:
    """What does not stay as the layers say: mints that leave every layer, classes that go back into their mint.

    `mints` name to reason; `back` and `out` hold (layer, mint, class): back into the mint, or out of a type layer.
    """

    mints: Mapping[str, str]
    back: frozenset[tuple[str, str, str]]
    out: frozenset[tuple[str, str, str]]

    @property
    def moves(self) -> list[tuple[str, str, str, str | None]]:
        """Rows layer, mint, class, new class (None: out), sorted."""
        gone = [(*key, None) for key in self.out]
        return sorted([*((*key, key[1]) for key in self.back), *gone], key=lambda move: move[:3])


def photographed(classes: DataFrame, coins: DataFrame) -> DataFrame:
    """The rows of `classes` whose coin has a picture: nobody can train on or test the others."""
    pictured = coins.where("image_id IS NOT NULL").select("coin_id", "medium")
    return classes.join(pictured, ["coin_id", "medium"], "left_semi")


def type_links(coins: DataFrame) -> DataFrame:
    """Sets of types that one coin ties together (its type is uncertain, or its media are listed apart): [types]."""
    return _types(coins).where(F.size("types") > 1).select("types").distinct()


def components(links: Iterable[Sequence[str]]) -> dict[str, str]:
    """Type → the first name among all types tied to it, directly or through others."""
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root.setdefault(name, name) != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for link in links:
        for name in link[1:]:
            low, high = sorted((find(link[0]), find(name)))
            root[high] = low
    return {name: find(name) for name in root}


def units(coins: DataFrame, by: str, tied: Mapping[str, str]) -> DataFrame:
    """Which unit each coin belongs to: [coin_id, unit]. A coin without a type is a unit of its own."""
    if by == "coin":
        return coins.select("coin_id", F.col("coin_id").alias("unit")).distinct()
    names = coins.sparkSession.createDataFrame(sorted(tied.items()), "first string, root string")
    first = _types(coins).withColumn("first", F.col("types")[0])
    name = F.coalesce("root", "first")
    unit = F.when(name.isNull(), F.concat(F.lit("coin "), "coin_id")).otherwise(
        F.concat(F.lit("type "), name)
    )
    return first.join(F.broadcast(names), "first", "left").select("coin_id", unit.alias("unit"))


def _types(coins: DataFrame) -> DataFrame:
    every = coins.select("coin_id", F.explode_outer("types").alias("type")).groupBy("coin_id")
    return every.agg(F.sort_array(F.collect_set("type")).alias("types"))


def sizes(rows: DataFrame, folds: int = 0) -> DataFrame:
    """Coins of each class, a coin counted once a layer: [layer, mint, class, counts array<bigint>], as in `Sizes`.

    A coin whose media stand in two classes counts for the first by name, so that counts add up when classes merge.
    """
    one = rows.groupBy("layer", "coin_id", *(["fold"] if folds else [])).agg(
        F.min(F.struct("mint", "class")).alias("at"), *([F.first("split").alias("split")] if folds else [])
    )
    counts: list[Column] = [F.countDistinct("coin_id")]
    for fold in range(folds):
        for side in ("test", "train"):
            counts.append(F.count_if((F.col("fold") == fold) & (F.col("split") == side)))
    return one.groupBy("layer", "at.mint", "at.class").agg(F.array(*counts).alias("counts"))


def plan(
    counts: Sizes, threshold: int, type_layers: Collection[str], leave_out: Collection[str] = ()
) -> Plan:
    """Which classes are too thin to train or to test, and where their coins go instead.

    A mint that is thin as a whole in any layer leaves all of them, so that layers are compared on the same coins. A thin
    class goes back into its mint; if what is then left of the mint is thin itself, the smallest classes follow until it
    is not. A thin type leaves its layer. `counts` are as `sizes` gives them.
    """
    mints: dict[str, str] = {}
    for layer in sorted({key[0] for key in counts} - set(type_layers)):
        for mint in sorted({key[1] for key in counts if key[0] == layer}):
            total = _sum(n for key, n in counts.items() if key[:2] == (layer, mint))
            if why := _thin(total, threshold):
                mints.setdefault(mint, why)
    mints |= dict.fromkeys(leave_out, "left out by splits.exclude_mints")
    staying = {key: n for key, n in counts.items() if key[1] not in mints}
    back: set[tuple[str, str, str]] = set()
    for layer, mint in sorted({key[:2] for key in staying if key[0] not in type_layers}):
        back |= _back({key: n for key, n in staying.items() if key[:2] == (layer, mint)}, threshold)
    return Plan(mints, frozenset(back), frozenset(_out(staying, threshold, type_layers)))


def _back(mint: Sizes, threshold: int) -> set[tuple[str, str, str]]:
    """The classes of one mint in one layer that go back into it, the smallest first (by name where equal)."""
    new = sorted((key for key in mint if key[1] != key[2]), key=lambda key: (mint[key][0], key))
    back = {key for key in new if _thin(mint[key], threshold)}
    for key in new:
        rest = [n for other, n in mint.items() if other in back or other[1] == other[2]]
        if not rest or not _thin(_sum(rest), threshold):
            break
        back.add(key)
    return back


def _out(counts: Sizes, threshold: int, type_layers: Collection[str]) -> set[tuple[str, str, str]]:
    """The classes of the type layers that are thin over all their mints together."""
    whole: dict[tuple[str, str], list[tuple[int, ...]]] = {}
    for (layer, _, name), n in counts.items():
        if layer in type_layers:
            whole.setdefault((layer, name), []).append(n)
    thin = {key for key, parts in whole.items() if _thin(_sum(parts), threshold)}
    return {key for key in counts if (key[0], key[2]) in thin}


def _sum(counts: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sum(column) for column in zip(*counts, strict=True))


def _thin(counts: tuple[int, ...], threshold: int) -> str:
    """Why this is too thin, or an empty text."""
    if counts[0] < threshold:
        return f"{counts[0]} coins, fewer than {threshold}"
    if 0 in counts[1::2]:
        return f"{counts[0]} coins, none of them to test in fold {counts[1::2].index(0)}"
    if 0 in counts[2::2]:
        return f"{counts[0]} coins, none of them to train in fold {counts[2::2].index(0)}"
    return ""


def follow(rows: DataFrame, plan: Plan) -> DataFrame:
    """`rows` (with layer, mint, class) as the plan has them: classes back in their mints, thin ones and mints gone."""
    spark = rows.sparkSession
    gone = spark.createDataFrame([(mint,) for mint in sorted(plan.mints)], "mint string")
    moves = spark.createDataFrame(plan.moves, "layer string, mint string, class string, becomes string")
    moved = rows.join(F.broadcast(gone), "mint", "left_anti").join(
        F.broadcast(moves.withColumn("moved", F.lit(True))), ["layer", "mint", "class"], "left"
    )
    label = F.when(F.col("moved"), F.col("becomes")).otherwise(F.col("class"))
    return moved.withColumn("class", label).where("class IS NOT NULL").select(rows.columns)


def assign(rows: DataFrame, unit: DataFrame, layers: Sequence[str], settings: Splits, seed: int) -> DataFrame:
    """`rows` of the class layers, each with its fold and side: a SPLITS frame.

    `unit` is [coin_id, unit]; `layers` in the order in which they sort the units, coarse ones first. One fold takes the
    shares of `settings`; k folds test every unit once and draw the validation coins, if there are to be any, from the rest.
    """
    tested = _tested(_strata(rows.join(unit, "coin_id"), layers), len(layers), settings, seed)
    rest = Window.partitionBy("fold", "stratum", "tested")
    place = F.row_number().over(rest.orderBy("place")) - 1
    left = F.count("*").over(rest)
    wanted = F.least(
        F.greatest(
            F.round(F.col("n") * settings.validation).cast("long"), F.lit(int(settings.validation > 0))
        ),
        left - 1,
    )
    start = F.pmod(F.xxhash64(F.lit(seed), F.lit("validation"), "stratum", "fold"), left)
    side = (
        F.when(F.col("tested"), "test")
        .when(_step(place, wanted, left, start), "validation")
        .otherwise("train")
    )
    sides = tested.select("unit", "fold", side.alias("split"))
    return rows.join(unit, "coin_id").join(sides, "unit").select(list(SPLITS.columns))


def _strata(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """A row a unit: [unit, stratum (its mint), coins, c0, c1, …: its class in each layer]."""
    marks = [
        F.min(F.when(F.col("layer") == layer, F.col("class"))).alias(f"c{i}")
        for i, layer in enumerate(layers)
    ]
    return rows.groupBy("unit").agg(
        F.min("mint").alias("stratum"), F.countDistinct("coin_id").alias("coins"), *marks
    )


def _tested(strata: DataFrame, layers: int, settings: Splits, seed: int) -> DataFrame:
    """Units in every fold, and whether they test there: [unit, stratum, place, n, fold, tested]."""
    mint = Window.partitionBy("stratum")
    # Large types first within a class, so that even steps take large and small ones alike; coins are all of size one.
    order = [
        *(F.col(f"c{i}").asc_nulls_last() for i in range(layers)),
        F.col("coins").desc(),
        F.xxhash64(F.lit(seed), "unit"),
        F.col("unit"),
    ]
    placed = strata.select(
        "unit",
        "stratum",
        (F.row_number().over(mint.orderBy(*order)) - 1).alias("place"),
        F.count("*").over(mint).alias("n"),
    )
    start = F.xxhash64(F.lit(seed), F.lit("test"), "stratum")
    if settings.folds > 1:
        fold = F.pmod(F.col("place") + F.pmod(start, F.lit(settings.folds)), F.lit(settings.folds))
        every = F.explode(F.sequence(F.lit(0), F.lit(settings.folds - 1))).alias("fold")
        return (
            placed.withColumn("tests", fold).select("*", every).withColumn("tested", F.expr("tests = fold"))
        )
    n = F.col("n")
    wanted = F.least(
        F.greatest(F.round(n * settings.test).cast("long"), F.lit(1)), F.greatest(n - 2, F.lit(1))
    )
    wanted = F.when(n > 1, wanted).otherwise(0)
    taken = _step(F.col("place"), wanted, n, F.pmod(start, n))
    return placed.select("*", F.lit(0).alias("fold"), taken.alias("tested"))


def _step(place: Column, wanted: Column, n: Column, start: Column) -> Column:
    """True at `wanted` of `n` places, evenly spread: any run of m places holds m * wanted / n of them, within one."""
    return F.pmod(place * wanted + start, n) < wanted


def gone(classes: DataFrame, splits: DataFrame) -> DataFrame:
    """What did not stay as the layers said: [layer, mint, class, coins, becomes]; `becomes` null where it left the layer.

    For the report; `classes` are those that could be split (see `photographed`).
    """
    new = splits.select("layer", "coin_id", "medium", F.col("class").alias("becomes")).distinct()
    both = classes.join(new, ["layer", "coin_id", "medium"], "left").where("NOT class <=> becomes")
    return (
        both.groupBy("layer", "mint", "class", "becomes")
        .agg(F.countDistinct("coin_id").alias("coins"))
        .select("layer", "mint", "class", "coins", "becomes")
    )


def audit(splits: DataFrame, show: int = 5) -> list[str]:
    """The promises a split breaks, a line each with up to `show` examples; empty when it keeps them all.

    0 coins on two sides, the same side in every layer, every class of every fold with a test and a training image, and
    with several folds every coin tested exactly once a layer.
    """
    folds = sorted(row["fold"] for row in splits.select("fold").distinct().collect())
    coins = splits.groupBy("fold", "coin_id").agg(
        F.collect_set("split").alias("sides"), F.collect_set(F.struct("layer", "split")).alias("pairs")
    )
    # A layer that stands in two pairs has the coin on two sides; where none does, the sides differ from layer to layer.
    torn = F.filter(
        F.array_distinct("pairs.layer"),
        lambda layer: F.size(F.filter("pairs", lambda pair: pair["layer"] == layer)) > 1,
    )
    inside = coins.select("fold", "coin_id", F.explode(torn).alias("layer"))
    at_coin = F.concat(F.lit("fold "), "fold", F.lit(": coin "), "coin_id")
    at_place = F.concat(F.lit("layer "), "layer", F.lit(", "), at_coin)
    held = splits.groupBy("layer", "class").agg(
        *(
            F.collect_set(F.when(F.col("split") == side, F.col("fold"))).alias(side)
            for side in ("test", "train")
        )
    )
    every = F.array(*map(F.lit, folds))
    lacks = [
        held.select("layer", "class", F.explode(F.array_except(every, side)).alias("fold"))
        for side in ("test", "train")
    ]
    at_class = F.concat(F.lit("layer "), "layer", F.lit(", fold "), "fold", F.lit(": class "), "class")
    tested = F.countDistinct(F.when(F.col("split") == "test", F.col("fold"))).alias("tests")
    once = (
        splits.groupBy("layer", "coin_id").agg(tested).where((F.lit(len(folds)) > 1) & (F.col("tests") != 1))
    )
    at_layer = F.concat(F.lit("layer "), "layer", F.lit(": coin "), "coin_id")
    unknown = splits.where("split IS NULL OR split NOT IN ('train', 'validation', 'test')")
    found = [
        _lines(inside, "stands on two sides", at_place),
        _lines(
            coins.where((F.size(torn) == 0) & (F.size("sides") > 1)),
            "stands on another side in another layer",
            at_coin,
        ),
        _lines(lacks[0], "has no test image", at_class),
        _lines(lacks[1], "has no training image", at_class),
        _lines(once, "is not tested exactly once", at_layer),
        _lines(unknown, "has an unknown split", at_place),
    ]
    faults = (
        reduce(DataFrame.unionAll, found)
        .groupBy("fault")
        .agg(F.count("*").alias("n"), F.slice(F.sort_array(F.collect_list("at")), 1, show).alias("at"))
        .orderBy("fault")
        .collect()
    )
    return [
        f"{at} {row['fault']}" + (f" ({row['n']} such)" if first and row["n"] > 1 else "")
        for row in faults
        for first, at in zip([True, *[False] * show], row["at"], strict=False)
    ]


def _lines(rows: DataFrame, fault: str, at: Column) -> DataFrame:
    return rows.select(F.lit(fault).alias("fault"), at.alias("at"))
