"""Headline and summary of the report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coinspark.config import Config
from coinspark.evaluation.comparison import Comparison, ComparisonRow, Score
from coinspark.evaluation.report import header
from coinspark.evaluation.report.source import ReportSource


def layer(name: str, low: float, high: float, resamples: int = 5) -> ComparisonRow:
    """A layer whose difference was tested, if there are five folds."""
    scores = {("mint", "top1"): Score(0.7 + low, 0.6, 0.8)}
    difference = Score((low + high) / 2, low, high)
    row = ComparisonRow((name, "vgg16"), "VGG16", "Mints", name, 3, {}, scores, difference, 40)
    p_value = (0.2 if low < 0 < high else 0.01) if resamples >= 5 else None
    return replace(row, resamples=resamples, p_value=p_value)


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
        (
            [layer("a", 0.01, 0.05, resamples=1)],
            "Layer “a” compared with the reference layer on one split; no claim",
        ),
        (
            [layer("a", -0.05, -0.01, resamples=4), layer("b", 0.1, 0.3, resamples=4)],
            "2 layers compared with the reference layer on 4 folds; no claim",
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


def test_summary_says_what_the_interval_is_of_and_which_steps_saw_test_coins() -> None:
    clusters = replace(layer("a", 0.01, 0.05, resamples=1), unsupervised=("PCA", "k-means"))
    text = header.summary(table(clusters))
    assert "The intervals are of this split; a claim needs at least 5 folds" in text
    assert text.endswith("Layer “a” was fitted on all coins, test coins included: PCA, k-means.")


def test_facts_name_folds_and_repeats(source: ReportSource) -> None:
    assert not {"repeats of the split", "folds, every coin tested once"} & dict(header.facts(source)).keys()
    splits = {"folds": 5, "repeats": 2}
    config = Config.model_validate({**source.config.model_dump(mode="json"), "splits": splits})
    facts = dict(header.facts(replace(source, config=config)))
    assert (facts["repeats of the split"], facts["folds, every coin tested once"]) == (2, 5)
