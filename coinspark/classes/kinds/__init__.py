"""Registry of layer kinds: how the coins of a class layer get their classes."""

from __future__ import annotations

from coinspark.classes.kinds.kind import LayerKind
from coinspark.core.registry import Registry

__all__ = ["KINDS", "LayerKind"]

KINDS: Registry[LayerKind] = Registry(
    "layer kind",
    {
        "mint": "coinspark.classes.kinds.mint:KIND",
        "type": "coinspark.classes.kinds.type:KIND",
        "entities": "coinspark.classes.kinds.entities:KIND",
        "clusters": "coinspark.classes.kinds.clusters:KIND",
    },
    "coinspark.classes.kinds.kind:LayerKind",
)
