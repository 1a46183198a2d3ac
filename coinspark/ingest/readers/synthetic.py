"""Reader `synthetic`: draw the project's synthetic coins below the root, then read them like any manifest."""

from __future__ import annotations

from coinspark.config import Columns
from coinspark.core.errors import InputError
from coinspark.core.formatting import one_line
from coinspark.ingest.photo_files import local_path
from coinspark.ingest.readers import manifest
from coinspark.ingest.readers.manifest import ManifestSource
from coinspark.ingest.readers.reader import Reader
from coinspark.ingest.records import Listing
from coinspark.synthetic.collection import version, write_collection
from coinspark.synthetic.file_record import damaged_files
from coinspark.synthetic.settings import SyntheticSource

_COLUMNS = Columns(
    type="type",
    medium="medium",
    obverse_text={"en": "obverse_en", "de": "obverse_de"},
    reverse_text={"en": "reverse_en", "de": "reverse_de"},
)


def read(source: SyntheticSource) -> Listing:
    """The coins of the collection. What is missing or damaged is drawn first."""
    try:
        write_collection(local_path(source.root), source)
    except OSError as error:
        raise InputError(
            f"source {source.name!r}: its coins cannot be written below {one_line(source.root)} "
            f"({error.strerror or error}); set `root` to a folder that is writable"
        ) from None
    return manifest.read(as_manifest(source))


def as_manifest(source: SyntheticSource) -> ManifestSource:
    """The collection as a manifest with both sides, two languages and a medium for each coin."""
    return ManifestSource(
        kind="manifest",
        name=source.name,
        root=source.root,
        licence=source.licence,
        medium=source.medium,
        path="coins.csv",
        columns=_COLUMNS,
    )


def damaged(source: SyntheticSource, verify: bool) -> list[str]:
    """Paths of the collection's files that are missing or not as they were drawn."""
    folder = local_path(source.root)
    return [str(folder / name) for name in damaged_files(folder, version(source), verify)]


READER = Reader(SyntheticSource, read, state=version, damaged=damaged)
