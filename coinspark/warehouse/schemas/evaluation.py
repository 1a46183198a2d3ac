"""Tables of `evaluate`."""

from __future__ import annotations

from coinspark.warehouse.schemas.table import Table

PREDICTIONS = Table(
    "predictions",
    "predictions of a run for its test coins, best first; level mint sums the classes of a mint",
    ("run_id", "level", "coin_id", "medium", "rank"),
    {
        "run_id": "string",
        "level": "string",
        "coin_id": "string",
        "medium": "string",
        "rank": "int",
        "class": "string",
        "mint": "string",
        "probability": "double",
    },
)

CONFUSION = Table(
    "confusion",
    "number of test coins by true and predicted class; level is class or mint",
    ("run_id", "level", "truth", "predicted"),
    {"run_id": "string", "level": "string", "truth": "string", "predicted": "string", "n": "bigint"},
)

METRICS = Table(
    "metrics",
    "metrics of a layer over all folds, with the difference from the run of the reference layer; "
    "unsupervised: steps that the layer fitted on all coins, test coins included",
    ("layer", "model", "level", "metric"),
    {
        "layer": "string",
        "model": "string",
        "level": "string",
        "metric": "string",
        "n": "bigint",
        "value": "double",
        "low": "double",
        "high": "double",
        "difference": "double",
        "difference_low": "double",
        "difference_high": "double",
        "resamples": "int",
        "p_value": "double",
        "p_adjusted": "double",
        "is_reference": "boolean",
        "unsupervised": "array<string>",
    },
)
