"""What a source says of its coins before a photo is opened: records and rejects, one coin one record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from coinspark.warehouse.schemas import Reason


class Photo(NamedTuple):
    """A photo's file: absolute path or URI, bytes, time of modification in ms since 1970."""

    uri: str
    size: int
    modified: int


class Fault(NamedTuple):
    """Why a photo or a record does not go on."""

    reason: Reason
    detail: str


class Description(NamedTuple):
    """A text of one side; `text_id` is the same for the same text in the same language, wherever it stands."""

    side: str
    language: str
    text: str
    text_id: str


@dataclass(frozen=True)
class Record:
    """A coin as one place of a source records it. `place` is the line or file that says so.

    `named` are the photos as the source names them, without the type that a published file name carries: the same coin
    listed under two types names the same photos.
    """

    coin_id: str
    medium: str
    mint: str
    types: tuple[str, ...]
    source: str
    licence: str | None
    place: str
    named: tuple[str | None, ...] = ()
    obverse: Photo | None = None
    reverse: Photo | None = None
    merged: Photo | None = None
    descriptions: tuple[Description, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """`coins`' key."""
        return self.coin_id, self.medium

    @property
    def has_photos(self) -> bool:
        """Whether there is a photo to merge."""
        return self.obverse is not None or self.reverse is not None or self.merged is not None


class Reject(NamedTuple):
    """A row of `rejects` without its stage."""

    coin_id: str
    medium: str
    uri: str
    reason: Reason
    detail: str


@dataclass(frozen=True)
class Listing:
    """Everything the sources say: records with distinct keys, and what was refused already."""

    records: tuple[Record, ...]
    rejects: tuple[Reject, ...]


def describe(obverse: Mapping[str, str], reverse: Mapping[str, str]) -> tuple[Description, ...]:
    """The texts (language → text) of both sides; blank ones are absent, the others stay as they are."""
    return tuple(
        Description(side, language, text, text_id(language, text))
        for side, texts in (("obverse", obverse), ("reverse", reverse))
        for language, text in sorted(texts.items())
        if text.strip()
    )


def text_id(language: str, text: str) -> str:
    """The first 16 hex digits of the SHA-256 of language, NUL, text."""
    return hashlib.sha256(f"{language}\0{text}".encode()).hexdigest()[:16]


def settle(records: Iterable[Record], rejects: Iterable[Reject]) -> Listing:
    """One record a coin, out of one source's records.

    The same coin under different types, alike in mint and photos, is one coin of uncertain type: all its types, all its
    texts, the photos of the first type. A record that only repeats another is dropped with a reject. Records that
    contradict each other are all dropped with one reject that names two of them. Row order decides nothing.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault(record.key, []).append(record)
    kept: list[Record] = []
    refused = list(rejects)
    for group in groups.values():
        if len(group) == 1:
            kept.append(group[0])
            continue
        ordered = sorted(group, key=lambda record: (record.types, record.place))
        distinct = {
            (replace(record, place="", obverse=None, reverse=None, merged=None)): record
            for record in reversed(ordered)
        }
        found = list(reversed(distinct.values()))
        first = found[0]
        refused += [
            _refuse(record, f"{record.place} repeats {_twin(record, found).place}, which was kept")
            for record in ordered
            if record not in found
        ]
        odd = next((record for record in found[1:] if not _agree(first, record)), None)
        if odd is None and len({record.types for record in found}) == len(found):
            kept.append(_unite(found))
        else:
            refused.append(_refuse(first, _contradiction(first, odd or found[1])))
    return Listing(tuple(kept), _distinct(refused))


def combine(listings: Iterable[Listing]) -> Listing:
    """Several sources' listings as one, in the configuration's order: of two that give the same coin, the first counts."""
    kept: dict[tuple[str, str], Record] = {}
    refused: list[Reject] = []
    for listing in listings:
        refused += listing.rejects
        for record in listing.records:
            if (earlier := kept.setdefault(record.key, record)) is not record:
                refused.append(
                    _refuse(
                        record,
                        (
                            f"source {record.source!r} gives coin {record.coin_id!r} ({record.medium}), which source "
                            f"{earlier.source!r} gives already; that one was kept"
                        ),
                    )
                )
    return Listing(tuple(kept.values()), _distinct(refused))


def digest(listing: Listing) -> str:
    """SHA-256 hex of all that a listing says, whatever its order: files with size and time, mints, texts, rejects."""
    total = hashlib.sha256()
    for line in sorted(
        [repr(record) for record in listing.records] + [repr(reject) for reject in listing.rejects]
    ):
        total.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return total.hexdigest()


def _agree(one: Record, other: Record) -> bool:
    return one.mint == other.mint and one.named == other.named and one.licence == other.licence


def _twin(record: Record, found: list[Record]) -> Record:
    return next(
        one
        for one in found
        if one.types == record.types and _agree(one, record) and one.descriptions == record.descriptions
    )


def _unite(found: list[Record]) -> Record:
    types = sorted({kind for record in found for kind in record.types})
    texts = {(text.side, text.language, text.text): text for record in found for text in record.descriptions}
    return replace(found[0], types=tuple(types), descriptions=tuple(texts[key] for key in sorted(texts)))


def _contradiction(one: Record, other: Record) -> str:
    both = f"{one.place} and {other.place} list the same coin"
    for name, label in (("mint", "mints"), ("named", "photos"), ("licence", "licences")):
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine != theirs:
            return f"{both} with different {label}: {mine!r:.80} and {theirs!r:.80}"
    return f"{both} and type with different texts"


def _refuse(record: Record, detail: str) -> Reject:
    return Reject(record.coin_id, record.medium, record.place, "duplicate", detail)


def _distinct(rejects: Iterable[Reject]) -> tuple[Reject, ...]:
    """One reject for each coin and uri: the table's key."""
    found: dict[tuple[str, str, str], Reject] = {}
    for reject in rejects:
        found.setdefault((reject.coin_id, reject.medium, reject.uri), reject)
    return tuple(found.values())
