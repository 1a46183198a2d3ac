"""A folder of class folders: the folder's name is the mint, each file one coin, one side."""

from __future__ import annotations

import posixpath

from coinspark.config import FoldersSource
from coinspark.ingest.photo_files import PHOTO_SUFFIXES, open_root, walk
from coinspark.ingest.readers.manifest import choose
from coinspark.ingest.records import Fault, Listing, Record, Reject, settle


def read(source: FoldersSource) -> Listing:
    """The coins of the folders; coin_id is the path below the root without its suffix, the mint the folder right above.

    Rejects: bad_name (a photo in no class folder, or a second file of the same name), missing_side (`photos: pair` with
    one side), outside_root. Files that are not named like photos are passed over.
    """
    root = open_root(source.root)
    files = walk(root)
    records: list[Record] = []
    rejects: list[Reject] = []
    taken: dict[str, str] = {}
    for path in files:
        stem, suffix = posixpath.splitext(path)
        if suffix.lower() not in PHOTO_SUFFIXES:
            continue
        uri, mint = root.uri(f"{root.base}/{path}"), posixpath.basename(posixpath.dirname(path))
        first = taken.setdefault(stem, path)
        if not mint:
            rejects.append(Reject(stem, source.medium, uri, "bad_name", f"{path}: lies in no class folder"))
            continue
        if first != path:
            detail = f"{path}: has the name of {first}, only its suffix differs"
            rejects.append(Reject(stem, source.medium, uri, "bad_name", detail))
            continue
        found = {} if source.photos == "none" else choose(source, {source.side: path}, files)
        if isinstance(found, Fault):
            rejects.append(Reject(stem, source.medium, uri, found.reason, found.detail))
        else:
            records.append(
                Record(
                    stem,
                    source.medium,
                    mint,
                    (),
                    source.name,
                    source.licence,
                    uri,
                    (path,),
                    found.get("obverse"),
                    found.get("reverse"),
                    found.get("merged"),
                )
            )
    return settle(records, rejects)
