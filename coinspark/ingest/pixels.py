"""Conversion of a decoded photo to upright 8-bit RGB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from coinspark.ingest.photo_error import PhotoError

Pixels = NDArray[np.uint8]

_WITH_ALPHA: Final = ("LA", "La", "PA", "RGBA", "RGBa")
_UNSUPPORTED: Final = {
    "F": "floating point numbers",
    "I": "numbers of 32 bits or with a sign",
    "LAB": "CIELAB colours",
}
_BAND_PIXELS: Final = 2_000_000
"""Pixels converted at a time: the copies of a conversion stay small."""
_TURNS: Final[dict[int, Callable[[Pixels], Pixels]]] = {  # EXIF orientation → operation that turns upright
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.transpose(1, 0, 2),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].transpose(1, 0, 2),
    8: lambda pixels: np.rot90(pixels),
}


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """The pixels of a photo with this EXIF orientation, turned upright."""
    return np.ascontiguousarray(_TURNS[orientation](pixels)) if orientation in _TURNS else pixels


def to_rgb(image: Image.Image, bits: int = 16, zero_is_white: bool = False) -> Pixels:
    """Convert any mode of Pillow to 8-bit RGB; of several frames the first.

    Transparent pixels become black like the padding, whatever colour is stored below the alpha channel.
    Grey values of 9 to 16 bits keep their upper eight. CMYK is converted by the plain formula without its
    colour profile.

    Args:
        bits: Bits of a sample of the modes I;16. zero_is_white: Whether samples of these modes are inverted.

    Raises:
        PhotoError: unsupported.
    """
    if image.mode in _UNSUPPORTED:
        raise PhotoError("unsupported", f"the pixels are {_UNSUPPORTED[image.mode]}")
    small = image.width * image.height <= _BAND_PIXELS
    if small and image.mode == "RGB" and "transparency" not in image.info:
        return np.asarray(image)
    rgb, opacity = _convert(image, bits, zero_is_white)
    if opacity > 0:
        return rgb
    if image.format == "BMP":  # programs that do not know the alpha channel write zeros
        return _convert(image.convert("RGB"), bits, zero_is_white)[0]
    raise PhotoError("unsupported", "every pixel is transparent")


def _convert(image: Image.Image, bits: int, zero_is_white: bool) -> tuple[Pixels, int]:
    """RGB pixels, and the greatest opacity of a pixel (255 without transparency)."""
    width, height = image.size
    rows = max(_BAND_PIXELS // width, 1)
    rgb, opacity = np.empty((height, width, 3), np.uint8), 0
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(top + rows, height)))
        colours, alpha = _grey16(band, bits, zero_is_white) if band.mode.startswith("I;16") else _rgba(band)
        if alpha is not None:
            colours = ((colours * alpha.astype(np.uint16) + 127) // 255).astype(np.uint8)
        rgb[top : top + rows] = colours
        opacity = max(opacity, 255 if alpha is None else int(alpha.max()))
    return rgb, opacity


def _rgba(band: Image.Image) -> tuple[Pixels, Pixels | None]:
    """Colours [rows, width, 3] and alpha [rows, width, 1]; None without transparency."""
    if band.mode in _WITH_ALPHA or "transparency" in band.info:
        pixels = np.asarray(band.convert("RGBA"))
        return pixels[:, :, :3], pixels[:, :, 3:]
    return np.asarray(band.convert("RGB")), None


def _grey16(band: Image.Image, bits: int, zero_is_white: bool) -> tuple[Pixels, Pixels | None]:
    samples = np.asarray(band)
    grey: Pixels = (samples >> bits - 8).astype(np.uint8)[:, :, None]
    transparent = band.info.get("transparency")
    alpha = (
        None if transparent is None else np.where(samples == transparent, 0, 255).astype(np.uint8)[:, :, None]
    )
    return (~grey if zero_is_white else grey), alpha
