"""The sources of a configuration as one listing."""

from __future__ import annotations

from pathlib import Path

from coinspark.config import AnySource, Config
from coinspark.core.errors import InputError
from coinspark.ingest.readers import folders, manifest, published
from coinspark.ingest.records import Listing, combine
from coinspark.synthetic import collection


def read_all(config: Config) -> Listing:
    """Every coin of every source, no photo opened yet; InputError when a source is missing or has no coin at all."""
    if not config.sources:
        raise InputError("there are no sources; add one under `sources` (conf/base.yaml shows the kinds)")
    return combine([read(source) for source in config.sources])


def read(source: AnySource) -> Listing:
    """One source's listing; synthetic coins are drawn first where they are not there yet."""
    match source.kind:
        case "manifest":
            listing = manifest.read(source)
        case "published":
            listing = published.read(source)
        case "folders":
            listing = folders.read(source)
        case "synthetic":
            collection.write_collection(Path(source.root).expanduser().resolve(), source)
            listing = manifest.read(collection.manifest(source))
    if not listing.records and not listing.rejects:
        raise InputError(
            f"source {source.name!r}: no coin below {source.root}; set `root` to the folder of its coins"
        )
    return listing
