"""Readers: one module for each source kind. To add a kind, write a module and add its entry here."""

from __future__ import annotations

from typing import Any

from coinspark.core.registry import Registry
from coinspark.ingest.readers.reader import Reader

READERS: Registry[Reader[Any]] = Registry(
    "source kind",
    {
        "folders": "coinspark.ingest.readers.folders:READER",
        "manifest": "coinspark.ingest.readers.manifest:READER",
        "published": "coinspark.ingest.readers.published:READER",
        "synthetic": "coinspark.ingest.readers.synthetic:READER",
    },
    "coinspark.ingest.readers.reader:Reader",
)
"""Source kind → reader. `kind: package.module:READER` in a configuration needs no entry."""
