"""Limits of a photo that are checked in its header, before its pixels are decoded.

A small file can declare pixels, tiles, scans or metadata that take gigabytes or minutes to decode. What these
checks miss is stopped by the limits of the process that decodes (`decoder_process`).
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from coinspark.ingest.jpeg_structure import JpegStructure, read_structure
from coinspark.ingest.photo_error import PhotoError
from coinspark.warehouse.schemas import Reason

MAX_SCANS: Final = 100
"""Scans of a JPEG; encoders write about ten."""
MAX_METADATA: Final = 16_000_000
"""Bytes of profiles, EXIF data, texts and comments before the pixels."""
_MAX_BLOCKS: Final = 20_000
_TIFF_TYPES: Final = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
}  # bytes
_TIFF_TEXTS: Final = (1, 2, 7)
_BYTES_PER_NUMBER: Final = 50  # a number of a TIFF tag as a Python object in a tuple


class Limits(NamedTuple):
    """Limits of decoding: pixels and bytes of memory of one photo, seconds of processor time of a coin."""

    max_pixels: int = 64_000_000
    max_memory: int = 512_000_000
    max_seconds: int = 30


DEFAULT_LIMITS: Final = Limits()


class Header(NamedTuple):
    """Results of the checks: bytes that decoding takes in addition to the pixels; the structure of a JPEG."""

    extra_bytes: int = 0
    jpeg: JpegStructure | None = None


def check_header(data: bytes, file_format: str, limits: Limits) -> Header:
    """Check what the header declares. Raises PhotoError: too_large, too_slow, truncated, unreadable."""
    if file_format == "JPEG":
        return _check_jpeg(data, limits)
    if file_format == "PNG" and data[12:16] == b"IHDR" and len(data) >= 24:
        check_size(int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"), limits)
        _check_png_metadata(data)
    elif file_format == "GIF" and len(data) >= 13:
        check_size(int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little"), limits)
        _check_gif(data)
    elif file_format == "WEBP":
        check_size(*_webp_size(data), limits)
    elif file_format == "TIFF":
        return Header(_tiff_buffers(data, limits))
    return Header()


def check_size(width: int, height: int, limits: Limits) -> None:
    """Raise PhotoError if there are no pixels (unreadable) or too many (too_large)."""
    if width < 1 or height < 1:
        raise PhotoError("unreadable", f"the header declares {width} × {height} pixels")
    if width * height > limits.max_pixels:
        raise PhotoError(
            "too_large",
            f"the header declares {width} × {height} pixels, ingest.max_pixels is {limits.max_pixels}",
        )


def check_memory(needed: int, limits: Limits) -> None:
    """Raise PhotoError (too_large) if decoding takes more bytes than `ingest.max_memory`."""
    if needed > limits.max_memory:
        raise PhotoError(
            "too_large", f"decoding takes about {needed} bytes, ingest.max_memory is {limits.max_memory}"
        )


def check_metadata(size: int) -> None:
    """Raise PhotoError (too_large) if there are more bytes of metadata than MAX_METADATA."""
    if size > MAX_METADATA:
        raise PhotoError("too_large", f"{size} bytes of metadata before the pixels; at most {MAX_METADATA}")


def check_scans(jpeg: JpegStructure) -> None:
    """Raise PhotoError if scans are too many (too_slow), missing (truncated) or overwritten (corrupt)."""
    if jpeg.scans > MAX_SCANS:
        raise PhotoError("too_slow", f"the JPEG has more than {MAX_SCANS} scans")
    if jpeg.scans and not jpeg.complete:
        raise PhotoError("truncated", "scans of the JPEG are missing")
    if jpeg.zeroed:
        raise PhotoError("corrupt", "bytes of the JPEG were overwritten with zeros")


def _check_jpeg(data: bytes, limits: Limits) -> Header:
    jpeg = read_structure(data, MAX_SCANS)
    if not jpeg.coded:
        reason: Reason = "unreadable" if jpeg.ended else "truncated"
        raise PhotoError(reason, "the JPEG has no frame before its pixels")
    if jpeg.bits != 8 or jpeg.components not in (1, 3, 4):
        detail = f"the JPEG has {jpeg.components} channels of {jpeg.bits} bits; 1, 3 or 4 of 8 are supported"
        raise PhotoError("unsupported", detail)
    check_size(jpeg.width, jpeg.height, limits)
    check_metadata(jpeg.metadata_bytes or len(data))
    check_scans(jpeg)
    # libjpeg keeps two bytes for each coefficient of an image in several scans
    coefficients = 2 * jpeg.width * jpeg.height * jpeg.components if jpeg.scans > 1 else 0
    return Header(coefficients, jpeg)


def _check_png_metadata(data: bytes) -> None:
    """Check the chunks before the pixels."""
    position = 8
    for _ in range(_MAX_BLOCKS):
        length, name = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if name == b"IDAT" or len(name) < 4:
            check_metadata(min(position, len(data)))
            return
        position += 12 + length
    raise PhotoError("too_large", f"more than {_MAX_BLOCKS} chunks before the pixels")


def _check_gif(data: bytes) -> None:
    """Check the comments before the first frame, and the code size of that frame.

    Pillow's time grows with the square of the length of comments. It accepts a code size that no GIF has.
    """
    position = 13 + _palette_bytes(data[10])
    blocks = 0
    while data[position : position + 1] == b"!":
        position += 2
        while position < len(data) and data[position]:
            position += 1 + data[position]
            blocks += 1
            if blocks > _MAX_BLOCKS:
                raise PhotoError("too_large", f"more than {_MAX_BLOCKS} blocks of comments before the pixels")
        position += 1
    frame = data[position : position + 10]
    if len(frame) == 10 and frame[:1] == b",":
        start = position + 10 + _palette_bytes(frame[9])
        code_size = data[start : start + 1]
        if code_size and not 1 <= code_size[0] <= 8:
            raise PhotoError("unreadable", f"the first frame has codes of {code_size[0]} bits")


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height of the canvas of a WebP: chunk VP8X, VP8L or VP8 (RFC 9649)."""
    if len(data) < 30:
        raise PhotoError("truncated", f"the file ends after {len(data)} bytes")
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF


def _tiff_buffers(data: bytes, limits: Limits) -> int:
    """Bytes that decoding takes for the tags of the first directory and for a tile or strip."""
    order = ">" if data[:1] == b"M" else "<"
    tags: dict[int, int] = {}
    tag_bytes = 0
    try:
        (offset,) = struct.unpack_from(f"{order}I", data, 4)
        (entries,) = struct.unpack_from(f"{order}H", data, offset)
        for index in range(entries):
            tag, kind, count = struct.unpack_from(f"{order}HHI", data, offset + 2 + 12 * index)
            size = min(count * _TIFF_TYPES.get(kind, 1), len(data))
            tag_bytes += 3 * size if kind in _TIFF_TEXTS else _BYTES_PER_NUMBER * size // 2
            form = {1: "B", 3: "H", 4: "I"}.get(kind)
            if count == 1 and form:
                (tags[tag],) = struct.unpack_from(order + form, data, offset + 10 + 12 * index)
    except struct.error:
        raise PhotoError("truncated", "the directory of the TIFF is outside the file") from None
    width, height = tags.get(256, 0), tags.get(257, 0)
    check_size(width, height, limits)
    samples = max(tags.get(277, 1), 1) * 2  # at most 16 bits each
    tile = tags.get(322, 0) * tags.get(323, 0) * samples
    strip = width * min(tags.get(278, height), height) * samples
    return tag_bytes + (2 * tile if tile else strip)
