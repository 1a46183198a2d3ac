"""Selection of a coin's photos, shared by the readers."""

from __future__ import annotations

from collections.abc import Mapping

from coinspark.config import Source
from coinspark.ingest.records import NO_PHOTOS, SIDES, Fault, PhotoFile, Photos


def select_photos(
    source: Source, names: Mapping[str, str], files: Mapping[str, PhotoFile | Fault]
) -> Photos | Fault:
    """The photos of a coin as `source.photos` asks for, or why the coin is rejected.

    Args:
        names: Side → name of the photo in the source. A name that is given must be a file. A merged photo
            replaces both sides.
        files: Name → file, or why it cannot be used.
    """
    if source.photos == "none":
        return NO_PHOTOS
    sides = ["merged"] if "merged" in names else [side for side in SIDES if side in names]
    missing = [] if "merged" in names else [side for side in ("obverse", "reverse") if side not in names]
    if len(missing) == 2 or (missing and source.photos == "pair"):
        return Fault("missing_side", f"no photo of the {' and the '.join(missing)} is named")
    photos: dict[str, PhotoFile] = {}
    for side in sides:
        file = files[names[side]]
        if isinstance(file, Fault):
            return file
        photos[side] = file
    return Photos(**photos)
