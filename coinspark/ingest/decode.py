"""Decode one photo: a file's bytes → an upright 8-bit RGB array.

A photo that cannot be used raises PhotoError with a reason of the table `rejects`. The header is read first
and its limits checked (`header_limits`). A JPEG much larger than needed is decoded at 1/2, 1/4 or 1/8 of its
size: libjpeg scales in the frequency domain, which is fast and smooth.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from coinspark.core.formatting import one_line
from coinspark.ingest.captured_stderr import captured_stderr
from coinspark.ingest.header_limits import (
    MAX_SCANS,
    Header,
    Limits,
    check_header,
    check_memory,
    check_scans,
    check_size,
)
from coinspark.ingest.jpeg_structure import JpegStructure, read_structure, repaired
from coinspark.ingest.photo_error import PhotoError
from coinspark.ingest.photo_formats import FORMATS, detect_format
from coinspark.ingest.pixels import Pixels, to_rgb, upright
from coinspark.ingest.png_data import check_rows, correct_transparency

_ORIENTATION_TAG: Final = 0x0112
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_COMPRESSION, _TIFF_JPEG_TABLES = 256, 257, 259, 347
_TIFF_OLD_JPEG, _TIFF_JPEG = 6, 7
_REDUCED: Final = {
    1: cv2.IMREAD_COLOR_RGB,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
# Errors of Pillow and zlib on broken files. Any other error is a fault of the program and fails the job.
READ_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    struct.error,
    zlib.error,
    OverflowError,
    ZeroDivisionError,
)
_BMP_RLE: Final = (1, 2)
_RGB_BYTES, _CMYK_BYTES, _WEBP_BYTES = 3, 7, 16  # per pixel: result; Pillow's and OpenCV's copy; canvases

TiffImagePlugin.READ_LIBTIFF = (
    True  # Pillow's own decoder of uncompressed TIFFs confuses planes and bit orders
)
Image.MAX_IMAGE_PIXELS = None  # `header_limits` checks `ingest.max_pixels` instead


@dataclass(frozen=True)
class OpenedPhoto:
    """A photo whose header has been read. `width` and `height` are those of the upright photo."""

    data: bytes
    format: str
    header: Header
    image: Image.Image
    width: int
    height: int
    orientation: int


def open_photo(data: bytes, limits: Limits) -> OpenedPhoto:
    """Read the header.

    Raises PhotoError: empty, not_an_image, unsupported, truncated, unreadable, too_large, too_slow.
    """
    file_format = detect_format(data)
    header = check_header(data, file_format, limits)
    try:
        image = _open(data)
        width, height = image.size
        if file_format == "TIFF":  # Pillow exchanges them for some orientations
            width, height = (int(image.tag_v2[tag]) for tag in (_TIFF_WIDTH, _TIFF_HEIGHT))  # type: ignore[attr-defined]
    except UnidentifiedImageError:
        raise _broken(data, file_format, "the header cannot be read") from None
    except READ_ERRORS as error:
        raise _broken(data, file_format, str(error)) from None
    check_size(width, height, limits)
    orientation = _orientation(image)
    check_memory(_decoded_bytes(image, file_format, orientation) + header.extra_bytes + 2 * len(data), limits)
    if orientation >= 5:
        width, height = height, width
    return OpenedPhoto(data, file_format, header, image, width, height, orientation)


def reduction(photo: OpenedPhoto, width: int, height: int) -> int:
    """The largest divisor (1, 2, 4, 8) that leaves a JPEG twice as large as needed; 1 for other formats."""
    if photo.format != "JPEG":
        return 1
    limit = min(photo.width // max(2 * width, 1), photo.height // max(2 * height, 1))
    return next(divisor for divisor in (8, 4, 2, 1) if divisor <= max(limit, 1))


def decode(photo: OpenedPhoto, divisor: int = 1) -> Pixels:
    """The upright photo as uint8 [height, width, 3], about 1/divisor of its size.

    Raises PhotoError: truncated, corrupt, unreadable, unsupported.
    """
    if photo.format == "JPEG" and photo.header.jpeg is not None:
        pixels = _decode_jpeg(photo.data, photo.header.jpeg, divisor)
        if photo.image.mode in ("RGB", "L"):
            return upright(pixels, photo.orientation)
    pixels = _decode_with_pillow(photo, divisor)
    # Pillow applies the orientation of a TIFF itself
    return pixels if photo.format == "TIFF" else upright(pixels, photo.orientation)


def _decode_with_pillow(photo: OpenedPhoto, divisor: int) -> Pixels:
    """RGB pixels as stored; of a TIFF upright."""
    data = repaired(photo.data, photo.header.jpeg) if photo.header.jpeg else photo.data
    image = _open(data)
    with captured_stderr() as messages, warnings.catch_warnings():  # of libtiff; of Pillow
        warnings.simplefilter("ignore")
        try:
            image.draft(image.mode, (max(image.width // divisor, 1), max(image.height // divisor, 1)))
            bits = _sample_bits(image)
            image.load()
            if photo.format == "PNG":
                check_rows(data, image)
                correct_transparency(data, image)
            pixels, failure = to_rgb(image, *bits), ""
        except READ_ERRORS as error:
            failure = str(error) or type(error).__name__
    if failure:
        raise _broken(data, photo.format, one_line("; ".join([failure, *messages])))
    if messages:
        raise PhotoError("corrupt", one_line(" ".join(messages)))
    if photo.format == "TIFF" and photo.image.tag_v2.get(_TIFF_COMPRESSION) == _TIFF_JPEG:  # type: ignore[attr-defined]
        for jpeg in _jpegs_of_tiff(photo):  # libtiff does not report their damage
            structure = read_structure(jpeg, MAX_SCANS)
            check_scans(structure)
            _decode_jpeg(jpeg, structure, 8)
    return pixels


def _jpegs_of_tiff(photo: OpenedPhoto) -> Iterator[bytes]:
    """The strips or tiles of a TIFF with JPEG compression, each completed by the common tables."""
    tags = photo.image.tag_v2  # type: ignore[attr-defined]
    tables = tags.get(_TIFF_JPEG_TABLES, b"")[:-2]
    offsets, sizes = (tags.get(strips, tags.get(tiles)) for strips, tiles in ((273, 324), (279, 325)))
    for offset, size in zip(offsets, sizes, strict=True):
        piece = photo.data[offset : offset + size]
        yield tables + piece[2:] if tables else piece


def _open(data: bytes) -> Image.Image:
    with warnings.catch_warnings():  # they do not name the file
        warnings.simplefilter("ignore")
        return Image.open(io.BytesIO(data), formats=FORMATS)


def _decode_jpeg(data: bytes, jpeg: JpegStructure, divisor: int) -> Pixels:
    """RGB pixels as stored. OpenCV is twice as fast as Pillow, and prints libjpeg's warnings.

    libjpeg fills what it cannot decode with grey and only warns.
    """
    flags = _REDUCED[divisor] | cv2.IMREAD_IGNORE_ORIENTATION
    with captured_stderr() as messages:
        try:
            pixels = cv2.imdecode(np.frombuffer(repaired(data, jpeg), np.uint8), flags)
        except cv2.error as error:
            pixels, messages = None, [str(error)]
    if not messages and pixels is not None:
        return np.asarray(pixels if divisor == 1 else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
    detail = one_line(" ".join(messages).strip()) or "OpenCV cannot decode the JPEG"
    if "nsufficient memory" in detail:
        raise MemoryError(detail)
    if not jpeg.ended:
        raise PhotoError("truncated", detail)
    raise PhotoError("unreadable" if pixels is None else "corrupt", detail)


def _decoded_bytes(image: Image.Image, file_format: str, orientation: int) -> int:
    """Bytes that decoding takes at its peak: the decoder's pixels, the RGB result, and its rotated copy."""
    stored = {"1": 1, "L": 1, "P": 1}.get(image.mode, 2 if image.mode.startswith("I;16") else 4)
    if file_format == "JPEG":
        stored = _CMYK_BYTES if image.mode == "CMYK" else 0
    elif file_format == "WEBP":
        stored = _WEBP_BYTES
    elif file_format == "BMP" and image.info.get("compression") in _BMP_RLE:
        stored *= 3  # Pillow decodes it in Python, with copies
    elif file_format == "TIFF" and orientation > 1:
        stored *= 2
    rotated = _RGB_BYTES if orientation > 1 else 0
    return (stored + _RGB_BYTES + rotated) * image.width * image.height


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1 if there is none or the EXIF data is broken."""
    if image.format == "JPEG" and "exif" not in image.info and "xmp" not in image.info:
        return 1
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except READ_ERRORS:
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _sample_bits(image: Image.Image) -> tuple[int, bool]:
    """Bits of a grey sample of more than 8 bits, and whether zero is white.

    Raises PhotoError (unsupported) for samples that Pillow reads wrongly.
    """
    if image.format != "TIFF":
        return 16, False
    tags = image.tag_v2  # type: ignore[attr-defined]
    bits, kind, photometric = tags.get(258, (1,)), tags.get(339, (1,)), tags.get(262, 0)
    compression = tags.get(_TIFF_COMPRESSION)
    if compression == _TIFF_OLD_JPEG or (photometric == 6 and compression != _TIFF_JPEG):
        raise PhotoError(
            "unsupported", "the TIFF has YCbCr colours without JPEG compression, or an old kind of it"
        )
    if set(kind) != {1}:
        raise PhotoError("unsupported", "the samples of the TIFF are signed or floating point numbers")
    if max(bits) > 16:
        raise PhotoError("unsupported", f"the samples of the TIFF have {max(bits)} bits; at most 16")
    return bits[0], photometric == 0


def _broken(data: bytes, file_format: str, detail: str) -> PhotoError:
    """The error of a broken photo: truncated if the end marker of its format is missing, else unreadable."""
    complete = {
        "JPEG": b"\xff\xd9" in data[-4096:],
        "PNG": b"IEND" in data[-4096:],
        "GIF": data.rstrip(b"\0")[-1:] == b";",
        "WEBP": int.from_bytes(data[4:8], "little") + 8 <= len(data),
    }.get(file_format, "truncated" not in detail)
    return PhotoError("unreadable" if complete else "truncated", detail)
