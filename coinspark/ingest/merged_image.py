"""The merged image of a coin, obverse left and reverse right, and the image_id that identifies it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np

from coinspark.ingest.decode import OpenedPhoto, decode, open_photo, reduction
from coinspark.ingest.header_limits import DEFAULT_LIMITS, Limits
from coinspark.ingest.photo_error import PhotoError
from coinspark.ingest.pixels import Pixels

VERSION = 2
"""Part of every image_id. Raise it when the code changes pixels, so that every coin is merged again."""

Shape = Literal["square", "wide"]


@dataclass(frozen=True)
class MergeSettings:
    """How photos are merged; see `config.Ingest`."""

    sizes: tuple[int, ...]
    shape: Shape = "square"
    quality: int = 92
    limits: Limits = DEFAULT_LIMITS

    @property
    def prefix(self) -> str:
        """The first eight hex digits of every image_id with these settings; sizes and limits do not count."""
        facts = {"version": VERSION, "shape": self.shape, "quality": self.quality}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]


class Box(NamedTuple):
    """The rectangle of a side within the merged image, in pixels."""

    left: int
    top: int
    width: int
    height: int


class MergedImage(NamedTuple):
    """A merged image: its configured `size`, and the JPEG of width × height pixels."""

    size: int
    width: int
    height: int
    jpeg: bytes


def image_id(photos: Mapping[str, bytes], settings: MergeSettings) -> str:
    """32 hex digits: eight for the settings, 24 of the SHA-256 over each side's name, length and bytes."""
    total = hashlib.sha256(settings.prefix.encode())
    for side, data in sorted(photos.items()):
        total.update(f"{side} {len(data)}\n".encode())
        total.update(data)
    return settings.prefix + total.hexdigest()[:24]


def photo_id(data: bytes) -> str:
    """The first 32 hex digits of the SHA-256 of a photo's bytes."""
    return hashlib.sha256(data).hexdigest()[:32]


def merge_photos(photos: Mapping[str, bytes], settings: MergeSettings) -> list[MergedImage]:
    """The merged images of a coin, one for each size. The image of a size does not depend on the other sizes.

    Args:
        photos: Side → content of the file: obverse and reverse, one of them, or merged.

    Raises:
        PhotoError: A photo cannot be used; `side` is set.
    """
    return merge_opened(open_photos(photos, settings.limits), settings)


def open_photos(photos: Mapping[str, bytes], limits: Limits) -> dict[str, OpenedPhoto]:
    """The headers of the photos by side. Raises PhotoError; `side` is set."""
    opened: dict[str, OpenedPhoto] = {}
    for side, data in photos.items():
        with _errors_of(side):
            opened[side] = open_photo(data, limits)
    return opened


def merge_opened(opened: Mapping[str, OpenedPhoto], settings: MergeSettings) -> list[MergedImage]:
    """`merge_photos` for photos whose headers have been read."""
    dimensions = {side: (photo.width, photo.height) for side, photo in opened.items()}
    boxes = {size: layout(dimensions, size, settings.shape) for size in settings.sizes}
    canvases = {
        size: np.zeros((size, size if settings.shape == "square" else 2 * size, 3), np.uint8)
        for size in settings.sizes
    }
    for side, photo in opened.items():
        sizes_by_divisor: defaultdict[int, list[int]] = defaultdict(list)
        for size in settings.sizes:
            sizes_by_divisor[reduction(photo, boxes[size][side].width, boxes[size][side].height)].append(size)
        for divisor, sizes in sizes_by_divisor.items():  # one decoded photo in memory at a time
            with _errors_of(side):
                pixels = decode(photo, divisor)
            for size in sizes:
                box = boxes[size][side]
                area = np.s_[box.top : box.top + box.height, box.left : box.left + box.width]
                canvases[size][area] = _resize(pixels, box)
    return [
        MergedImage(size, canvas.shape[1], canvas.shape[0], encode_jpeg(canvas, settings.quality))
        for size, canvas in canvases.items()
    ]


def layout(photos: Mapping[str, tuple[int, int]], size: int, shape: Shape) -> dict[str, Box]:
    """The box of each side, given the width and height of its photo.

    `square` (paper, section 3): both sides are scaled to the smaller height and placed side by side; black
    bars pad them to a centred square, which is scaled to `size`. Example: 400 × 400 and 100 × 200 become 200
    × 200 and 100 × 200, in a square of 300.

    `wide`: 2 · size × size pixels. Each side is scaled to fit its half and centred. It is neither cropped,
    which would cut legends at the rim, nor stretched, which would change portraits. Square photos, the most
    common ones, fill their half. A merged photo fills the whole image.
    """
    if shape == "wide":
        halves = {"obverse": (0, size), "reverse": (size, size), "merged": (0, 2 * size)}
        return {side: _fit(width, height, *halves[side], size) for side, (width, height) in photos.items()}
    min_height = min(height for _, height in photos.values())
    sides = [side for side in ("obverse", "reverse", "merged") if side in photos]
    widths = {side: photos[side][0] * min_height / photos[side][1] for side in sides}  # at that height
    sum_width = sum(widths.values())
    scale = size / max(min_height, sum_width)
    height = max(round(min_height * scale), 1)
    width = min(max(round(sum_width * scale), len(widths)), size)
    first, *second = widths
    first_width = min(max(round(width * widths[first] / sum_width), 1), width - len(second))
    left, top = (size - width) // 2, (size - height) // 2
    boxes = {first: Box(left, top, first_width, height)}
    return boxes | {side: Box(left + first_width, top, width - first_width, height) for side in second}


def encode_jpeg(pixels: Pixels, quality: int) -> bytes:
    """RGB [height, width, 3] as a JPEG."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    encoded, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        raise RuntimeError(f"OpenCV cannot encode an array of shape {pixels.shape} as JPEG")
    return bytes(jpeg)


@contextmanager
def _errors_of(side: str) -> Iterator[None]:
    """Name the side in a PhotoError. Too little memory is a fault of the photo, not of the program."""
    try:
        yield
    except PhotoError as error:
        raise PhotoError(error.reason, error.detail, side) from None
    except MemoryError:
        raise PhotoError(
            "too_large", "decoding takes more memory than ingest.max_memory allows", side
        ) from None


def _fit(width: int, height: int, left: int, max_width: int, size: int) -> Box:
    """The largest box of the photo's proportions, centred in the max_width × size pixels from `left`."""
    scale = min(max_width / width, size / height)
    box_width = min(max(round(width * scale), 1), max_width)
    box_height = min(max(round(height * scale), 1), size)
    return Box(left + (max_width - box_width) // 2, (size - box_height) // 2, box_width, box_height)


def _resize(pixels: Pixels, box: Box) -> Pixels:
    """Resize to the box: area averaging to shrink, linear interpolation to enlarge."""
    shrinks = pixels.shape[1] >= box.width and pixels.shape[0] >= box.height
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (box.width, box.height), interpolation=interpolation))
