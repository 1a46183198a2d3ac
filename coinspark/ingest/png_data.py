"""What Pillow gets wrong about a PNG: missing rows are left zero, and transparent colours are not scaled."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image

from coinspark.ingest.photo_error import PhotoError

_GREY, _RGB = 0, 2
_PIXELS: Final = b"IDAT"
_METADATA: Final = frozenset({b"eXIf", b"iTXt", b"zTXt", b"tEXt"})
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES: Final = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
]
"""First column, first row, and steps of the passes of an interlaced PNG (PNG specification, section 8)."""
_STEP: Final = 1 << 20


def read_exif(data: bytes, image: Image.Image) -> Image.Exif:
    """EXIF data of an opened PNG. Its pixels are decoded only if there is metadata after them."""
    names = [name for name, _, _ in _chunks(data)]
    if _PIXELS in names and not _METADATA.isdisjoint(names[names.index(_PIXELS) :]):
        image.load()
    return Image.Image.getexif(image)  # that of PngImageFile decodes the pixels


def check_rows(data: bytes, image: Image.Image) -> None:
    """Raise PhotoError (truncated) if the pixel data ends before the last row.

    Args:
        image: The decoded PNG. Its data is decompressed again only if its last row is zero or it is
            interlaced.
    """
    last = image.crop((0, image.height - 1, image.width, image.height))
    if (data[28] or not np.asarray(last).any()) and _decompressed(data) < _expected(data):
        raise PhotoError("truncated", "the pixel data ends before the last row")


def correct_transparency(data: bytes, image: Image.Image) -> None:
    """Scale the transparent grey value to 8 bits, as Pillow scales the pixels.

    Raises PhotoError (unsupported) for a transparent colour of 16 bits, which is lost in 8 bits.
    """
    bits, colour = data[24], data[25]
    if "transparency" not in image.info:
        return
    if colour == _GREY and bits in (2, 4):
        image.info["transparency"] = image.info["transparency"] * 255 // (2**bits - 1)
    elif colour == _RGB and bits == 16:
        raise PhotoError("unsupported", "the PNG has a transparent colour of 16 bits")


def _expected(data: bytes) -> int:
    """Bytes of all rows with their filter bytes, according to the header."""
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    bits = data[24] * _CHANNELS[data[25]]
    if not data[28]:
        return height * (1 + (width * bits + 7) // 8)
    total = 0
    for left, top, across, down in _PASSES:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def _decompressed(data: bytes) -> int:
    """Number of bytes that the pixel data decompress to."""
    inflate, total = zlib.decompressobj(), 0
    for name, start, end in _chunks(data):
        chunk = data[start:end] if name == _PIXELS else b""
        while chunk and not inflate.eof:
            total += len(inflate.decompress(chunk, _STEP))
            chunk = inflate.unconsumed_tail
    while not inflate.eof and (rest := inflate.decompress(inflate.unconsumed_tail, _STEP)):
        total += len(rest)
    return total


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the data of each chunk."""
    position = 8
    while position + 8 <= len(data):
        length, name = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        yield name, position + 8, position + 8 + length
        position += 12 + length
