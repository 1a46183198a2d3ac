"""Comparison of all trained layers: the rows of the paper's Table 1 with intervals, and their verdicts.

The paper gives top-1 and top-5 at the classes that each row was trained on, which are not comparable between
rows. A comparison adds the scores rolled up to mints, the difference from the reference run, and 95 %
intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from coinspark.classes.kinds import KINDS, LayerKind
from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.evaluation.metric_rows import Key, metric_names
from coinspark.evaluation.metrics import MAJORITY
from coinspark.evaluation.significance import ALPHA
from coinspark.training.baselines import BASELINES
from coinspark.training.split_digest import check_split, split_digests
from coinspark.vision.backbones import BACKBONES
from coinspark.warehouse.schemas import METRICS

NO_LAYER = "None"
"""The column "Additional Class Layer" of a row without one."""


def display_name(model: str) -> str:
    """Display name of a model: the title of its backbone or baseline; its own name if it is unknown."""
    if model == MAJORITY:
        return "Majority class"
    for registry in (BACKBONES, BASELINES):
        if model in registry:
            return str(registry[model].title)
    return model


@dataclass(frozen=True)
class Score:
    """A share between 0 and 1, or a difference of two, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ComparisonRow:
    """A row of the comparison: one layer and model over all folds.

    Attributes:
        architecture: Display name of the model.
        class_type: "Types" or "Mints".
        additional_layer: Name of the layer, or `NO_LAYER` if it adds none to the mints.
        classes: Number of classes of the layer.
        counts: Split mint → number of its classes.
        scores: (level, metric) → score.
        difference: Difference of top-1 from the reference run, rolled up to mints; None without one.
        coins: Number of test coins.
        is_network: Whether the model is a trained network, not a baseline.
        resamples: Number of folds, over all repeats, that the difference is of.
        p_value: Holm-adjusted p-value of the difference; None if it was not tested.
        unsupervised: The steps that the layer fitted on all coins, test coins included.
    """

    key: Key
    architecture: str
    class_type: str
    additional_layer: str
    classes: int
    counts: Mapping[str, int]
    scores: Mapping[tuple[str, str], Score]
    difference: Score | None
    coins: int
    is_network: bool = True
    resamples: int = 0
    p_value: float | None = None
    unsupervised: tuple[str, ...] = ()

    @property
    def is_layer(self) -> bool:
        """Whether this is a trained network of an additional class layer."""
        return self.is_network and self.additional_layer != NO_LAYER

    @property
    def effect(self) -> str:
        """`better` or `worse` if the difference is significant, else `even`; `untested` without a test."""
        if self.difference is None or self.p_value is None:
            return "untested"
        if self.p_value > ALPHA:
            return "even"
        return "better" if self.difference.value > 0 else "worse"


@dataclass(frozen=True)
class Comparison:
    """All rows of the comparison.

    Attributes:
        mints: Mints that a layer splits, largest first.
        top_k: The k of top-k.
        reference: The reference run; None if it was not trained.
    """

    rows: tuple[ComparisonRow, ...]
    mints: tuple[str, ...]
    top_k: int
    reference: Key | None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics in the order in which they are shown."""
        return metric_names(self.top_k)

    @property
    def compared_layers(self) -> list[ComparisonRow]:
        """The layers that have a difference from the reference run."""
        return [row for row in self.rows if row.is_layer and row.difference is not None]

    @property
    def tested(self) -> int:
        """Number of networks whose difference was tested: the size of Holm's family."""
        return sum(row.p_value is not None for row in self.rows)

    @property
    def resamples(self) -> int:
        """Number of folds, over all repeats, that the differences are of; 0 without a difference."""
        return max((row.resamples for row in self.rows), default=0)

    @property
    def marked_layers(self) -> dict[str, tuple[str, ...]]:
        """Layer → its steps that were fitted on all coins, test coins included; only layers with some."""
        return {row.key[0]: row.unsupervised for row in self.rows if row.unsupervised}


