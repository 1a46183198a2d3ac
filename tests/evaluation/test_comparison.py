"""Comparison of layers: order, columns, reference run, verdicts."""

from __future__ import annotations

import pytest

from coinspark.evaluation.comparison import Comparison, ComparisonRow, Score, comparison, verdict
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


def test_verdict_names_harm(table: Comparison) -> None:
    row = ComparisonRow(("x", "vgg16"), "VGG16", "Mints", "x", 3, {}, {}, Score(-0.02, -0.03, -0.01), 40)
    assert verdict(row) == (
        "x: worse than the reference layer, -2.0 [-3.0, -1.0] points of top-1 on 40 test coins."
    )


def test_comparison_without_the_reference_layer_has_no_reference() -> None:
    designs = [row for row in metric_rows() if row["layer"] == "designs"]
    assert comparison(designs, class_sizes(), RUNS, CONFIG).reference is None
