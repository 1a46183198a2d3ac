"""Headline and summary of the report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coinspark.evaluation.comparison import Comparison, ComparisonRow, Score
from coinspark.evaluation.report import header


def layer(name: str, low: float, high: float) -> ComparisonRow:
    scores = {("mint", "top1"): Score(0.7 + low, 0.6, 0.8)}
    difference = Score((low + high) / 2, low, high)
    return ComparisonRow((name, "vgg16"), "VGG16", "Mints", name, 3, {}, scores, difference, 40)


def table(*layers: ComparisonRow) -> Comparison:
    scores = {("mint", "top1"): Score(0.7, 0.6, 0.8)}
    reference = ComparisonRow(("mint", "vgg16"), "VGG16", "Mints", "None", 3, {}, scores, None, 40)
    return Comparison((reference, *layers), ("Pergamon",), 5, reference.key)


@pytest.mark.parametrize(
    ("layers", "headline"),
    [
        ([], "Reference layer only, no layer to compare with it"),
        ([layer("a", 0.01, 0.05)], "Layer “a” is better than the reference layer"),
        ([layer("a", -0.05, -0.01)], "Layer “a” is worse than the reference layer"),
        ([layer("a", -0.05, 0.01)], "Layer “a”: no significant difference (95 % CI)"),
        (
            [layer("a", 0.01, 0.05), layer("b", -0.1, 0.3)],
            "1 of 2 layers are better than the reference layer: a",
        ),
        (
            [layer("a", -0.05, 0.05), layer("b", -0.3, -0.1)],
            "None of 2 layers is significantly better than the reference layer (95 % CI); worse: b",
        ),
        (
            [layer("a", -0.05, -0.01), layer("b", -0.3, -0.1)],
            "All 2 layers are worse than the reference layer",
        ),
    ],
)
def test_headline_says_whether_the_layers_helped(layers: list[ComparisonRow], headline: str) -> None:
    assert header.headline(table(*layers)) == headline


def test_summary_prefers_a_significant_difference_to_a_larger_one() -> None:
    text = header.summary(table(layer("sure", 0.01, 0.03), layer("vague", -0.1, 0.3)))
    assert "“sure”" in text and "+2.0 points (95 % interval +1.0 to +3.0)" in text and "70.0 %" in text
    assert "−5.0 points" in header.summary(table(layer("a", -0.09, -0.01)))
    assert "reference layer was not trained" in header.summary(replace(table(), reference=None))
