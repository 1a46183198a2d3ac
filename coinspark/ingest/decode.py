"""A photo's bytes → an upright 8-bit RGB array, or a PhotoError that says why not.

The header is read first: what it declares is checked before a pixel is decoded, so that a bomb costs nothing. A JPEG
much larger than needed is decoded at 1/2, 1/4 or 1/8 (libjpeg scales in the frequency domain: cheaper and smooth).
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

from coinspark.warehouse.schemas import Reason

Pixels = NDArray[np.uint8]

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")
_MAGIC: Final = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"BM": "BMP",
}
_OTHERS: Final = {
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
_TURN: Final = {  # EXIF orientation → how to set it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION: Final = 0x0112
_REDUCED: Final = {
    1: cv2.IMREAD_COLOR_RGB,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
# What Pillow's and zlib's readers raise on broken files; anything else is a fault of ours and fails the job.
_BROKEN: Final = (
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

Image.MAX_IMAGE_PIXELS = (
    None  # `ingest.max_pixels` is the limit, checked in `open_photo` before anything is decoded
)


class PhotoError(Exception):
    """A photo that cannot be used: a reason of `rejects`, what was found, and (where known) which side it is."""

    def __init__(self, reason: Reason, detail: str, side: str = "") -> None:
        super().__init__(reason, detail, side)
        self.reason: Reason = reason
        self.detail = detail
        self.side = side


@dataclass(frozen=True)
class Opened:
    """A photo whose header was read. `width` and `height` are those of the upright photo."""

    data: bytes
    image: Image.Image
    width: int
    height: int
    orientation: int


def open_photo(data: bytes, max_pixels: int) -> Opened:
    """Read the header. PhotoError: empty, not_an_image, unsupported, truncated, unreadable, too_large."""
    if not data:
        raise PhotoError("empty", "the file holds no byte")
    kind = _kind(data)
    if kind == "WEBP":
        _check_size(
            *_webp_size(data), max_pixels
        )  # Pillow's reader allocates the whole canvas when it opens one
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise _broken(data, kind, "its header cannot be read") from None
    except _BROKEN as error:
        raise _broken(data, kind, str(error)) from None
    _check_size(image.width, image.height, max_pixels)
    orientation = _orientation(image)
    width, height = image.size if orientation < 5 else reversed(image.size)
    return Opened(data, image, width, height, orientation)


def reduction(photo: Opened, width: int, height: int) -> int:
    """At which fraction (1, 2, 4, 8) a JPEG is still twice as large as needed; 1 for other formats."""
    if photo.image.format != "JPEG":
        return 1
    room = min(photo.width // max(2 * width, 1), photo.height // max(2 * height, 1))
    return next(step for step in (8, 4, 2, 1) if step <= max(room, 1))


def decode(photo: Opened, step: int = 1) -> Pixels:
    """The upright photo as uint8 [height, width, 3], about 1/step of its size.

    PhotoError: truncated, unreadable, unsupported.

    Whole RGB and grey JPEGs go through OpenCV, twice as fast as Pillow; one that does not end as it should goes through
    Pillow, because OpenCV fills a truncated photo with grey and says nothing.
    """
    if photo.image.format == "JPEG" and photo.image.mode in ("RGB", "L") and photo.data[-2:] == b"\xff\xd9":
        pixels = cv2.imdecode(
            np.frombuffer(photo.data, np.uint8), _REDUCED[step] | cv2.IMREAD_IGNORE_ORIENTATION
        )
        if pixels is not None:
            return _upright(
                pixels if step == 1 else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), photo.orientation
            )
    image = Image.open(io.BytesIO(photo.data), formats=FORMATS)
    try:
        image.draft(image.mode, (max(image.width // step, 1), max(image.height // step, 1)))
        image.load()
        pixels = to_rgb(image)
    except _BROKEN as error:
        raise _broken(photo.data, image.format, str(error)) from None
    return _upright(pixels, photo.orientation)


def to_rgb(image: Image.Image) -> Pixels:
    """Any of Pillow's modes as 8-bit RGB; the first frame of several.

    What is transparent becomes black: the bars are black, so that a cut-out coin stands on the ground of its picture,
    whatever colour lies hidden below its alpha. 16 bits keep the upper eight. CMYK is converted by the plain formula,
    without its printing profile.
    """
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I"):
        deep = np.asarray(image).astype(np.int64)
        if deep.min() < 0 or deep.max() > 0xFFFF:
            raise PhotoError(
                "unsupported", f"grey values from {deep.min()} to {deep.max()}; 8 or 16 bits are read"
            )
        grey = (deep >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode == "F":
        raise PhotoError("unsupported", "grey values are floating point numbers; 8 or 16 bits are read")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        alpha = rgba[:, :, 3:].astype(np.uint16)
        return ((rgba[:, :, :3] * alpha + 127) // 255).astype(np.uint8)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    if orientation not in _TURN:
        return pixels
    return np.asarray(Image.fromarray(pixels).transpose(_TURN[orientation]))


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 where there is none; a photo is not refused for broken EXIF."""
    if image.format == "JPEG" and "exif" not in image.info and "xmp" not in image.info:
        return 1
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except _BROKEN:
        return 1
    return found if isinstance(found, int) and found in _TURN else 1


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise PhotoError("unreadable", f"its header declares {width} × {height} pixels")
    if width * height > max_pixels:
        raise PhotoError(
            "too_large", f"its header declares {width} × {height} pixels, ingest.max_pixels is {max_pixels}"
        )


def _kind(data: bytes) -> str | None:
    """The format by its first bytes; PhotoError when it is none of those that are read."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    found = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), None)
    if found is None:
        head = data[:64].lstrip().lower() if data[:1] in b" \r\n\t<" else data[:64]
        other = next((name for magic, name in _OTHERS.items() if head.startswith(magic)), None)
        if data[4:8] == b"ftyp":
            other = "HEIC, AVIF or video"
        if other is not None:
            raise PhotoError("unsupported", f"the file is {other}; {', '.join(FORMATS)} are read")
        if not data.strip(b"\0"):
            raise PhotoError("not_an_image", f"the file holds {len(data)} zero bytes")
        raise PhotoError("not_an_image", f"the file begins with {data[:16]!r}, which is no photo")
    return found


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height of a WebP's canvas (RFC 9649): chunk VP8X, VP8L or VP8."""
    if len(data) < 30:
        raise PhotoError("truncated", f"the file ends after {len(data)} bytes")
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF


def _broken(data: bytes, kind: str | None, detail: str) -> PhotoError:
    """truncated when the file does not end as its format does, else unreadable."""
    whole = {
        "JPEG": b"\xff\xd9" in data[-4096:],
        "PNG": b"IEND" in data[-4096:],
        "GIF": data.rstrip(b"\0")[-1:] == b";",
        "WEBP": int.from_bytes(data[4:8], "little") + 8 <= len(data),
    }.get(kind or "", "truncated" not in detail)
    return PhotoError("unreadable" if whole else "truncated", detail)
