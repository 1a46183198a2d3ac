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
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

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
from coinspark.ingest.png_data import check_rows, correct_transparency, read_exif
from coinspark.ingest.tiff_data import check_samples, embedded_jpegs, stored_size

_ORIENTATION_TAG: Final = 0x0112
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
_HARMLESS_PIXELS: Final = 30_000_000
_HARMLESS_SCANS: Final = 12
_BMP_RLE: Final = (1, 2)
_RGB_BYTES, _CMYK_BYTES, _WEBP_BYTES = 3, 7, 16  # per pixel: result; Pillow's and OpenCV's copy; canvases

Image.MAX_IMAGE_PIXELS = None  # `header_limits` checks `ingest.max_pixels` instead


@dataclass(frozen=True)
class OpenedPhoto:
    """A photo whose header has been read. `width` and `height` are those of the upright photo.

    `image` is Pillow's, None for a JPEG.
    """

    data: bytes
    format: str
    header: Header
    width: int
    height: int
    orientation: int
    image: Image.Image | None

    @property
    def is_harmless(self) -> bool:
        """Whether decoding takes little time and memory: a JPEG of usual size and coding."""
        jpeg = self.header.jpeg
        usual = jpeg is not None and jpeg.components < 4 and jpeg.scans <= _HARMLESS_SCANS
        return usual and self.width * self.height <= _HARMLESS_PIXELS


def open_photo(data: bytes, limits: Limits) -> OpenedPhoto:
    """Read the header.

    Raises PhotoError: empty, not_an_image, unsupported, truncated, unreadable, too_large, too_slow.
    """
    file_format = detect_format(data)
    header = check_header(data, file_format, limits)
    jpeg, others = header.jpeg, header.extra_bytes + 2 * len(data)
    try:
        image = _open(data) if jpeg is None or jpeg.has_metadata else None
        width, height = _stored_size(jpeg, image)
        check_size(width, height, limits)
        check_memory(_bytes_per_pixel(jpeg, image, 1) * width * height + others, limits)
        orientation = _orientation(data, image)
        check_memory(_bytes_per_pixel(jpeg, image, orientation) * width * height + others, limits)
    except UnidentifiedImageError:
        raise _broken(data, file_format, "the header cannot be read") from None
    except READ_ERRORS as error:
        raise _broken(data, file_format, one_line(error)) from None
    if orientation >= 5:
        width, height = height, width
    return OpenedPhoto(data, file_format, header, width, height, orientation, None if jpeg else image)


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
    jpeg = photo.header.jpeg
    if jpeg is not None:
        pixels = _decode_jpeg(photo.data, jpeg, divisor)
        if jpeg.components < 4:
            return upright(pixels, photo.orientation)
    pixels = _decode_with_pillow(photo, divisor)
    # Pillow applies the orientation of a TIFF itself
    return pixels if photo.format == "TIFF" else upright(pixels, photo.orientation)


def _decode_with_pillow(photo: OpenedPhoto, divisor: int) -> Pixels:
    """RGB pixels as stored; of a TIFF upright."""
    jpeg, failure = photo.header.jpeg, ""
    with captured_stderr() as messages, warnings.catch_warnings():  # of libtiff; of Pillow
        warnings.simplefilter("ignore")
        try:
            image = photo.image or _open(repaired(photo.data, jpeg) if jpeg else photo.data)
            image.draft(image.mode, (max(image.width // divisor, 1), max(image.height // divisor, 1)))
            samples = check_samples(image) if isinstance(image, TiffImageFile) else (16, False)
            image.load()
            if photo.format == "PNG":
                check_rows(photo.data, image)
                correct_transparency(photo.data, image)
            pixels = to_rgb(image, *samples)
            embedded = [*embedded_jpegs(photo.data, image)] if isinstance(image, TiffImageFile) else []
        except READ_ERRORS as error:
            failure = str(error) or type(error).__name__
    if failure:
        raise _broken(photo.data, photo.format, one_line("; ".join([failure, *messages])))
    if messages:
        raise PhotoError("corrupt", one_line(" ".join(messages)))
    for part in embedded:  # libtiff does not report their damage
        structure = read_structure(part, MAX_SCANS)
        check_scans(structure)
        _decode_jpeg(part, structure, 8)
    return pixels


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


def _stored_size(jpeg: JpegStructure | None, image: Image.Image | None) -> tuple[int, int]:
    """Width and height before the orientation is applied."""
    if jpeg is not None or image is None:
        return (jpeg.width, jpeg.height) if jpeg is not None else (0, 0)
    return stored_size(image) if isinstance(image, TiffImageFile) else image.size


def _bytes_per_pixel(jpeg: JpegStructure | None, image: Image.Image | None, orientation: int) -> int:
    """Bytes that decoding takes at its peak: the decoder's pixels, the RGB result, and its rotated copy."""
    rotated = _RGB_BYTES if orientation > 1 else 0
    if jpeg is not None or image is None:
        stored = _CMYK_BYTES if jpeg is not None and jpeg.components == 4 else 0
        return stored + _RGB_BYTES + rotated
    stored = {"1": 1, "L": 1, "P": 1}.get(image.mode, 2 if image.mode.startswith("I;16") else 4)
    if image.format == "WEBP":
        stored = _WEBP_BYTES
    elif image.format == "BMP" and image.info.get("compression") in _BMP_RLE:
        stored *= 3  # Pillow decodes it in Python, with copies
    elif image.format == "TIFF" and orientation > 1:
        stored *= 2
    return stored + _RGB_BYTES + rotated


def _orientation(data: bytes, image: Image.Image | None) -> int:
    """The EXIF orientation; 1 if there is none or the EXIF data is broken."""
    if image is None:
        return 1
    try:
        exif = read_exif(data, image) if image.format == "PNG" else image.getexif()
        orientation = exif.get(_ORIENTATION_TAG, 1)
    except READ_ERRORS:
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _broken(data: bytes, file_format: str, detail: str) -> PhotoError:
    """The error of a broken photo: truncated if the end marker of its format is missing, else unreadable."""
    complete = {
        "JPEG": b"\xff\xd9" in data[-4096:],
        "PNG": b"IEND" in data[-4096:],
        "GIF": data.rstrip(b"\0")[-1:] == b";",
        "WEBP": int.from_bytes(data[4:8], "little") + 8 <= len(data),
    }.get(file_format, "truncated" not in detail)
    return PhotoError("unreadable" if complete else "truncated", detail)
