"""Header of the report: whether the layers helped, and the numbers behind it."""

from __future__ import annotations

from coinspark.evaluation.comparison import Comparison, ComparisonRow
from coinspark.evaluation.report.filters import percent, points_in_words
from coinspark.evaluation.report.source import ReportSource
from coinspark.evaluation.verdicts import claim_note, unsupervised_note


def headline(comparison: Comparison) -> str:
    """Whether the layers helped, in one sentence."""
    layers = comparison.compared_layers
    if not layers:
        return "Reference layer only, no layer to compare with it"
    if all(row.effect == "untested" for row in layers):
        names = f"Layer “{layers[0].additional_layer}”" if len(layers) == 1 else f"{len(layers)} layers"
        return f"{names} compared with the reference layer on {_resamples(comparison)}; no claim"
    if len(layers) == 1:
        name = f"Layer “{layers[0].additional_layer}”"
        return {
            "better": f"{name} is better than the reference layer",
            "worse": f"{name} is worse than the reference layer",
            "even": f"{name}: no significant difference (95 % CI)",
        }[layers[0].effect]
    better = [row.additional_layer for row in layers if row.effect == "better"]
    worse = [row.additional_layer for row in layers if row.effect == "worse"]
    if better:
        return (
            f"{len(better)} of {len(layers)} layers are better than the reference layer: {', '.join(better)}"
        )
    if len(worse) == len(layers):
        return f"All {len(layers)} layers are worse than the reference layer"
    suffix = f"; worse: {', '.join(worse)}" if worse else ""
    return f"None of {len(layers)} layers is significantly better than the reference layer (95 % CI){suffix}"


def summary(comparison: Comparison) -> str:
    """The numbers behind the headline."""
    reference = next((row for row in comparison.rows if row.key == comparison.reference), None)
    if reference is None:
        return "The reference layer was not trained, so that no layer can be compared with it."
    top1 = percent(reference.scores["mint", "top1"].value)
    layers = comparison.compared_layers
    if not layers:
        return f"Top-1 accuracy for mints is {top1} on {reference.coins:,} test coins."
    best = max(layers, key=_rank)
    assert best.difference is not None
    name = f"layer “{best.additional_layer}”" + ("" if len(layers) == 1 else ", the highest one,")
    best_top1 = percent(best.scores["mint", "top1"].value)
    text = (
        f"Top-1 accuracy for mints is {top1} with the reference layer and {best_top1} with {name} rolled up "
        f"to mints: a difference of {points_in_words(best.difference)} on {best.coins:,} test coins. "
        f"{claim_note(comparison)}"
    )
    if best.unsupervised:
        text += f" Layer “{best.additional_layer}” was {unsupervised_note(best.unsupervised)}"
    return text


def facts(source: ReportSource) -> list[tuple[str, int]]:
    """Label and number of the facts that the header shows."""
    totals = source.totals
    facts = [
        ("coins", totals["coins"]),
        ("images (originals and casts)", totals["images"]),
        ("mints", len(source.mints)),
    ]
    facts += [(f"classes in “{layer}”", len(source.class_sizes[layer])) for layer in source.additional_layers]
    splits = source.config.splits
    if splits.repeats > 1:
        facts += [("repeats of the split", splits.repeats)]
    return [*facts, ("folds, every coin tested once", splits.folds)] if splits.folds > 1 else facts


def _resamples(comparison: Comparison) -> str:
    return "one split" if comparison.resamples <= 1 else f"{comparison.resamples} folds"


def _rank(row: ComparisonRow) -> tuple[bool, float]:
    """Layers that are significantly better come before those with a larger but uncertain difference."""
    return row.effect == "better", row.difference.value if row.difference else 0.0
