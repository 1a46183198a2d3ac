"""The published Corpus Nummorum folders: `dataset_coins/<type>/…_{o|p}_{obv|rev}.jpg`,
`dataset_types/<type>/…_{o|p}.jpg` and `dataset_mints/<mint>/…_{o|p}.jpg`, the last two merged already.

A file's name says type, museum's number (which may hold blanks, dots and underscores), coin and medium; the mint comes
from the index (`image_name, coin_id, type_id, mint, medium, museum, obverse_description, reverse_description`), in the
layout `mints` from the folder where the index has none.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from coinspark.config import PublishedSource
from coinspark.core.errors import InputError
from coinspark.ingest.photo_files import PHOTO_SUFFIXES, Root, below, open_root, walk
from coinspark.ingest.readers.manifest import choose
from coinspark.ingest.records import Fault, Listing, Photo, Record, Reject, describe, settle
from coinspark.ingest.table_files import Row, check_named, read_rows

_NAME = re.compile(
    r"CN_type_(?P<type>\d+)_(?:.*_)?cn_coin_(?P<coin>\d+)_(?P<medium>[op])(?:_(?P<side>obv|rev))?\.(?:jpe?g|png|webp)",
    re.IGNORECASE | re.DOTALL,
)
_MEDIUM = {"o": "original", "p": "plaster"}
_SIDE = {"obv": "obverse", "rev": "reverse", None: "merged"}
_INDEX = ("coin_id", "mint", "medium", "obverse_description", "reverse_description")


def read(source: PublishedSource) -> Listing:
    """The coins of the folders. Rejects: bad_name, no_mint, missing_side, outside_root, duplicate."""
    root = open_root(source.root)
    index = _index(source, root)
    files = walk(root)
    named: dict[tuple[str, str, str], dict[str, str]] = {}
    rejects: list[Reject] = []
    for path in files:
        folder, name = posixpath.split(path)
        match = _NAME.fullmatch(name)
        if match is not None:
            side = _SIDE[match["side"] and match["side"].lower()]
            key = (folder, match["type"], f"{match['coin']} {_MEDIUM[match['medium'].lower()]}")
            if side in named.setdefault(key, {}):
                rejects.append(
                    _refuse(
                        key,
                        root.uri(f"{root.base}/{path}"),
                        Fault(
                            "duplicate",
                            f"{path} and {named[key][side]} both show the {side} of the same coin",
                        ),
                    )
                )
            named[key].setdefault(side, path)
        elif posixpath.splitext(name)[1].lower() in PHOTO_SUFFIXES:
            rejects.append(
                Reject(
                    "",
                    source.medium,
                    root.uri(f"{root.base}/{path}"),
                    "bad_name",
                    (f"{path}: is not named CN_type_<type>_…_cn_coin_<coin>_<o|p>[_obv|_rev].jpg"),
                )
            )
    records = []
    for key, sides in sorted(named.items()):
        made = _record(source, key, sides, files, index, root.uri(f"{root.base}/{min(sides.values())}"))
        if isinstance(made, Record):
            records.append(made)
        else:
            rejects.append(made)
    return settle(records, rejects)


def _record(
    source: PublishedSource,
    key: tuple[str, str, str],
    sides: Mapping[str, str],
    files: Mapping[str, Photo | Fault],
    index: Mapping[tuple[str, str, str], Row],
    place: str,
) -> Record | Reject:
    folder, kind, coin = key
    coin_id, _, medium = coin.partition(" ")
    row: Row = index.get((coin_id, medium, kind)) or {}
    mint = row.get("mint", "").strip(" \t") or (
        posixpath.basename(folder) if source.layout == "mints" else ""
    )
    if not mint:
        detail = f"{place}: the index has no mint for coin {coin_id} of type {kind} ({medium})"
        return _refuse(key, place, Fault("no_mint", detail))
    found = {} if source.photos == "none" else choose(source, sides, files)
    if isinstance(found, Fault):
        return _refuse(key, place, found)
    return Record(
        coin_id,
        medium,
        mint,
        (kind,),
        source.name,
        source.licence,
        place,
        tuple(sorted(sides)),
        found.get("obverse"),
        found.get("reverse"),
        found.get("merged"),
        describe({"en": row.get("obverse_description", "")}, {"en": row.get("reverse_description", "")}),
    )


def _refuse(key: tuple[str, str, str], uri: str, fault: Fault) -> Reject:
    coin_id, _, medium = key[2].partition(" ")
    return Reject(coin_id, medium, uri, fault.reason, fault.detail)


def _index(source: PublishedSource, root: Root) -> dict[tuple[str, str, str], Row]:
    """(coin, medium, type) → the index's row."""
    if source.index is None:
        if source.layout != "mints":
            raise InputError(
                f"source {source.name!r}: the layout {source.layout!r} does not tell the mints; set its "
                "`index` to the table of image_name, coin_id, type_id, mint, medium"
            )
        return {}
    table = read_rows(below(root, source.index))
    check_named(table, {name: name for name in (*_INDEX, "type_id")}, "the index's ")
    return {(row["coin_id"], row["medium"], row["type_id"]): row for _, row in table.rows}
