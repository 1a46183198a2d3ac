"""Registration of a copied or moved warehouse: its tables then refer to its own files.

Iceberg's metadata has absolute paths. They are replaced in the copy's own metadata files, one file after the
other; at last one transaction changes the SQLite catalog. Iceberg's procedure `rewrite_table_path` refuses a
local warehouse, whose metadata has paths of two forms (`file:/` and `file:///`), and needs the original. Here
no file of the original is opened. A registration that was killed is completed by the next one.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core import atomic_files
from coinspark.core.errors import InputError
from coinspark.core.progress import progress
from coinspark.warehouse import session
from coinspark.warehouse.local_files import local_path
from coinspark.warehouse.locations import warehouse_folder, warehouse_uri

_OURS = "catalog_name = ? AND table_namespace = ?"
_PATHS = ("manifest_path", "file_path", "referenced_data_file")
"""Fields of manifest lists and manifests that are paths."""
_DELETED = 2  # status of an entry of a manifest


class Entry(NamedTuple):
    """A table or view of the catalog, and its current metadata file."""

    name: str
    metadata: str


def register(config: Config) -> int:
    """Let the tables and views of a copied warehouse refer to its own files.

    Returns:
        The number of tables and views that referred to another folder.

    Raises:
        InputError: The warehouse is not a local folder with the default catalog, or has no tables; a file is
            missing; or a folder of a table is a link that leads out of the warehouse.
    """
    folder = warehouse_folder(config)
    if folder is None or config.catalog.properties:
        raise InputError(
            f"{config.warehouse}: only a local warehouse with the default catalog can be registered; for "
            "another one see rewrite_table_path and register_table in Iceberg's documentation"
        )
    catalog = folder / "catalog.db"
    if not catalog.exists():
        raise InputError(f"{config.warehouse}: no tables; set `warehouse` to the copy of a warehouse")
    _check_links(folder, config)
    copied = [
        entry for entry in _entries(catalog, config) if not _path(entry.metadata).is_relative_to(folder)
    ]
    if not copied:
        return 0
    spark = session.start(config)
    for number, entry in enumerate(copied, 1):
        progress(f"registering {entry.name}, {number} of {len(copied)}")
        _rewrite_table(spark, config, entry)
    _change_catalog(catalog, config, copied)
    return len(copied)


def _check_links(folder: Path, config: Config) -> None:
    """Raise InputError if the folder of a table is a link that leads out of the copy."""
    namespace = folder / config.catalog.namespace
    for path in (namespace, *(namespace.iterdir() if namespace.is_dir() else ())):
        if not path.resolve().is_relative_to(folder):
            raise InputError(
                f"{path}: a link to {path.resolve()}, outside the warehouse; copy the files (cp -rL), then "
                "register the copy"
            )


def _entries(catalog: Path, config: Config) -> list[Entry]:
    """The tables and views of the namespace. Raises InputError if there are none."""
    values = config.catalog.name, config.catalog.namespace
    with closing(sqlite3.connect(catalog)) as connection:
        try:
            rows = connection.execute(
                f"SELECT table_name, metadata_location FROM iceberg_tables WHERE {_OURS}", values
            ).fetchall()
        except sqlite3.DatabaseError as error:
            raise InputError(f"{catalog}: not a catalog of Iceberg ({error}); copy it again") from None
    if not rows:
        raise InputError(
            f"{catalog}: the namespace {'.'.join(values)} has no tables; check the configuration"
        )
    return [Entry(*row) for row in sorted(rows)]


def _path(uri: str) -> Path:
    """The path of `file:/a`, `file:///a` or `/a`."""
    return Path(local_path(uri))


def _moved(config: Config, entry: Entry) -> Callable[[str], str]:
    """A function that replaces the former root of the warehouse in a path or URI; other texts stay."""
    former, target = str(_path(entry.metadata).parents[3]), warehouse_uri(config)

    def moved(text: str) -> str:
        path = local_path(text)
        return f"{target}{path[len(former) :]}" if f"{path}/".startswith(f"{former}/") else text

    return moved


def _rewrite_table(spark: SparkSession, config: Config, entry: Entry) -> None:
    """Replace the paths in the metadata of a table: manifests, then manifest lists, then the metadata file.

    A manifest list has the sizes of the manifests. Files that were rewritten before a kill stay as they are.
    """
    moved = _moved(config, entry)
    file = _path(moved(entry.metadata))
    metadata = _read_json(file)
    rewritten: set[Path] = set()

    def rewrite_manifest(record: Any, schema: Any) -> None:
        if schema.getField("content") is not None and record.get("content"):
            raise InputError(
                f"{file}: the table {entry.name} has delete files, which contain paths; run Iceberg's "
                "rewrite_data_files on the original, then copy it again"
            )
        manifest = _path(str(record.get("manifest_path")))
        if manifest not in rewritten:
            rewritten.add(manifest)
            _rewrite_avro(spark, manifest, moved, _check_data_file)
        record.put("manifest_length", manifest.stat().st_size)

    for snapshot in metadata.get("snapshots", ()):
        _rewrite_avro(spark, _path(moved(snapshot["manifest-list"])), moved, rewrite_manifest)
    _write_json(file, _replaced(metadata, moved))


def _check_data_file(record: Any, schema: Any) -> None:
    """Raise InputError if a data file that a manifest lists is missing; deleted entries do not count."""
    file = _path(str(record.get("data_file").get("file_path")))
    if record.get("status") != _DELETED and not file.exists():
        raise InputError(f"{file}: missing in the copy; copy the warehouse again, then register it")


def _rewrite_avro(
    spark: SparkSession, file: Path, moved: Callable[[str], str], change: Callable[[Any, Any], None]
) -> None:
    """Replace the paths in the records of an Avro file.

    Args:
        change: `change(record, schema)` sees each record with its new paths, and may change it.
    """
    if not file.exists():
        raise InputError(f"{file}: missing in the copy; copy the warehouse again, then register it")
    jvm: Any = spark._jvm
    avro, part = jvm.org.apache.avro, file.with_name(f".{file.name}.part")
    reader = avro.file.DataFileReader(jvm.java.io.File(str(file)), avro.generic.GenericDatumReader())
    schema = reader.getSchema()
    writer = avro.file.DataFileWriter(avro.generic.GenericDatumWriter(schema))
    writer.setCodec(avro.file.CodecFactory.fromString(reader.getMetaString("avro.codec") or "null"))
    for key in reader.getMetaKeys():
        if not avro.file.DataFileWriter.isReservedMeta(key):
            writer.setMeta(key, reader.getMeta(key))
    writer.create(schema, jvm.java.io.File(str(part)))
    while reader.hasNext():
        record = reader.next()
        _replace_paths(record, moved)
        change(record, schema)
        writer.append(record)
    writer.close()
    reader.close()
    _replace(file, part)


def _replace_paths(record: Any, moved: Callable[[str], str]) -> None:
    """Replace the paths in a record and in its `data_file`."""
    schema = record.getSchema()
    for name in _PATHS:
        if schema.getField(name) is not None and (value := record.get(name)) is not None:
            record.put(name, moved(str(value)))
    if schema.getField("data_file") is not None:
        _replace_paths(record.get("data_file"), moved)


def _replaced(value: Any, moved: Callable[[str], str]) -> Any:
    """A JSON value with replaced paths."""
    if isinstance(value, dict):
        return {key: _replaced(item, moved) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, moved) for item in value]
    return moved(value) if isinstance(value, str) else value


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{file}: missing in the copy; copy the warehouse again, then register it") from None
    value: dict[str, Any] = json.loads(gzip.decompress(content) if ".gz." in file.name else content)
    return value


def _write_json(file: Path, value: dict[str, Any]) -> None:
    content = json.dumps(value).encode()
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(gzip.compress(content) if ".gz." in file.name else content)
    _replace(file, part)


def _replace(file: Path, part: Path) -> None:
    """Rename `part` to `file`. Hadoop's checksum of the former content would refuse the new one."""
    file.with_name(f".{file.name}.crc").unlink(missing_ok=True)
    part.replace(file)


def _change_catalog(catalog: Path, config: Config, entries: list[Entry]) -> None:
    """Let the catalog name the metadata files of the copy, in one transaction.

    A file that is linked with that of the original (cp -l, ln -s) first gets an inode of its own.
    """
    if catalog.is_symlink() or catalog.stat().st_nlink > 1:
        atomic_files.copy(catalog, catalog)
    values = config.catalog.name, config.catalog.namespace
    with closing(sqlite3.connect(catalog)) as connection, connection:
        for entry in entries:
            connection.execute(
                "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = NULL "
                f"WHERE {_OURS} AND table_name = ?",
                (_moved(config, entry)(entry.metadata), *values, entry.name),
            )
