"""A manifest, CSV or Parquet: a row a coin (and type), its photos named relative to the source's root."""

from __future__ import annotations

from collections.abc import Mapping

from coinspark.config import Columns, ManifestSource, Source
from coinspark.core.errors import InputError
from coinspark.ingest.photo_files import below, find, open_root
from coinspark.ingest.records import Fault, Listing, Photo, Record, Reject, describe, settle
from coinspark.ingest.table_files import Row, Rows, check_named, read_rows

SIDES = ("obverse", "reverse", "merged")


def read(source: ManifestSource) -> Listing:
    """What the manifest says, with its photos found below the root.

    Rejects: no_coin_id, no_mint, missing_side, missing_photo, outside_root, duplicate. InputError when the manifest is
    missing, has not a column that the configuration names, or is not in the encoding that it says.
    """
    root = open_root(source.root)
    table = read_rows(below(root, source.path), source.encoding)
    _check_columns(table, source)
    photos = {} if source.photos == "none" else find(root, sorted(_names(table, source.columns)))
    records: list[Record] = []
    rejects: list[Reject] = []
    for line, row in table.rows:
        made = record(row, f"{table.uri}#{line}", source, source.columns, photos)
        (records if isinstance(made, Record) else rejects).append(made)  # type: ignore[arg-type]
    return settle(records, rejects)


def record(
    row: Row, place: str, source: Source, columns: Columns, photos: Mapping[str, Photo | Fault]
) -> Record | Reject:
    """A row's record, or why it does not go on. Blanks around names go, texts stay as they are."""
    coin_id, mint, kind = (cell(row, column) for column in (columns.coin_id, columns.mint, columns.type))
    medium = cell(row, columns.medium) or source.medium
    if not coin_id:
        return Reject("", medium, place, "no_coin_id", f"{place}: column {columns.coin_id!r} is empty")
    if not mint:
        detail = f"{place}: column {columns.mint!r} of coin {coin_id!r} is empty"
        return Reject(coin_id, medium, place, "no_mint", detail)
    named = {side: name for side in SIDES if (name := cell(row, getattr(columns, side)))}
    found = {} if source.photos == "none" else choose(source, named, photos)
    if isinstance(found, Fault):
        uri = next((name for name in named.values() if photos[name] is found), place)
        return Reject(coin_id, medium, uri, found.reason, f"{place}: {found.detail}")
    return Record(
        coin_id,
        medium,
        mint,
        (kind,) if kind else (),
        source.name,
        cell(row, columns.licence) or source.licence,
        place,
        tuple(named[side].replace(f"_type_{kind}_", "_") if side in found else None for side in SIDES),
        found.get("obverse"),
        found.get("reverse"),
        found.get("merged"),
        describe(
            {key: row[column] for key, column in columns.obverse_text.items()},
            {key: row[column] for key, column in columns.reverse_text.items()},
        ),
    )


def cell(row: Row, column: str | None) -> str:
    """A name or number without the blanks around it; "" where the manifest has none."""
    return row[column].strip(" \t") if column is not None and row[column].strip() else ""


def choose(
    source: Source, named: Mapping[str, str], photos: Mapping[str, Photo | Fault]
) -> dict[str, Photo] | Fault:
    """The photos (side → file) that a coin goes on with, or what keeps it back; `named` is side → name.

    A merged photo needs no sides; `pair` needs both, `single` at least one. A photo that is named must be there.
    """
    wanted = ["merged"] if "merged" in named else [side for side in SIDES if side in named]
    absent = [side for side in ("obverse", "reverse") if side not in named and "merged" not in named]
    if len(absent) == 2 or (absent and source.photos == "pair"):
        return Fault("missing_side", f"no photo of the {' and the '.join(absent)} is named")
    found = {side: photos[named[side]] for side in wanted}
    faults = [photo for photo in found.values() if isinstance(photo, Fault)]
    return faults[0] if faults else {side: photo for side, photo in found.items() if isinstance(photo, Photo)}


def _check_columns(table: Rows, source: ManifestSource) -> None:
    columns = source.columns
    named = {name: getattr(columns, name) for name in ("coin_id", "mint", "type", "medium", "licence")}
    if source.photos != "none":
        named |= {name: getattr(columns, name) for name in ("obverse", "reverse", "merged")}
    for side in ("obverse_text", "reverse_text"):
        named |= {f"{side}.{language}": column for language, column in getattr(columns, side).items()}
    check_named(table, {name: column for name, column in named.items() if column is not None}, "columns.")
    if twice := {column for column in table.columns if table.columns.count(column) > 1} & set(named.values()):
        raise InputError(
            f"{table.uri}: the column {min(twice)!r} stands twice in the header; rename one of them"
        )
    if not table.rows:
        raise InputError(f"{table.uri}: holds no coin, only a header; set the source's `path` to its table")


def _names(table: Rows, columns: Columns) -> set[str]:
    wanted = [column for column in (columns.obverse, columns.reverse, columns.merged) if column is not None]
    return {name for _, row in table.rows for column in wanted if (name := cell(row, column))}
