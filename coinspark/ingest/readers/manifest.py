"""Reader `manifest`: a CSV or Parquet table, one row for each coin (and type), with photo paths."""

from __future__ import annotations

from collections.abc import Mapping

from coinspark.config import Columns, Source
from coinspark.config.common import PathText
from coinspark.core.errors import InputError
from coinspark.ingest.duplicates import deduplicate
from coinspark.ingest.photo_files import find_photos, open_root, table_uri
from coinspark.ingest.readers.reader import Reader
from coinspark.ingest.readers.sides import select_photos
from coinspark.ingest.records import SIDES, Fault, Listing, PhotoFile, Record, Reject, describe
from coinspark.ingest.table_files import Row, TextTable, check_columns, read_header, read_table


class ManifestSource(Source):
    """Settings of a manifest. `path` is the table, relative to the root or absolute."""

    path: PathText
    encoding: str = "utf-8"
    columns: Columns = Columns()

    def ignored_keys(self) -> Mapping[str, str]:
        """`encoding` of a Parquet file, and photo columns without photos."""
        ignored = {"encoding": "a Parquet file has no encoding"} if self.path.endswith(".parquet") else {}
        if self.photos == "none":
            ignored |= {f"columns.{side}": "the source has no photos (photos: none)" for side in SIDES}
        return ignored


def read(source: ManifestSource) -> Listing:
    """The coins of the manifest.

    Rejects: no_coin_id, no_mint, missing_side, missing_photo, outside_root, duplicate. Raises InputError if
    the manifest is missing, lacks a configured column, or has another encoding.
    """
    root = open_root(source.root)
    table = read_table(table_uri(root, source.path), source.encoding)
    _check_columns(table, source)
    if not table.rows:
        raise InputError(f"{table.uri}: holds no coin, only a header; set the source's `path` to its table")
    files = {} if source.photos == "none" else find_photos(root, sorted(_photo_names(table, source.columns)))
    records: list[Record] = []
    rejects: list[Reject] = []
    for line, row in table.rows:
        record = _record(row, f"{table.uri}#{line}", source, files)
        if isinstance(record, Record):
            records.append(record)
        else:
            rejects.append(record)
    return deduplicate(records, rejects)


def _record(
    row: Row, origin: str, source: ManifestSource, files: Mapping[str, PhotoFile | Fault]
) -> Record | Reject:
    """The record of a row, or its reject. Cells are stripped of blanks, descriptions are not."""
    columns = source.columns
    coin_id, mint, type_name = (
        _cell(row, column) for column in (columns.coin_id, columns.mint, columns.type)
    )
    medium = _cell(row, columns.medium) or source.medium
    if not coin_id:
        return Reject("", medium, origin, "no_coin_id", f"{origin}: column {columns.coin_id!r} is empty")
    if not mint:
        detail = f"{origin}: column {columns.mint!r} of coin {coin_id!r} is empty"
        return Reject(coin_id, medium, origin, "no_mint", detail)
    sides = () if source.photos == "none" else SIDES
    names = {side: name for side in sides if (name := _cell(row, getattr(columns, side)))}
    photos = select_photos(source, names, files)
    if isinstance(photos, Fault):
        uri = next((name for name in names.values() if files[name] is photos), origin)
        return Reject(coin_id, medium, uri, photos.reason, f"{origin}: {photos.detail}")
    return Record(
        coin_id,
        medium,
        mint,
        (type_name,) if type_name else (),
        source.name,
        _cell(row, columns.licence) or source.licence,
        origin,
        tuple(
            names[side].replace(f"_type_{type_name}_", "_") if file else None
            for side, file in zip(SIDES, photos, strict=True)
        ),
        photos,
        describe(
            {language: row[column] for language, column in columns.obverse_text.items()},
            {language: row[column] for language, column in columns.reverse_text.items()},
        ),
    )


def _cell(row: Row, column: str | None) -> str:
    """A cell without blanks around it; "" if the manifest has no such column."""
    return row[column].strip(" \t") if column is not None and row[column].strip() else ""


def _photo_names(table: TextTable, columns: Columns) -> set[str]:
    photo_columns = [getattr(columns, side) for side in SIDES]
    return {name for _, row in table.rows for column in photo_columns if (name := _cell(row, column))}


def _check_columns(table: TextTable, source: ManifestSource) -> None:
    """Raise InputError unless the table has each configured column once."""
    columns = source.columns
    settings = ["coin_id", "mint", "type", "medium", "licence", *(SIDES if source.photos != "none" else ())]
    configured = {name: getattr(columns, name) for name in settings}
    for side in ("obverse_text", "reverse_text"):
        configured |= {f"{side}.{language}": column for language, column in getattr(columns, side).items()}
    check_columns(
        table, {name: column for name, column in configured.items() if column is not None}, "columns."
    )
    repeated = {column for column in table.columns if table.columns.count(column) > 1}
    if ambiguous := repeated & set(configured.values()):
        raise InputError(f"{table.uri}: two columns are named {min(ambiguous)!r}; rename one of them")


def check(source: ManifestSource) -> None:
    """Raise InputError if the root or the manifest is missing, or its header lacks a configured column."""
    uri = table_uri(open_root(source.root), source.path)
    _check_columns(read_header(uri, source.encoding), source)


READER = Reader(ManifestSource, read, check=check)