def compare(tables: Callable[[str], DataFrame], config: Config) -> Comparison:
    """The comparison from `metrics`, `runs`, `splits` and `confusion`.

    Raises:
        InputError: Nothing has been evaluated, a run was trained on another split than that of `splits`, or a
            run has not been evaluated.
    """
    frame = tables("metrics")
    if missing := sorted(set(METRICS.columns) - set(frame.columns)):
        raise InputError(
            f"table1: metrics has no column {missing[0]}: the build is of an earlier version of coinspark; "
            "run `coinspark nightly` and show the new build"
        )
    metrics = frame.collect()
    if not metrics:
        raise InputError(
            "table1: nothing has been evaluated yet; run `coinspark nightly` (or `coinspark evaluate`)"
        )
    runs = (
        tables("runs")
        .select("run_id", "layer", "fold", "model", "role", "inputs")
        .orderBy("run_id")
        .collect()
    )
    _check_runs(runs, tables)
    sizes = (
        tables("splits")
        .groupBy("layer", "mint", "class")
        .agg(F.countDistinct("coin_id").alias("n"))
        .collect()
    )
    return comparison(metrics, sizes, runs, config)


def _check_runs(runs: Sequence[Row], tables: Callable[[str], DataFrame]) -> None:
    """Raise InputError unless the metrics are of these runs, and these of the present split.

    A stage that was run alone leaves the tables of later stages as they were.
    """
    digests = split_digests(tables("splits"))
    evaluated = {row["run_id"] for row in tables("confusion").select("run_id").distinct().collect()}
    for run in runs:
        check_split(run.asDict(), digests)
        if run["run_id"] not in evaluated:
            raise InputError(
                f"run {run['run_id']}: it has not been evaluated; run `coinspark evaluate` first"
            )


def comparison(
    metrics: Sequence[Row], sizes: Sequence[Row], runs: Sequence[Row], config: Config
) -> Comparison:
    """`compare` on collected rows: METRICS, [layer, mint, class, n], and runs with layer, model and role."""
    networks = {(row["layer"], row["model"]) for row in runs if row["role"] == "network"}
    keys = {(row["layer"], row["model"]) for row in metrics}
    reference = next(((row["layer"], row["model"]) for row in metrics if row["is_reference"]), None)
    kinds = {layer.name: KINDS[layer.kind] for layer in config.layers}
    by_type = {name for name, kind in kinds.items() if kind.by_type}
    order = {layer.name: i for i, layer in enumerate(config.layers)}
    mints = _split_mints([row for row in sizes if row["layer"] not in by_type])

    def position(key: Key) -> tuple[object, ...]:
        """Networks before baselines, the majority class last; types, then the reference run, then layers."""
        layer, model = key
        return (
            key not in networks,
            model == MAJORITY,
            layer not in by_type,
            key != reference,
            order.get(layer, len(order)),
            key,
        )

    rows = [
        _row(
            key,
            [row for row in metrics if (row["layer"], row["model"]) == key],
            [row for row in sizes if row["layer"] == key[0]],
            mints,
            kinds.get(key[0]),
        )
        for key in sorted(keys, key=position)
    ]
    rows = [replace(row, is_network=row.key in networks) for row in rows]
    return Comparison(tuple(rows), tuple(mints), config.evaluation.top_k, reference)


def _split_mints(sizes: Sequence[Row]) -> list[str]:
    """The mints that a layer splits, the largest first."""
    mints = {row["mint"] for row in sizes if row["class"] != row["mint"]}
    coins = {mint: sum(row["n"] for row in sizes if row["mint"] == mint) for mint in mints}
    return sorted(mints, key=lambda mint: (-coins[mint], mint))


def _row(
    key: Key, metrics: Sequence[Row], sizes: Sequence[Row], mints: Sequence[str], kind: LayerKind | None
) -> ComparisonRow:
    layer, model = key
    return ComparisonRow(
        key=key,
        architecture=display_name(model),
        class_type="Types" if kind is not None and kind.by_type else "Mints",
        additional_layer=NO_LAYER if kind is not None and not kind.splits_mints else layer,
        classes=len({row["class"] for row in sizes}),
        counts={mint: len({row["class"] for row in sizes if row["mint"] == mint}) for mint in mints},
        scores={
            (row["level"], row["metric"]): Score(row["value"], row["low"], row["high"]) for row in metrics
        },
        coins=max(row["n"] for row in metrics),
        unsupervised=tuple(metrics[0]["unsupervised"] or ()),
        **_compared(metrics),
    )


def _compared(metrics: Sequence[Row]) -> dict[str, Any]:
    """The attributes of a row that are about its difference from the reference run."""
    for row in metrics:
        if row["level"] == "mint" and row["metric"] == "top1" and row["difference"] is not None:
            return {
                "difference": Score(row["difference"], row["difference_low"], row["difference_high"]),
                "resamples": row["resamples"],
                "p_value": row["p_adjusted"],
            }
    return {"difference": None}
