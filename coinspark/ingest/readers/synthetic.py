"""Reader `synthetic`: draw the project's synthetic coins below the root, then read them like any manifest."""

from __future__ import annotations

from pathlib import Path

from coinspark.config import Columns
from coinspark.ingest.readers import manifest
from coinspark.ingest.readers.manifest import ManifestSource
from coinspark.ingest.readers.reader import Reader
from coinspark.ingest.records import Listing
from coinspark.synthetic.collection import version, write_collection
from coinspark.synthetic.settings import SyntheticSource

_COLUMNS = Columns(
    type="type",
    medium="medium",
    obverse_text={"en": "obverse_en", "de": "obverse_de"},
    reverse_text={"en": "reverse_en", "de": "reverse_de"},
)


def read(source: SyntheticSource) -> Listing:
    """The coins of the collection, which is drawn unless it is complete."""
    write_collection(Path(source.root).expanduser().resolve(), source)
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


READER = Reader(SyntheticSource, read, state=version)
