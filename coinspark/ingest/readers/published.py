"""Reader `published`: the published folders of Corpus Nummorum.

`dataset_coins/<type>/…_{o|p}_{obv|rev}.jpg`, `dataset_types/<type>/…_{o|p}.jpg` and
`dataset_mints/<mint>/…_{o|p}.jpg`; photos in the last two are merged already. A file name contains the type,
the museum's number (which may contain blanks, dots and underscores), the coin and the medium. The mint comes
from the index, a table of `image_name, coin_id, type_id, mint, medium, museum, obverse_description,
reverse_description`; in the layout `mints` the folder is the default.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from coinspark.config import Source
from coinspark.config.common import PathText
from coinspark.core.errors import InputError
from coinspark.ingest.duplicates import deduplicate
from coinspark.ingest.photo_files import PHOTO_SUFFIXES, Root, list_files, open_root, table_uri
from coinspark.ingest.readers.reader import Reader
from coinspark.ingest.readers.sides import select_photos
from coinspark.ingest.records import Fault, Listing, Record, Reject, describe
from coinspark.ingest.table_files import Row, TextTable, check_columns, read_header, read_table

_NAME = re.compile(
    r"CN_type_(?P<type>\d+)_(?:.*_)?cn_coin_(?P<coin>\d+)_(?P<medium>[op])(?:_(?P<side>obv|rev))?\.(?:jpe?g|png|webp)",
    re.IGNORECASE | re.DOTALL,
)
_NAME_PATTERN = "CN_type_<type>_…_cn_coin_<coin>_<o|p>[_obv|_rev].jpg"
_MEDIUM = {"o": "original", "p": "plaster"}
_SIDE = {"obv": "obverse", "rev": "reverse", None: "merged"}
_INDEX = ("coin_id", "mint", "medium", "obverse_description", "reverse_description", "type_id")


class PublishedSource(Source):
    """Settings of a published folder. `index`: path of the table of mints and descriptions."""

    layout: Literal["coins", "types", "mints"] = "mints"
    index: PathText | None = None

    def ignored_keys(self) -> Mapping[str, str]:
        """`medium`, and `photos: single` where photos are merged already."""
        ignored = {"medium": "the names of the photos contain the medium"}
        if self.layout != "coins" and self.photos == "single":
            ignored["photos"] = f"each photo of the layout {self.layout} has both sides"
        return ignored


class _Coin(NamedTuple):
    """A coin as file names identify it."""

    folder: str
    type: str
    coin_id: str
    medium: str


_Index = Mapping[tuple[str, str, str], Row]  # (coin_id, medium, type) → row


def read(source: PublishedSource) -> Listing:
    """The coins of the folders. Rejects: bad_name, no_mint, missing_side, outside_root, duplicate."""
    root = open_root(source.root)
    index = _read_index(source, root)
    files = list_files(root)
    coins, rejects = _coins(source, root, files)
    records: list[Record] = []
    for coin, names in sorted(coins.items()):
        origin = _uri(root, min(names.values()))
        row = index.get((coin.coin_id, coin.medium, coin.type)) or {}
        mint = _mint(source, coin, row)
        photos = select_photos(source, names, files)
        if not mint:
            detail = (
                f"{origin}: the index has no mint for coin {coin.coin_id}, type {coin.type}, {coin.medium}"
            )
            photos = Fault("no_mint", detail)
        if isinstance(photos, Fault):
            rejects.append(Reject(coin.coin_id, coin.medium, origin, photos.reason, photos.detail))
            continue
        texts = [{"en": row.get(f"{side}_description", "")} for side in ("obverse", "reverse")]
        facts = (coin.coin_id, coin.medium, mint, (coin.type,), source.name, source.licence, origin)
        records.append(Record(*facts, tuple(sorted(names)), photos, describe(*texts)))
    return deduplicate(records, rejects)


def _coins(
    source: PublishedSource, root: Root, paths: Iterable[str]
) -> tuple[dict[_Coin, dict[str, str]], list[Reject]]:
    """Coin → side → path, and rejects of photos that are named otherwise or show the same side twice."""
    coins: dict[_Coin, dict[str, str]] = {}
    rejects: list[Reject] = []
    for path in paths:
        folder, name = posixpath.split(path)
        match = _NAME.fullmatch(name)
        if match is None:
            if posixpath.splitext(name)[1].lower() in PHOTO_SUFFIXES:
                detail = f"{path}: is not named {_NAME_PATTERN}"
                rejects.append(Reject("", source.medium, _uri(root, path), "bad_name", detail))
            continue
        coin = _Coin(folder, match["type"], match["coin"], _MEDIUM[match["medium"].lower()])
        side = _SIDE[match["side"] and match["side"].lower()]
        first = coins.setdefault(coin, {}).setdefault(side, path)
        if first != path:
            detail = f"{path} and {first} both show the {side} of the same coin"
            rejects.append(Reject(coin.coin_id, coin.medium, _uri(root, path), "duplicate", detail))
    return coins, rejects


def _mint(source: PublishedSource, coin: _Coin, row: Row) -> str:
    """The mint of the index, or in the layout `mints` the folder; "" if it is unknown."""
    folder = posixpath.basename(coin.folder) if source.layout == "mints" else ""
    return row.get("mint", "").strip(" \t") or folder


def _read_index(source: PublishedSource, root: Root) -> _Index:
    _check_layout(source)
    if source.index is None:
        return {}
    table = read_table(table_uri(root, source.index))
    _check_index(table)
    return {(row["coin_id"], row["medium"], row["type_id"]): row for _, row in table.rows}


def _check_layout(source: PublishedSource) -> None:
    if source.index is None and source.layout != "mints":
        raise InputError(
            f"source {source.name!r}: the layout {source.layout!r} contains no mints; set `index` to the "
            f"table of {', '.join(_INDEX)}"
        )


def _check_index(table: TextTable) -> None:
    check_columns(table, {name: name for name in _INDEX}, "the index's ")


def _uri(root: Root, path: str) -> str:
    return root.uri(f"{root.base}/{path}")


def check(source: PublishedSource) -> None:
    """Raise InputError if the root or the index is missing, or the index lacks a column."""
    root = open_root(source.root)
    _check_layout(source)
    if source.index is not None:
        _check_index(read_header(table_uri(root, source.index)))


READER = Reader(PublishedSource, read, check=check)
