"""A whole build on a few synthetic coins, for the tests that need one: in this process, or as a user would start it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from coinspark.config import Config, load
from coinspark.warehouse import tables

ROOT = Path(__file__).parent.parent
TEST = ROOT / "conf" / "test.yaml"


def arguments(place: Path, *more: str) -> list[str]:
    """Overrides that put a build of conf/test.yaml below `place`: its coins, its warehouse."""
    coins = place / "coins"
    source = (
        f"{{kind: synthetic, name: synthetic, root: '{coins}', coins: 90, mints: 3, types_per_mint: 4, "
        "photo: 64, seed: 7}"
    )
    return [f"sources=[{source}]", f"entities.lists='{coins}/lists'", f"warehouse={place}/warehouse", *more]


def configuration(place: Path, *more: str) -> Config:
    """The same as a configuration."""
    return load([TEST], arguments(place, *more))


def command(place: Path, *more: str, job: tuple[str, ...] = ("-m", "coinspark.cli", "nightly")) -> list[str]:
    """The same as a command line."""
    sets = [part for override in arguments(place, *more) for part in ("--set", override)]
    return [sys.executable, *job, "--config", str(TEST), *sets]


def start(place: Path, *more: str) -> subprocess.Popen[str]:
    """Begin a build as a process of its own; its lines come from stderr."""
    return subprocess.Popen(
        command(place, *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=place
    )


def hashes(spark: SparkSession, config: Config) -> dict[str, str]:
    """Content hash of each table that the last run of each stage left."""
    rows = tables.read(spark, config, "stages").orderBy("finished").collect()
    return {name: found["content"] for row in rows for name, found in json.loads(row["outputs"]).items()}
