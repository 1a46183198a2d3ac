"""A reader of merged photos named `mint-number.jpg`."""

from __future__ import annotations

from typing import Literal

from coinspark.config import Source
from coinspark.ingest.duplicates import deduplicate
from coinspark.ingest.photo_files import list_files, open_root
from coinspark.ingest.readers.reader import Reader
from coinspark.ingest.readers.sides import select_photos
from coinspark.ingest.records import Fault, Listing, Record


class ToySource(Source):
    separator: str = "-"
    photos: Literal["pair", "single", "none"] = "single"


def read(source: ToySource) -> Listing:
    files = list_files(open_root(source.root))
    records = []
    for name in files:
        photos = select_photos(source, {"merged": name}, files)
        assert not isinstance(photos, Fault)
        mint = name.split(source.separator)[0]
        facts = (
            name.removesuffix(".jpg"),
            source.medium,
            mint,
            (),
            source.name,
            source.licence,
            name,
            (name,),
        )
        records.append(Record(*facts, photos))
    return deduplicate(records, [])


READER = Reader(ToySource, read)
