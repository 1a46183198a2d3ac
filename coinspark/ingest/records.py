"""Contents of a source before photos are opened: coin records, photo files, descriptions, rejects."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from coinspark.warehouse.schemas import Reason


class PhotoFile(NamedTuple):
    """A photo file: absolute path or URI, size in bytes, modification time in ms since 1970."""

    uri: str
    size: int
    modified: int


class Photos(NamedTuple):
    """The photo files of a coin. `merged` shows both sides and needs no others."""

    obverse: PhotoFile | None = None
    reverse: PhotoFile | None = None
    merged: PhotoFile | None = None


SIDES: Final = Photos._fields
NO_PHOTOS: Final = Photos()


class Fault(NamedTuple):
    """Why a photo or a record cannot be used."""

    reason: Reason
    detail: str


class Description(NamedTuple):
    """A text about one side. `text_id` identifies the text and its language, whatever the coin."""

    side: str
    language: str
    text: str
    text_id: str


@dataclass(frozen=True)
class Record:
    """A coin as one line or file of a source lists it.

    Attributes:
        origin: The line or file, for messages. photo_names: The photos as the source names them, to compare
        records of the same coin. The type that a published
            file name contains is left out: a coin listed under two types names the same photos.
    """

    coin_id: str
    medium: str
    mint: str
    types: tuple[str, ...]
    source: str
    licence: str | None
    origin: str
    photo_names: tuple[str | None, ...] = ()
    photos: Photos = NO_PHOTOS
    descriptions: tuple[Description, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Key of the table `coins`."""
        return self.coin_id, self.medium

    @property
    def has_photos(self) -> bool:
        """Whether there is a photo to merge."""
        return any(self.photos)


class Reject(NamedTuple):
    """A row of the table `rejects` without its stage."""

    coin_id: str
    medium: str
    uri: str
    reason: Reason
    detail: str


@dataclass(frozen=True)
class Listing:
    """Records with distinct keys, and rejects with distinct coin and uri."""

    records: tuple[Record, ...]
    rejects: tuple[Reject, ...]

    def with_prefix(self, prefix: str) -> Listing:
        """The listing with `prefix` before each coin_id. Rejects without a coin_id stay without."""
        if not prefix:
            return self
        return Listing(
            tuple(replace(record, coin_id=prefix + record.coin_id) for record in self.records),
            tuple(
                reject._replace(coin_id=reject.coin_id and prefix + reject.coin_id) for reject in self.rejects
            ),
        )

    def digest(self) -> str:
        """SHA-256 hex of all records and rejects, independent of their order."""
        total = hashlib.sha256()
        for line in sorted(map(repr, (*self.records, *self.rejects))):
            total.update(line.encode("utf-8", "surrogatepass") + b"\n")
        return total.hexdigest()


def describe(obverse: Mapping[str, str], reverse: Mapping[str, str]) -> tuple[Description, ...]:
    """Descriptions from the texts of both sides (language → text), unchanged but without blank ones."""
    return tuple(
        Description(side, language, text, text_id(language, text))
        for side, texts in (("obverse", obverse), ("reverse", reverse))
        for language, text in sorted(texts.items())
        if text.strip()
    )


def text_id(language: str, text: str) -> str:
    """The first 16 hex digits of the SHA-256 of language, NUL, text."""
    return hashlib.sha256(f"{language}\0{text}".encode()).hexdigest()[:16]
