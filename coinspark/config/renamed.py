"""Configuration keys of earlier versions, and the names that replaced them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

RENAMED: dict[str, str] = {
    "training.yardstick": "training.baselines",
    "training.frozen_to": "training.freeze_until",
    "training.head": "training.head_units",
    "training.average": "training.weight_average",
    "training.types": "training.auxiliary_types",
    "training.cap": "training.max_images_per_class",
    "training.views": "training.prediction_views",
    "deepcluster.numbers": "deepcluster.pca_components",
    "deepcluster.settled": "deepcluster.stop_nmi",
    "deepcluster.edges": "deepcluster.input_filter",
    "features.nightly": "features.scheduled",
    "layers.*.classes": "layers.*.max_classes",
    "layers.*.least": "layers.*.min_coins",
    "layers.*.most": "layers.*.max_share",
    "layers.*.split.over": "layers.*.split.larger_than",
    "layers.*.split.biggest": "layers.*.split.largest",
    "splits.threshold": "splits.min_coins",
    "splits.leave_out": "splits.exclude_mints",
    "entities.trust": "entities.priority",
    "entities.recogniser.passes": "entities.recogniser.epochs",
    "entities.recogniser.swap": "entities.recogniser.replace_share",
    "entities.recogniser.invent": "entities.recogniser.invent_share",
    "entities.recogniser.vectors": "entities.recogniser.vector_size",
    "entities.recogniser.blur": "entities.recogniser.vector_noise",
    "evaluation.top": "evaluation.top_k",
    "evaluation.examples": "evaluation.examples_per_class",
    "evaluation.suspect": "evaluation.suspect_threshold",
}
"""Old key → new key, dotted; `*` stands for any item of a list, as in `layers.*.least`."""


def renamed_keys(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Old and new name of each key in the merged configuration that has been renamed."""
    for path in _paths(values, ()):
        if (key := ".".join(path)) in RENAMED:
            yield key.replace(".*", ""), RENAMED[key].replace(".*", "")


def _paths(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield (*path, str(key))
            yield from _paths(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _paths(item, (*path, "*"))
