"""Obverse left, reverse right: the merged picture of a coin at a size, and the image_id that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np

from coinspark.ingest.decode import Opened, PhotoError, Pixels, decode, open_photo, reduction

VERSION = 1
"""Raised when the same photos come out as other pixels, so that every coin is merged anew."""


@dataclass(frozen=True)
class Merge:
    """How sides are merged; see `config.Ingest`."""

    sizes: tuple[int, ...]
    shape: Literal["square", "wide"] = "square"
    quality: int = 92
    max_pixels: int = 64_000_000

    @property
    def mark(self) -> str:
        """The first eight hex digits of every image_id made with these settings; sizes are not among them."""
        facts = {"version": VERSION, "shape": self.shape, "quality": self.quality}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]


class Box(NamedTuple):
    """Where a side lies in the picture, in pixels."""

    left: int
    top: int
    width: int
    height: int


class Picture(NamedTuple):
    """A merged picture: `size` as asked for, and the JPEG of width × height pixels."""

    size: int
    width: int
    height: int
    jpeg: bytes


def image_id(photos: Mapping[str, bytes], merge: Merge) -> str:
    """32 hex digits: eight say with which settings, 24 (of SHA-256) which bytes of which side, with their lengths."""
    total = hashlib.sha256(merge.mark.encode())
    for side, data in sorted(photos.items()):
        total.update(f"{side} {len(data)}\n".encode())
        total.update(data)
    return merge.mark + total.hexdigest()[:24]


def merge_photos(photos: Mapping[str, bytes], merge: Merge) -> list[Picture]:
    """The pictures of a coin, one a size. `photos`: obverse and reverse, one of them, or merged → the file's bytes.

    Raises PhotoError, whose `side` says which photo was at fault. What a size looks like does not depend on which others
    are made with it.
    """
    opened: dict[str, Opened] = {}
    for side, data in photos.items():
        try:
            opened[side] = open_photo(data, merge.max_pixels)
        except PhotoError as error:
            raise PhotoError(error.reason, error.detail, side) from None
    decoded: dict[tuple[str, int], Pixels] = {}
    pictures = []
    for size in merge.sizes:
        boxes = place(
            {side: (photo.width, photo.height) for side, photo in opened.items()}, size, merge.shape
        )
        canvas = np.zeros((size, size if merge.shape == "square" else 2 * size, 3), np.uint8)
        for side, box in boxes.items():
            step = reduction(opened[side], box.width, box.height)
            if (side, step) not in decoded:
                decoded[side, step] = _decode(side, opened[side], step)
            canvas[box.top : box.top + box.height, box.left : box.left + box.width] = _resize(
                decoded[side, step], box
            )
        pictures.append(Picture(size, canvas.shape[1], canvas.shape[0], encode(canvas, merge.quality)))
    return pictures


def place(
    photos: Mapping[str, tuple[int, int]], size: int, shape: Literal["square", "wide"]
) -> dict[str, Box]:
    """Where each side of width × height goes.

    `square` (paper, section 3): both sides scaled to the smaller height and set side by side, black bars to a square in
    the middle, the square scaled to `size`. `wide`: a picture of 2 · size × size; each side fills its half as far as
    its proportions allow and stands in the middle. Cropping would cut legends off at the rim and stretching would
    make one portrait of two; a square photo, which most are, leaves no bar. What is merged already fills the whole.
    """
    if shape == "wide":
        halves = {"obverse": (0, size), "reverse": (size, size), "merged": (0, 2 * size)}
        return {side: _fit(width, height, *halves[side], size) for side, (width, height) in photos.items()}
    low = min(height for _, height in photos.values())
    order = [side for side in ("obverse", "reverse", "merged") if side in photos]
    widths = {side: photos[side][0] * low / photos[side][1] for side in order}
    whole = sum(widths.values())
    scale = size / max(low, whole)
    height = max(round(low * scale), 1)
    total = min(max(round(whole * scale), len(widths)), size)
    first, *second = widths
    wide = min(max(round(total * widths[first] / whole), 1), total - len(second))
    left, top = (size - total) // 2, (size - height) // 2
    boxes = {first: Box(left, top, wide, height)}
    return boxes | {side: Box(left + wide, top, total - wide, height) for side in second}


def encode(pixels: Pixels, quality: int) -> bytes:
    """RGB [height, width, 3] as a JPEG."""
    done, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise RuntimeError(f"OpenCV could not encode {pixels.shape}")
    return bytes(jpeg)


def _decode(side: str, photo: Opened, step: int) -> Pixels:
    try:
        return decode(photo, step)
    except PhotoError as error:
        raise PhotoError(error.reason, error.detail, side) from None


def _fit(width: int, height: int, left: int, room: int, size: int) -> Box:
    scale = min(room / width, size / height)
    wide, high = min(max(round(width * scale), 1), room), min(max(round(height * scale), 1), size)
    return Box(left + (room - wide) // 2, (size - high) // 2, wide, high)


def _resize(pixels: Pixels, box: Box) -> Pixels:
    """Averaging over areas where it shrinks; linear where it grows."""
    shrinks = pixels.shape[1] >= box.width and pixels.shape[0] >= box.height
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (box.width, box.height), interpolation=how))
