"""What a stage is: the tables it reads and writes, the settings it depends on, and the function between them.

A stage knows no other stage. `run` skips it when nothing that it depends on has changed, else builds and publishes it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from coinspark import schemas, tables
from coinspark.config import Config, digest


@dataclass(frozen=True)
class Change:
    """Rows to add to a table that is not rewritten whole; rows whose key is not in `keep` are dropped."""

    rows: DataFrame
    keep: DataFrame


@dataclass(frozen=True)
class Context:
    """What a build is given: `read` gives a table as it was when the stage began, `scratch` is a folder of its own."""

    spark: SparkSession
    config: Config
    read: Callable[[str], DataFrame]
    scratch: Path
    say: Callable[[str], None]


@dataclass(frozen=True)
class Stage:
    """A stage: name, tables in and out, its part of the configuration, its code, and `build`.

    `settings(config)` and `outside(config)` give JSON-like values; together with the snapshots of `reads` and the source
    of the packages `code` they decide whether the stage must run. `outside` speaks of what lies outside the tables
    (listings, word lists, weights files).
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    settings: Callable[[Config], Any]
    build: Callable[[Context], Mapping[str, DataFrame | Change]]
    code: tuple[str, ...]
    outside: Callable[[Config], Any] = field(default=lambda config: None)
