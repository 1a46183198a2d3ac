"""Read and decode one photo: a file's bytes → an upright 8-bit RGB array.

A photo that cannot be used raises PhotoError with a reason of the table `rejects`; all such reasons are
raised in this module. The header is read first and its size checked before pixels are decoded, so that a
decompression bomb costs no memory. A JPEG much larger than needed is decoded at 1/2, 1/4 or 1/8 of its size:
libjpeg scales in the frequency domain, which is fast and smooth.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from coinspark.ingest.photo_files import read_bytes
from coinspark.warehouse.schemas import Reason

Pixels = NDArray[np.uint8]

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")
_SIGNATURES: Final = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"BM": "BMP",
}
_UNSUPPORTED: Final = {
    b"%PDF": "PDF",
    b"8BPS": "Photoshop",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x0a": "JPEG XL",
    b"%!PS": "PostScript",
    b"<svg": "SVG",
    b"<?xml": "XML",
    b"II\xbc": "JPEG XR",
    b"FUJIFILM": "a raw photo",
    b"IIU\0": "a raw photo",
}
_TRANSPOSE: Final = {  # EXIF orientation → operation that turns the photo upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION_TAG: Final = 0x0112
_REDUCED: Final = {
    1: cv2.IMREAD_COLOR_RGB,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
# Errors of Pillow and zlib on broken files. Any other error is a fault of the program and fails the job.
_READ_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    zlib.error,
    OverflowError,
)

Image.MAX_IMAGE_PIXELS = None  # `open_photo` checks `ingest.max_pixels` instead


class PhotoError(Exception):
    """A photo that cannot be used: the reason and detail of its reject, and the side if it is known."""

    def __init__(self, reason: Reason, detail: str, side: str = "") -> None:
        super().__init__(reason, detail, side)
        self.reason: Reason = reason
        self.detail = detail
        self.side = side


@dataclass(frozen=True)
class OpenedPhoto:
    """A photo whose header has been read. `width` and `height` are those of the upright photo."""

    data: bytes
    image: Image.Image
    width: int
    height: int
    orientation: int


def read_photo(uri: str, listed_bytes: int, max_bytes: int) -> bytes:
    """The content of a photo file. Raises PhotoError: too_large, missing_photo, unreadable."""
    if listed_bytes > max_bytes:
        raise PhotoError("too_large", f"the file has {listed_bytes} bytes, ingest.max_bytes is {max_bytes}")
    try:
        return read_bytes(uri)
    except FileNotFoundError:
        raise PhotoError("missing_photo", "the file was deleted after it had been listed") from None
    except OSError as error:
        raise PhotoError("unreadable", f"the file cannot be read ({error.strerror or error})") from None


def open_photo(data: bytes, max_pixels: int) -> OpenedPhoto:
    """Read the header.

    Raises PhotoError: empty, not_an_image, unsupported, truncated, unreadable, too_large.
    """
    if not data:
        raise PhotoError("empty", "the file has no bytes")
    file_format = _detect_format(data)
    if file_format == "WEBP":  # Pillow allocates the whole canvas when it opens one
        _check_size(*_webp_size(data), max_pixels)
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise _broken(data, file_format, "the header cannot be read") from None
    except _READ_ERRORS as error:
        raise _broken(data, file_format, str(error)) from None
    _check_size(image.width, image.height, max_pixels)
    orientation = _orientation(image)
    width, height = image.size if orientation < 5 else reversed(image.size)
    return OpenedPhoto(data, image, width, height, orientation)


def reduction(photo: OpenedPhoto, width: int, height: int) -> int:
    """The largest divisor (1, 2, 4, 8) that leaves a JPEG twice as large as needed; 1 for other formats."""
    if photo.image.format != "JPEG":
        return 1
    limit = min(photo.width // max(2 * width, 1), photo.height // max(2 * height, 1))
    return next(divisor for divisor in (8, 4, 2, 1) if divisor <= max(limit, 1))


def decode(photo: OpenedPhoto, divisor: int = 1) -> Pixels:
    """The upright photo as uint8 [height, width, 3], about 1/divisor of its size.

    Raises PhotoError: truncated, unreadable, unsupported.

    RGB and grey JPEGs that end with the end marker are decoded by OpenCV, which is twice as fast as Pillow.
    All others are decoded by Pillow, because OpenCV silently fills a truncated photo with grey.
    """
    if photo.image.format == "JPEG" and photo.image.mode in ("RGB", "L") and photo.data[-2:] == b"\xff\xd9":
        pixels = cv2.imdecode(
            np.frombuffer(photo.data, np.uint8), _REDUCED[divisor] | cv2.IMREAD_IGNORE_ORIENTATION
        )
        if pixels is not None:
            rgb = pixels if divisor == 1 else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
            return _upright(rgb, photo.orientation)
    image = Image.open(io.BytesIO(photo.data), formats=FORMATS)
    try:
        image.draft(image.mode, (max(image.width // divisor, 1), max(image.height // divisor, 1)))
        image.load()
        pixels = to_rgb(image)
    except _READ_ERRORS as error:
        raise _broken(photo.data, image.format, str(error)) from None
    return _upright(pixels, photo.orientation)


def to_rgb(image: Image.Image) -> Pixels:
    """Convert any mode of Pillow to 8-bit RGB; of several frames the first. Raises PhotoError: unsupported.

    Transparent pixels become black like the padding, whatever colour is stored below the alpha channel.
    16-bit values keep their upper eight bits. CMYK is converted by the plain formula without its colour
    profile.
    """
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I"):
        grey16 = np.asarray(image).astype(np.int64)
        if grey16.min() < 0 or grey16.max() > 0xFFFF:
            raise PhotoError(
                "unsupported",
                f"grey values from {grey16.min()} to {grey16.max()}; 8 and 16 bits are supported",
            )
        grey = (grey16 >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode == "F":
        raise PhotoError("unsupported", "grey values are floating point numbers; 8 and 16 bits are supported")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        alpha = rgba[:, :, 3:].astype(np.uint16)
        return ((rgba[:, :, :3] * alpha + 127) // 255).astype(np.uint8)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    if orientation not in _TRANSPOSE:
        return pixels
    return np.asarray(Image.fromarray(pixels).transpose(_TRANSPOSE[orientation]))


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1 if there is none or the EXIF data is broken."""
    if image.format == "JPEG" and "exif" not in image.info and "xmp" not in image.info:
        return 1
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except _READ_ERRORS:
        return 1
    return orientation if isinstance(orientation, int) and orientation in _TRANSPOSE else 1


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise PhotoError("unreadable", f"the header declares {width} × {height} pixels")
    if width * height > max_pixels:
        raise PhotoError(
            "too_large", f"the header declares {width} × {height} pixels, ingest.max_pixels is {max_pixels}"
        )


