"""Definition of a layer kind, the extension point for class layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from coinspark.config import Config, Layer
from coinspark.warehouse.schemas import CLASSES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame  # not to be loaded with the configuration

NOT_SPLIT = "its mint is not split in this layer"
"""Evidence of a coin whose mint the layer does not split."""

Tables: TypeAlias = "Callable[[str], DataFrame]"
"""Reads a table by its name."""


def _no_steps(config: Config) -> tuple[str, ...]:
    return ()


def _unchanged(coins: DataFrame, read: Tables, config: Config) -> DataFrame:
    return coins


@dataclass(frozen=True)
class LayerKind:
    """How coins get their classes in layers of this kind, and what other stages need to know about them.

    Attributes:
        assign: Returns `class_rows` of the coins for one layer. Arguments: the coins as `prepare` returns
            them, the settings of the layer, and the names of the mints that it splits. A class of a mint is
            named `Mint` or `Mint/name`. A coin without a row is not part of the layer.
        prepare: Adds the columns that `assign` needs, once for all layers of the kind. Arguments: the coins
            as `coins.coin_facts` returns them, the reader of the tables in `reads`, and the configuration.
        reads: Tables needed in addition to `coins`.
        splits_mints: Whether the layer divides mints into new classes. The report shows them in detail.
        has_examples: Whether the report shows example coins of each new class.
        unsupervised_steps: Returns names of the steps that fit all coins of a layer of this kind, test coins
            included, with the given configuration. Tables and report show them beside the results.
        is_reference: Whether its classes are the plain mints, with which other layers are compared.
        uses: Keys of `Layer` besides name and kind that `assign` or another stage reads. A configuration that
            sets another one is refused.
        by_type: Whether a class is a type, which may occur in several mints. A type with too few coins leaves
            the layer; a class of any other kind returns to its mint.
    """

    assign: Callable[[DataFrame, Layer, tuple[str, ...]], DataFrame]
    prepare: Callable[[DataFrame, Tables, Config], DataFrame] = _unchanged
    reads: tuple[str, ...] = ()
    splits_mints: bool = False
    has_examples: bool = False
    unsupervised_steps: Callable[[Config], tuple[str, ...]] = _no_steps
    is_reference: bool = False
    by_type: bool = False
    uses: tuple[str, ...] = ("split", "k", "max_classes", "min_coins", "max_share")


def class_rows(coins: DataFrame, layer: Layer) -> DataFrame:
    """Rows of `classes` from coins with the columns coin_id, medium, mint, class and evidence."""
    from pyspark.sql import functions as F

    return coins.withColumn("layer", F.lit(layer.name)).select(*CLASSES.columns)
