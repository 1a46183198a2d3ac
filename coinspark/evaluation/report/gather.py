"""The published tables → what the report shows, as plain values: nothing here knows of HTML."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from coinspark.classes.kinds import KINDS
from coinspark.classes.splits import assignment as splitting
from coinspark.config import Config
from coinspark.evaluation import cluster_quality, metrics, table1
from coinspark.evaluation.cluster_quality import Clustering
from coinspark.evaluation.metrics import Key
from coinspark.evaluation.report import training_rounds
from coinspark.evaluation.report.coin_cards import Example, Tables, example, pictured
from coinspark.evaluation.report.training_rounds import Learning
from coinspark.evaluation.scores import Matrix


@dataclass(frozen=True)
class Size:
    """A class of a layer: distinct coins, images, and the images on each side in the first fold."""

    layer: str
    mint: str
    name: str
    coins: int
    images: int
    train: int
    validation: int
    test: int

    @property
    def is_new(self) -> bool:
        """Whether the layer made this class out of a mint."""
        return self.name != self.mint


@dataclass(frozen=True)
class Run:
    """A trained model: `history` a dict of numbers an epoch; `facts` what identifies it, name to text."""

    layer: str
    model: str
    fold: int
    best_epoch: int | None
    history: Sequence[Mapping[str, float]]
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """Everything that the report shows of one build."""

    build: str
    comparison: table1.Comparison
    coins: int
    images: int
    folds: int
    sizes: Mapping[str, Sequence[Size]]
    matrices: Mapping[str, Mapping[Key, Matrix]]
    mint_of: Mapping[str, str]
    runs: Sequence[Run]
    examples: Mapping[tuple[str, str], Sequence[Example]]
    clusterings: Sequence[Clustering]
    left_whole: Sequence[Row]
    learnt: Sequence[Learning]
    gone: Sequence[Row]
    audit: Sequence[str]
    rejects: Sequence[Row]
    stages: Sequence[Row]


def gather(tables: Tables, config: Config, build: str) -> Page:
    """All of a build's tables as the report needs them; InputError when nothing has been evaluated."""
    splits, coins, classes = tables("splits"), tables("coins"), tables("classes")
    runs = tables("runs").orderBy("layer", "model", "fold").collect()
    keys = {row["run_id"]: (row["layer"], row["model"]) for row in runs}
    confusion = tables("confusion").collect()
    whole = splits.agg(
        F.countDistinct("coin_id").alias("coins"),
        F.countDistinct("coin_id", "medium").alias("images"),
        F.countDistinct("fold").alias("folds"),
    ).collect()[0]
    sizes = _sizes(splits)
    return Page(
        build=build,
        comparison=table1.compare(tables, config),
        coins=whole["coins"],
        images=whole["images"],
        folds=whole["folds"],
        sizes=sizes,
        matrices={level: metrics.pooled(confusion, keys, level) for level in metrics.LEVELS},
        mint_of={size.name: size.mint for found in sizes.values() for size in found},
        runs=[_run(row) for row in runs],
        examples=_examples(tables, config),
        clusterings=cluster_quality.clusterings(tables, config),
        left_whole=cluster_quality.left_whole(tables, config),
        learnt=training_rounds.learnt(tables, config),
        gone=splitting.gone(splitting.photographed(classes, coins), splits)
        .orderBy("layer", "mint", F.col("coins").desc(), "class")
        .collect(),
        audit=splitting.audit(splits),
        rejects=tables("rejects")
        .groupBy("stage", "reason")
        .agg(F.count("*").alias("n"), F.min("uri").alias("example"))
        .orderBy(F.col("n").desc(), "stage", "reason")
        .collect(),
        stages=_last(tables("stages")),
    )


def _sizes(splits: DataFrame) -> dict[str, list[Size]]:
    """The classes of each layer, biggest mint first, its classes biggest first, what fits none last."""
    first = F.col("fold") == 0
    sides = [
        F.count_if(first & (F.col("split") == side)).alias(side) for side in ("train", "validation", "test")
    ]
    rows = (
        splits.groupBy("layer", "mint", "class")
        .agg(
            F.countDistinct("coin_id").alias("coins"),
            F.countDistinct("coin_id", "medium").alias("images"),
            *sides,
        )
        .collect()
    )
    mints: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        mints[row["layer"], row["mint"]] += row["coins"]
    ordered = sorted(
        rows,
        key=lambda row: (
            row["layer"],
            -mints[row["layer"], row["mint"]],
            row["mint"],
            row["class"] == row["mint"],
            -row["coins"],
            row["class"],
        ),
    )
    found: dict[str, list[Size]] = defaultdict(list)
    for row in ordered:
        found[row["layer"]].append(Size(*row))
    return dict(found)


def _run(row: Row) -> Run:
    measured = json.loads(row["metrics"] or "{}")
    facts = {
        "run": row["run_id"],
        "weights": row["weights"],
        "SHA-256": row["sha256"],
        "code": row["code"],
        "inputs": row["inputs"],
        "settings": row["config"],
    }
    return Run(
        row["layer"],
        row["model"],
        row["fold"],
        measured.get("best_epoch") or None,
        json.loads(row["history"] or "[]"),
        {name: value or "" for name, value in facts.items()},
    )


def _examples(tables: Tables, config: Config) -> dict[tuple[str, str], list[Example]]:
    """(layer, class) → some of the coins of each new class, one photograph a coin, the same ones every build."""
    new = (
        tables("splits")
        .where("class <> mint AND fold = 0")
        .join(
            tables("classes").select("layer", "coin_id", "medium", "evidence"), ["layer", "coin_id", "medium"]
        )
    )
    new = new.where(
        F.col("layer").isin([layer.name for layer in config.layers if KINDS[layer.kind].has_examples])
    )
    one = Window.partitionBy("layer", "class", "coin_id").orderBy("medium")
    some = Window.partitionBy("layer", "class").orderBy(F.xxhash64(F.lit(config.seed), "coin_id"), "coin_id")
    chosen = (
        new.withColumn("nth", F.row_number().over(one))
        .where("nth = 1")
        .withColumn("nth", F.row_number().over(some))
        .where(F.col("nth") <= config.evaluation.examples)
    )
    rows = pictured(chosen, tables, config).orderBy("layer", "class", "nth").collect()
    found: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for row in rows:
        found[row["layer"], row["class"]].append(example(row, config, row["evidence"] or ""))
    return dict(found)


def _last(stages: DataFrame) -> list[Row]:
    """The row that counts of each stage, in the order in which they ran."""
    newest = Window.partitionBy("stage").orderBy(F.col("finished").desc())
    return (
        stages.withColumn("nth", F.row_number().over(newest))
        .where("nth = 1")
        .drop("nth")
        .orderBy("finished")
        .collect()
    )


def settings(config: Config) -> dict[str, Any]:
    """The configuration for print, with what may be a secret blacked out: catalogs and Spark take passwords."""
    shown: dict[str, Any] = _veiled(config.model_dump(mode="json"))
    return shown


_SECRET = ("password", "secret", "token", "credential", "key-id", "access-key", "access.key", "user")


def _veiled(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _veiled(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_veiled(item, name) for item in value]
    hidden = any(part in name.lower() for part in _SECRET) or (
        isinstance(value, str) and "://" in value and "@" in value
    )
    return "•••" if hidden and value else value
