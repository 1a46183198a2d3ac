"""Comparison of layers: order, columns, reference run, effects."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.core.errors import InputError
from coinspark.evaluation.comparison import Comparison, compare, comparison
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import METRICS
from tests import evaluation_tables
from tests.evaluation.comparison_rows import CONFIG, RUNS, class_sizes, metric_rows


@pytest.fixture
def table() -> Comparison:
    return comparison(metric_rows(), class_sizes(), RUNS, CONFIG)


def test_rows_are_in_the_order_of_the_paper_with_baselines_last(table: Comparison) -> None:
    assert [row.key for row in table.rows] == [
        ("type", "vgg16"),
        ("mint", "vgg16"),
        ("designs", "vgg16"),
        ("fewer", "vgg16"),
        ("mint", "hog-svm"),
        ("mint", "majority"),
    ]
    assert [row.is_network for row in table.rows] == [True] * 4 + [False] * 2
    assert table.reference == ("mint", "vgg16") and table.mints == ("Pergamon", "Perinthos")
    layers = [row.additional_layer for row in table.rows]
    assert layers == ["None", "None", "designs", "fewer", "None", "None"]
    assert [row.class_type for row in table.rows][:2] == ["Types", "Mints"]
    assert [row.key[0] for row in table.compared_layers] == ["designs", "fewer"]


def test_effects_are_of_tested_networks_only(table: Comparison) -> None:
    effects = [row.effect for row in table.rows]
    assert effects == ["worse", "untested", "better", "even", "untested", "untested"]
    assert (table.tested, table.resamples) == (3, 10)
    assert table.marked_layers == {"designs": ("class selection",), "fewer": ("class selection",)}


def test_one_split_has_no_effect_whatever_its_interval() -> None:
    table = comparison(metric_rows(resamples=1), class_sizes(), RUNS, CONFIG)
    assert {row.effect for row in table.rows} == {"untested"}
    assert (table.tested, table.resamples) == (0, 1)


def test_comparison_without_the_reference_layer_has_no_reference() -> None:
    designs = [row for row in metric_rows() if row["layer"] == "designs"]
    assert comparison(designs, class_sizes(), RUNS, CONFIG).reference is None


def test_reference_is_that_of_the_metrics_whatever_the_configuration_says_now() -> None:
    """The layers have another order since the evaluation. The stored differences are still from `mint`."""
    layers = [{"name": "also", "kind": "mint"}, *({"name": x.name, "kind": x.kind} for x in CONFIG.layers)]
    changed = type(CONFIG).model_validate({"layers": layers})
    assert changed.reference_layer == "also"
    assert comparison(metric_rows(), class_sizes(), RUNS, changed).reference == ("mint", "vgg16")


def test_metrics_of_an_earlier_version_are_an_error(spark: SparkSession) -> None:
    old = local_frame(spark, [], METRICS.ddl).drop("p_adjusted")
    with pytest.raises(InputError, match=r"^table1: metrics has no column p_adjusted: [^\n]*nightly"):
        compare(lambda name: old, CONFIG)


def test_run_that_has_not_been_evaluated_is_named(build: Callable[[str], DataFrame]) -> None:
    """As after `coinspark train` alone: the metrics are those of earlier runs."""
    run = build("runs").orderBy("run_id").first()
    assert run is not None
    others = build("confusion").where(F.col("run_id") != run["run_id"])
    with pytest.raises(
        InputError, match=f"^run {run['run_id']}: it has not been evaluated; run `coinspark eval"
    ):
        compare(lambda name: others if name == "confusion" else build(name), evaluation_tables.CONFIG)
