"""What may be said about a layer: claims after repeated folds only."""

from __future__ import annotations

import pytest

from coinspark.evaluation.comparison import Comparison, ComparisonRow, Score
from coinspark.evaluation.verdicts import claim_note, verdict


def layer(difference: tuple[float, float, float] | None, p: float | None, resamples: int) -> ComparisonRow:
    score = Score(*difference) if difference else None
    return ComparisonRow(
        ("x", "vgg16"), "VGG16", "Mints", "x", 3, {}, {}, score, 1040, resamples=resamples, p_value=p
    )


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (
            layer((-0.02, -0.03, -0.01), 0.0004, 10),
            "x: worse than the reference layer, -2.0 [-3.0, -1.0] points of top-1 on 1,040 test coins, "
            "p = below 0.001.",
        ),
        (
            layer((0.02, 0.01, 0.03), 0.049, 5),
            "x: better than the reference layer, +2.0 [+1.0, +3.0] points of top-1 on 1,040 test coins, "
            "p = 0.049.",
        ),
        (
            layer((0.02, -0.01, 0.05), 0.4, 5),
            "x: no significant difference (95 % CI), +2.0 [-1.0, +5.0] points of top-1 on 1,040 test coins, "
            "p = 0.400.",
        ),
        (
            layer((0.02, 0.01, 0.03), 0.051, 5),
            "x: no significant difference (Holm-adjusted p), +2.0 [+1.0, +3.0] points of top-1 on 1,040 test "
            "coins, p = 0.051.",
        ),
        (
            layer((0.2, 0.1, 0.3), None, 1),
            "x: +20.0 [+10.0, +30.0] points of top-1 on 1,040 test coins of this split; no claim.",
        ),
        (
            layer((-0.2, -0.3, -0.1), None, 3),
            "x: -20.0 [-30.0, -10.0] points of top-1 on 1,040 test coins of these 3 folds; no claim.",
        ),
        (layer(None, None, 0), "x: no reference run to compare with."),
    ],
)
def test_verdict_claims_a_difference_only_if_it_was_tested(row: ComparisonRow, text: str) -> None:
    assert verdict(row) == text


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (
            [layer((0.2, 0.1, 0.3), None, 1)],
            "The intervals are of this split; a claim needs at least 5 folds "
            "(splits.folds × splits.repeats).",
        ),
        (
            [layer((0.2, 0.1, 0.3), None, 4)],
            "The intervals are of these 4 folds; a claim needs at least 5 folds "
            "(splits.folds × splits.repeats).",
        ),
        ([layer((0.2, 0.1, 0.3), None, 6)], "No claim: the differences are the same in every fold."),
        (
            [layer((0.2, 0.1, 0.3), 0.01, 6)],
            "p: corrected resampled t-test over 6 folds, Holm-adjusted over 1 layer.",
        ),
        (
            [layer((0.2, 0.1, 0.3), 0.01, 6), layer((0.2, 0.1, 0.3), 0.02, 6), layer(None, None, 0)],
            "p: corrected resampled t-test over 6 folds, Holm-adjusted over 2 layers.",
        ),
    ],
)
def test_note_says_what_intervals_and_p_values_are(rows: list[ComparisonRow], note: str) -> None:
    assert claim_note(Comparison(tuple(rows), (), 5, ("mint", "vgg16"))) == note
