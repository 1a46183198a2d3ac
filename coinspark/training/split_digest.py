"""Digest of the split that a run was trained on: results on another split would count training coins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.core.errors import InputError

COLUMNS = ("layer", "fold", "coin_id", "medium", "class", "split")
"""Columns of the table `splits` that the digest covers."""

Fold = tuple[str, int]
"""Layer and fold."""


def split_digests(splits: DataFrame) -> dict[Fold, str]:
    """SHA-256 hex of the split of each layer and fold.

    It is the hash of the number of rows and of two sums over the rows: of the first and of the second 64 bits
    of the SHA-256 of each row as JSON. It does not depend on the order or the partitioning of the rows.

    Args:
        splits: Table `splits`; other columns than `COLUMNS` do not count.
    """
    row_hash = F.sha2(F.to_json(F.struct(*COLUMNS)), 256)
    sums = [F.sum(F.conv(row_hash.substr(start, 16), 16, 10).cast("decimal(38,0)")) for start in (1, 17)]
    rows = splits.groupBy("layer", "fold").agg(F.count("*").alias("n"), *sums).collect()
    return {
        (row["layer"], row["fold"]): sha256(f"{row['n']} {row[3]} {row[4]}".encode()).hexdigest()
        for row in rows
    }


def check_split(run: Mapping[str, Any], digests: Mapping[Fold, str]) -> None:
    """Check that a run was trained on the present split.

    Args:
        run: A row of `runs`.
        digests: `split_digests` of the table `splits`.

    Raises:
        InputError: The run has recorded another split, or none.
    """
    recorded = json.loads(run["inputs"]).get("split")
    if recorded is None or recorded != digests.get((run["layer"], run["fold"])):
        raise InputError(
            f"run {run['run_id']}: trained on another split of layer {run['layer']!r}, fold {run['fold']}, "
            "than the table splits has now, so that its test coins may be training coins; run `coinspark "
            "train` first"
        )
