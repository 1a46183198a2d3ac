"""Limits on rejected rows and lost coins. Beyond them a source or the decoder is broken; the build stops.

Rows that the previous build rejected for the same reason are not counted: a few new faults must not be hidden
by many old ones, and old faults must not stop the build.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from coinspark.core.errors import InputError
from coinspark.core.formatting import one_line
from coinspark.ingest import frames
from coinspark.ingest.records import Listing
from coinspark.pipeline.stage import Context
from coinspark.warehouse.files import Location

_MIN_COINS: Final = 10
"""Shares are not checked among fewer coins."""
_HINTS: Final = {
    "missing_photo": "check that the source's `root` is the right folder",
    "outside_root": "check that the source's `root` is the right folder",
    "missing_side": "check the source's `columns`, and `photos`: pair, single or none",
    "no_mint": "check the source's table and its `columns`",
    "no_coin_id": "check the source's table and its `columns`",
    "duplicate": "check that coin ids are unique",
    "bad_name": "check that the source's `root` is the right folder",
}
_PHOTOS_HINT: Final = "check the photos and the decoder"


@dataclass(frozen=True)
class CheckedListings:
    """What `check_listing` found, for `check_outcome`.

    Attributes:
        listings: Source → its listing.
        published: Source → number of its coins in the published tables.
        many_rejects: Sources beyond the limit on rejects, accepted by the user.
        many_lost: Sources beyond the limit on lost coins, accepted by the user.
    """

    listings: Mapping[str, Listing]
    published: Mapping[str, int]
    many_rejects: frozenset[str]
    many_lost: frozenset[str]


def check_listing(context: Context, listings: Mapping[str, Listing]) -> CheckedListings:
    """Stop the build if a source (name → listing) rejects too many rows or lists too few coins.

    Raises:
        InputError: `ingest.max_reject_share` or `ingest.max_loss_share` is exceeded. With
            `ingest.accept_loss` it is a notice instead.
    """
    many_rejects = {
        source for source, listing in listings.items() if _exceeds_rejects(context, source, listing, [])
    }
    counts = context.read("coins").groupBy("source").count().orderBy("source").collect()
    published = {row["source"]: int(row["count"]) for row in counts}
    listed = {source: len(listing.records) for source, listing in listings.items()}
    many_lost = _losing_sources(context, published, listed)
    return CheckedListings(listings, published, frozenset(many_rejects), frozenset(many_lost))


def check_outcome(
    context: Context, checked: CheckedListings, listed: DataFrame, outcome: DataFrame, folder: Location
) -> None:
    """Stop the build if so many photos were rejected that the decoder, the disk or a source must be broken.

    What the user has accepted of the listing is not repeated.

    Args:
        checked: As `check_listing` returned.
        listed: Columns `frames.LISTED`.
        outcome: Rows of `merge.OUTCOME`.
        folder: The chunks of `outcome`. They are deleted before the error, or the next run would reuse the
            rejects.

    Raises:
        InputError: As `check_listing`; also if too many of the photos opened in this build were rejected.
    """
    counts = frames.reject_counts(outcome, listed, context.read("rejects")).collect()
    if not counts:
        return
    try:
        _check_opened(context, outcome, counts)
        left = Counter({source: len(listing.records) for source, listing in checked.listings.items()})
        for row in counts:
            left[row["source"]] -= row["n"]
        for source, listing in checked.listings.items():
            if source not in checked.many_rejects:
                _exceeds_rejects(context, source, listing, [row for row in counts if row["source"] == source])
        known = {source: n for source, n in checked.published.items() if source not in checked.many_lost}
        _losing_sources(context, known, left)
    except InputError:
        folder.remove()
        raise


def _check_opened(context: Context, outcome: DataFrame, counts: list[Row]) -> None:
    """Stop if too many of the coins whose photos were opened in this build are rejected."""
    reasons = _new_reasons(counts)
    coins = outcome.select(*frames.KEY).distinct().count() - sum(row["n"] for row in counts if row["old"])
    if _is_exceeded(context, reasons.total(), coins):
        most_frequent, _ = reasons.most_common(1)[0]
        reject = outcome.where(F.col("reason") == most_frequent).orderBy("uri").first()
        example = f"{reject['uri']}: {reject['detail']}" if reject else ""
        what = f"{reasons.total():,} of {coins:,} coins have photos that cannot be used"
        _stop(context, _describe(context, what, reasons, example, _PHOTOS_HINT))


def _exceeds_rejects(context: Context, source: str, listing: Listing, counts: list[Row]) -> bool:
    """Whether too many rows of the source are rejected, for any reasons together; stop unless accepted.

    Args:
        counts: Rows of `frames.reject_counts` of this source; none before photos are opened.
    """
    merged = _new_reasons(counts)
    rows = len(listing.records) + len(listing.rejects) - sum(row["n"] for row in counts if row["old"])
    if not _is_exceeded(context, len(listing.rejects) + merged.total(), rows):
        return False
    before = context.read("rejects").where("stage = 'ingest'").select(*frames.KEY, "uri", "reason")
    known = set(map(tuple, before.collect()))
    new = [reject for reject in listing.rejects if tuple(reject[:4]) not in known]
    reasons = Counter(reject.reason for reject in new) + merged
    rows -= len(listing.rejects) - len(new)
    if not _is_exceeded(context, reasons.total(), rows):
        return False
    most_frequent, _ = reasons.most_common(1)[0]
    example = next((reject.detail for reject in new if reject.reason == most_frequent), "")
    what = f"source {source!r}: {reasons.total():,} of {rows:,} rows cannot be used"
    hint = _HINTS.get(most_frequent, _PHOTOS_HINT)
    _stop(context, _describe(context, what, reasons, example, hint))
    return True


def _losing_sources(context: Context, published: Mapping[str, int], left: Mapping[str, int]) -> set[str]:
    """The sources that have much fewer coins than in the published tables; stop unless accepted.

    Also stop if no source has any coin.

    Args:
        published: Source → number of its coins in the published tables.
        left: Source → number of its coins in this build.
    """
    share, losing = context.config.ingest.max_loss_share, set[str]()
    for source, before in published.items():
        now = left.get(source, 0)
        lost = before - now
        if lost > share * before and (before >= _MIN_COINS or now == 0):
            losing.add(source)
            gone = "" if source in left else ", which the configuration does not name any more"
            _stop(
                context,
                f"source {source!r}{gone}: {now:,} coins, {before:,} in the published tables; this exceeds "
                f"ingest.max_loss_share ({share:g}), nothing was published; check the source",
            )
    if not any(left.values()):
        _stop(context, f"no coin of {', '.join(map(repr, left))} can be used; check the sources")
    return losing


def _new_reasons(counts: list[Row]) -> Counter[str]:
    reasons = Counter[str]()
    for row in counts:
        if not row["old"]:
            reasons[row["reason"]] += row["n"]
    return reasons


def _is_exceeded(context: Context, rejected: int, rows: int) -> bool:
    return rows >= _MIN_COINS and rejected > context.config.ingest.max_reject_share * rows


def _describe(context: Context, what: str, reasons: Counter[str], example: str, hint: str) -> str:
    by_reason = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
    return (
        f"{what} ({by_reason}), such as {one_line(example)}; this exceeds ingest.max_reject_share "
        f"({context.config.ingest.max_reject_share:g}), nothing was published; {hint}"
    )


def _stop(context: Context, message: str) -> None:
    """Raise InputError, or print the message if the user accepts the loss."""
    if not context.config.ingest.accept_loss:
        raise InputError(f"{message}, or accept the loss with --accept-loss")
    context.notice(f"ingest: {message.replace(', nothing was published', '')} (accepted)")
