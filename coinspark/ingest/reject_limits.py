"""Limits on rejected photos. Too many of them mean a wrong root or a broken decoder; the build stops."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.ingest import frames
from coinspark.ingest.records import Listing
from coinspark.pipeline.stage import Context

_MIN_COINS = 10
"""The share of rejected photos is not checked among fewer coins."""


def check_missing_photos(config: Config, listing: Listing) -> None:
    """Raise InputError if so many photos are missing that a root must be wrong or not mounted."""
    missing = [reject for reject in listing.rejects if reject.reason == "missing_photo"]
    coins = len(missing) + sum(record.has_photos for record in listing.records)
    example = missing[0].detail if missing else ""
    hint = "check that each source's `root` is the right folder"
    _check_share(config, {"missing_photo": len(missing)}, coins, example, hint)


def check_merged_photos(context: Context, outcome: DataFrame, folder: Path) -> None:
    """Raise InputError if so many photos were rejected that the decoder or the disk must be broken.

    Coins that the previous build rejected for the same reason are not counted: a few new coins must not be
    hidden by many old ones, and old faults must not stop the build.

    Args:
        outcome: Rows of `merge.OUTCOME`. folder: The chunks of `outcome`. They are deleted before the error,
        or the next run would reuse the rejects.
    """
    counts = frames.reject_counts(outcome, context.read("rejects")).collect()
    reasons = {row["reason"]: row["n"] for row in counts if not row["old"]}
    if not reasons:
        return
    coins = outcome.select(*frames.KEY).distinct().count() - sum(row["n"] for row in counts if row["old"])
    most_frequent = max(reasons, key=lambda reason: reasons[reason])
    reject = outcome.where(F.col("reason") == most_frequent).orderBy("uri").first()
    example = f"{reject['uri']}: {reject['detail']}" if reject else ""
    try:
        _check_share(context.config, reasons, coins, example, "check the photos and the decoder")
    except InputError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _check_share(config: Config, reasons: Mapping[str, int], coins: int, example: str, hint: str) -> None:
    """Raise InputError if more coins are rejected (reason → number) than `ingest.max_reject_share` allows."""
    rejected, max_share = sum(reasons.values()), config.ingest.max_reject_share
    if coins >= _MIN_COINS and rejected > max_share * coins:
        by_reason = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
        raise InputError(
            f"{rejected:,} of {coins:,} coins have photos that cannot be used ({by_reason}), such as "
            f"{example}; this exceeds ingest.max_reject_share ({max_share:g}), nothing was published; {hint}"
        )
