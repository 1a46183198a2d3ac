"""A complete build on a few synthetic coins, in this process or as a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from coinspark.config import Config, load
from coinspark.warehouse import tables

ROOT = Path(__file__).parent.parent
TEST = ROOT / "conf" / "test.yaml"


def arguments(folder: Path, *more: str) -> list[str]:
    """Overrides that put the coins and the warehouse of conf/test.yaml below `folder`."""
    coins = folder / "coins"
    source = (
        f"{{kind: synthetic, name: synthetic, root: '{coins}', coins: 90, mints: 3, types_per_mint: 4, "
        "photo: 64, seed: 7}"
    )
    return [f"sources=[{source}]", f"entities.lists='{coins}/lists'", f"warehouse={folder}/warehouse", *more]


def few_coins(folder: Path) -> str:
    """An override: a dozen coins as the only source."""
    coins = "coins: 12, mints: 2, types_per_mint: 2, photo: 64, seed: 7"
    return f"sources=[{{kind: synthetic, name: synthetic, root: '{folder}/coins', {coins}}}]"


def configuration(folder: Path, *more: str) -> Config:
    """conf/test.yaml with these overrides."""
    return load([TEST], arguments(folder, *more))


def command(folder: Path, *more: str, job: tuple[str, ...] = ("-m", "coinspark.cli", "nightly")) -> list[str]:
    """The command line of a build with these overrides."""
    sets = [part for override in arguments(folder, *more) for part in ("--set", override)]
    return [sys.executable, *job, "--config", str(TEST), *sets]


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    """Start a build in a new process, which can import `tests`. It prints its progress on stderr."""
    return subprocess.Popen(
        command(folder, *more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def hashes(spark: SparkSession, config: Config) -> dict[str, str]:
    """Content hash of each table after the newest run of its stage."""
    rows = tables.read(spark, config, "stages").orderBy("finished").collect()
    return {name: output["content"] for row in rows for name, output in json.loads(row["outputs"]).items()}
