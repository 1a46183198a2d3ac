"""What the report sections read: tables and configuration of a build, and values that sections share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.classes.kinds import KINDS
from coinspark.config import Config
from coinspark.evaluation.cluster_members import Tables
from coinspark.evaluation.comparison import Comparison, compare
from coinspark.evaluation.report.runs import Run, read_runs


@dataclass(frozen=True)
class ClassSize:
    """A class of a layer: distinct coins, images, and images per split of the first fold."""

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
        """Whether the layer split this class off a mint."""
        return self.name != self.mint


@dataclass(frozen=True)
class ReportSource:
    """The tables of one build. Shared values are computed on first use.

    Attributes:
        tables: Returns a table of the build by name.
        build: Name of the build.
    """

    tables: Tables
    config: Config
    build: str

    @cached_property
    def comparison(self) -> Comparison:
        """The comparison of the layers. Raises InputError if nothing has been evaluated."""
        return compare(self.tables, self.config)

    @cached_property
    def class_sizes(self) -> Mapping[str, Sequence[ClassSize]]:
        """Classes by layer."""
        return class_sizes(self.tables("splits"))

    @cached_property
    def runs(self) -> Sequence[Run]:
        """The trained models."""
        return read_runs(self.tables("runs"))

    @cached_property
    def totals(self) -> Mapping[str, int]:
        """Number of coins, images and folds in `splits`."""
        totals = self.tables("splits").agg(
            F.countDistinct("coin_id").alias("coins"),
            F.countDistinct("coin_id", "medium").alias("images"),
            F.countDistinct("fold").alias("folds"),
        )
        return dict(totals.collect()[0].asDict())

    @property
    def additional_layers(self) -> list[str]:
        """Names of the configured layers that split mints, if they have classes."""
        layers = [layer.name for layer in self.config.layers if KINDS[layer.kind].splits_mints]
        return [name for name in layers if self.class_sizes.get(name)]

    @property
    def mints(self) -> Sequence[ClassSize]:
        """The classes of the reference layer."""
        return self.class_sizes.get(self.config.reference_layer or "", ())


def class_sizes(splits: DataFrame) -> dict[str, list[ClassSize]]:
    """Classes by layer: largest mint first; in a mint its largest class first, the mint's own class last."""
    first = F.col("fold") == 0
    rows = (
        splits.groupBy("layer", "mint", "class")
        .agg(
            F.countDistinct("coin_id").alias("coins"),
            F.countDistinct("coin_id", "medium").alias("images"),
            *(
                F.count_if(first & (F.col("split") == split)).alias(split)
                for split in ("train", "validation", "test")
            ),
        )
        .collect()
    )
    sizes = [ClassSize(*row) for row in rows]
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for size in sizes:
        totals[size.layer, size.mint] += size.coins
    layers: dict[str, list[ClassSize]] = defaultdict(list)
    for size in sorted(
        sizes,
        key=lambda size: (-totals[size.layer, size.mint], size.mint, not size.is_new, -size.coins, size.name),
    ):
        layers[size.layer].append(size)
    return dict(layers)
