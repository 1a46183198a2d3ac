"""Registry of engines: ways to find entities in texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinspark.core.registry import Registry

if TYPE_CHECKING:
    from coinspark.entities.engines.engine import Engine

ENGINES: Registry[Engine] = Registry(
    "engine",
    {
        "lexicon": "coinspark.entities.engines.lexicon_engine:ENGINE",
        "spacy": "coinspark.entities.engines.spacy_engine:ENGINE",
        "sparknlp": "coinspark.entities.engines.sparknlp_engine:ENGINE",
    },
    "coinspark.entities.engines.engine:Engine",
)
"""Engines by their name in `entities.engines`. A module is imported when its engine is used."""