def _detect_format(data: bytes) -> str:
    """The format by the first bytes. Raises PhotoError: unsupported, not_an_image."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    for signature, name in _SIGNATURES.items():
        if data.startswith(signature):
            return name
    start = data[:64].lstrip().lower() if data[:1] in b" \r\n\t<" else data[:64]
    other = next((name for signature, name in _UNSUPPORTED.items() if start.startswith(signature)), None)
    if data[4:8] == b"ftyp":
        other = "HEIC, AVIF or video"
    if other is not None:
        raise PhotoError("unsupported", f"the file is {other}; supported: {', '.join(FORMATS)}")
    if not data.strip(b"\0"):
        raise PhotoError("not_an_image", f"the file consists of {len(data)} zero bytes")
    raise PhotoError("not_an_image", f"the file begins with {data[:16]!r}, which is not an image format")


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


def _broken(data: bytes, file_format: str | None, detail: str) -> PhotoError:
    """The error of a broken photo: truncated if the end marker of its format is missing, else unreadable."""
    complete = {
        "JPEG": b"\xff\xd9" in data[-4096:],
        "PNG": b"IEND" in data[-4096:],
        "GIF": data.rstrip(b"\0")[-1:] == b";",
        "WEBP": int.from_bytes(data[4:8], "little") + 8 <= len(data),
    }.get(file_format or "", "truncated" not in detail)
    return PhotoError("unreadable" if complete else "truncated", detail)
