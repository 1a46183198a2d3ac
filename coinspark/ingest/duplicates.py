"""One record for each coin: unite the records of a coin, or reject them if they contradict each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from coinspark.core.errors import InputError
from coinspark.core.formatting import one_line
from coinspark.ingest.records import NO_PHOTOS, Listing, Record, Reject


def deduplicate(records: Iterable[Record], rejects: Iterable[Reject]) -> Listing:
    """The listing of one source: one record for each coin and medium, whatever the order of records.

    - Records that differ in types and texts only become one record of uncertain type: all types, all texts,
      the photos of the first type.
    - A record that repeats another is rejected; the other is kept.
    - Records that contradict each other are all dropped. One reject names two of them.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault(record.key, []).append(record)
    kept: list[Record] = []
    rejected = list(rejects)
    for group in groups.values():
        coin, duplicates = _merge_group(group)
        kept += [coin] if coin is not None else []
        rejected += duplicates
    return Listing(tuple(kept), _distinct(rejected))


def combine(listings: Iterable[Listing]) -> Listing:
    """The listings of several sources as one.

    Raises InputError if two sources use the same coin_id for different coins: with the same medium, or with
    different mints. The same coin in another medium may come from another source.
    """
    listings = list(listings)
    records = [record for listing in listings for record in listing.records]
    _check_ids(records)
    return Listing(tuple(records), _distinct(reject for listing in listings for reject in listing.rejects))


def _check_ids(records: Iterable[Record]) -> None:
    """Raise InputError if a coin_id is used by two sources for different coins."""
    first: dict[str, Record] = {}
    by_key: dict[tuple[str, str], Record] = {}
    clashes: list[tuple[Record, Record]] = []
    for record in records:
        earlier = by_key.setdefault(record.key, record)
        if earlier.source == record.source:
            earlier = first.setdefault(record.coin_id, record)
        if earlier.source != record.source and (earlier.key == record.key or earlier.mint != record.mint):
            clashes.append((earlier, record))
    if clashes:
        earlier, record = clashes[0]
        raise InputError(
            f"sources {earlier.source!r} and {record.source!r} both list coin {record.coin_id!r} "
            f"({one_line(earlier.origin)} and {one_line(record.origin)}; {len(clashes):,} such coins): "
            f"if they are different coins, set `prefix: {record.source}-` in source {record.source!r}; "
            "if they are the same, remove them from one source"
        )


def _merge_group(group: list[Record]) -> tuple[Record | None, list[Reject]]:
    """The record of one coin, None if its records contradict each other; and the rejects."""
    if len(group) == 1:
        return group[0], []
    ordered = sorted(group, key=lambda record: (record.types, record.origin))
    first_with_facts: dict[Record, Record] = {}
    rejects: list[Reject] = []
    for record in ordered:
        facts = replace(record, origin="", photos=NO_PHOTOS)
        if (kept := first_with_facts.setdefault(facts, record)) is not record:
            rejects.append(_duplicate(record, f"{record.origin} repeats {kept.origin}, which was kept"))
    first, *others = first_with_facts.values()
    contradicting = next((record for record in others if not _agree(first, record)), None)
    types_are_distinct = len({record.types for record in (first, *others)}) == 1 + len(others)
    if contradicting is None and types_are_distinct:
        return _unite([first, *others]), rejects
    return None, [*rejects, _duplicate(first, _contradiction(first, contradicting or others[0]))]


def _agree(left: Record, right: Record) -> bool:
    return left.mint == right.mint and left.photo_names == right.photo_names and left.licence == right.licence


def _unite(records: list[Record]) -> Record:
    """The first record with the types and texts of all."""
    types = sorted({name for record in records for name in record.types})
    texts = {
        (text.side, text.language, text.text): text for record in records for text in record.descriptions
    }
    return replace(records[0], types=tuple(types), descriptions=tuple(texts[key] for key in sorted(texts)))


def _contradiction(left: Record, right: Record) -> str:
    both = f"{left.origin} and {right.origin} list the same coin"
    for field, label in (("mint", "mints"), ("photo_names", "photos"), ("licence", "licences")):
        values = getattr(left, field), getattr(right, field)
        if values[0] != values[1]:
            return f"{both} with different {label}: {values[0]!r:.80} and {values[1]!r:.80}"
    return f"{both} and type with different texts"


def _duplicate(record: Record, detail: str) -> Reject:
    return Reject(record.coin_id, record.medium, record.origin, "duplicate", detail)


def _distinct(rejects: Iterable[Reject]) -> tuple[Reject, ...]:
    """The first reject for each coin and uri, which are the key of the table."""
    first: dict[tuple[str, str, str], Reject] = {}
    for reject in rejects:
        first.setdefault((reject.coin_id, reject.medium, reject.uri), reject)
    return tuple(first.values())
