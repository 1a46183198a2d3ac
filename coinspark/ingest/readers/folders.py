"""Reader `folders`: class folders. A folder's name is the mint; each file is one side of one coin."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Literal

from coinspark.config import Source
from coinspark.ingest.duplicates import deduplicate
from coinspark.ingest.photo_files import PHOTO_SUFFIXES, list_files, open_root
from coinspark.ingest.readers.reader import Reader
from coinspark.ingest.readers.sides import select_photos
from coinspark.ingest.records import Fault, Listing, Record, Reject


class FoldersSource(Source):
    """Settings of a folder of class folders."""

    side: Literal["obverse", "reverse", "merged"] = "obverse"
    photos: Literal["pair", "single", "none"] = "single"

    def ignored_keys(self) -> Mapping[str, str]:
        """`photos` of merged photos, and `side` without photos."""
        return {
            **({"photos": "a merged photo has both sides"} if self.side == "merged" else {}),
            **({"side": "the source has no photos (photos: none)"} if self.photos == "none" else {}),
        }


def read(source: FoldersSource) -> Listing:
    """The coins of the folders.

    `coin_id` is the path below the root without suffix, `mint` the name of the folder.
    Files without the suffix of a photo are ignored. Rejects: bad_name (a photo outside any class folder, or a
    second file that differs in its suffix only), missing_side (`photos: pair`), outside_root.
    """
    root = open_root(source.root)
    files = list_files(root)
    records: list[Record] = []
    rejects: list[Reject] = []
    first_paths: dict[str, str] = {}
    for path in files:
        coin_id, suffix = posixpath.splitext(path)
        if suffix.lower() not in PHOTO_SUFFIXES:
            continue
        uri, mint = root.uri(f"{root.base}/{path}"), posixpath.basename(posixpath.dirname(path))
        first = first_paths.setdefault(coin_id, path)
        photos = select_photos(source, {source.side: path}, files)
        if not mint:
            photos = Fault("bad_name", f"{path}: is in no class folder; its folder is the mint")
        elif first != path:
            photos = Fault("bad_name", f"{path}: differs from {first} in its suffix only")
        if isinstance(photos, Fault):
            rejects.append(Reject(coin_id, source.medium, uri, photos.reason, photos.detail))
            continue
        facts = (coin_id, source.medium, mint, (), source.name, source.licence, uri, (path,))
        records.append(Record(*facts, photos))
    return deduplicate(records, rejects)


def check(source: FoldersSource) -> None:
    """Raise InputError if the root is not a folder."""
    open_root(source.root)


READER = Reader(FoldersSource, read, check=check)
