"""What a comparison permits to say about the layers, in words."""

from __future__ import annotations

from collections.abc import Sequence

from coinspark.evaluation.comparison import Comparison, ComparisonRow, Score
from coinspark.evaluation.significance import MIN_RESAMPLES


def verdict(row: ComparisonRow) -> str:
    """Whether the layer improved the recognition of mints, in words."""
    if row.difference is None:
        return f"{row.additional_layer}: no reference run to compare with."
    numbers = f"{points(row.difference)} points of top-1 on {row.coins:,} test coins"
    if row.p_value is None:
        return f"{row.additional_layer}: {numbers} of {resamples_in_words(row.resamples)}; no claim."
    excludes_zero = row.difference.low > 0 or row.difference.high < 0
    result = {
        "better": "better than the reference layer",
        "worse": "worse than the reference layer",
        "even": f"no significant difference ({'Holm-adjusted p' if excludes_zero else '95 % CI'})",
    }[row.effect]
    return f"{row.additional_layer}: {result}, {numbers}, p = {p_text(row.p_value)}."


def resamples_in_words(resamples: int) -> str:
    """`this split` for one resample, otherwise such as `these 3 folds`."""
    return "this split" if resamples <= 1 else f"these {resamples} folds"


def p_text(p_value: float) -> str:
    """A p-value with three decimals; `below 0.001` for smaller ones."""
    return f"{p_value:.3f}" if p_value >= 0.001 else "below 0.001"


def claim_note(comparison: Comparison) -> str:
    """What the intervals and p-values of the differences mean, in one or two sentences."""
    if comparison.tested:
        layers = "1 layer" if comparison.tested == 1 else f"{comparison.tested} layers"
        return (
            f"p: corrected resampled t-test over {comparison.resamples} folds, Holm-adjusted over {layers}."
        )
    if comparison.resamples >= MIN_RESAMPLES:
        return "No claim: the differences are the same in every fold."
    return (
        f"The intervals are of {resamples_in_words(comparison.resamples)}; a claim needs at least "
        f"{MIN_RESAMPLES} folds (splits.folds × splits.repeats)."
    )


def points(score: Score | None) -> str:
    """A difference in percentage points with its interval: `+1.2 [-0.4, +2.9]`; empty without one."""
    if score is None:
        return ""
    return f"{100 * score.value:+.1f} [{100 * score.low:+.1f}, {100 * score.high:+.1f}]"


def unsupervised_note(steps: Sequence[str]) -> str:
    """The footnote of a layer with such steps."""
    return f"fitted on all coins, test coins included: {', '.join(steps)}."
