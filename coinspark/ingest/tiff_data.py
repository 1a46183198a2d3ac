"""What Pillow needs help with in a TIFF: which samples it reads rightly, and damage that libtiff hides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from PIL import TiffImagePlugin
from PIL.TiffImagePlugin import TiffImageFile

from coinspark.ingest.photo_error import PhotoError

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLE_FORMAT, _JPEG_TABLES = (
    256,
    257,
    258,
    259,
    262,
    339,
    347,
)
_STRIPS, _TILES = (273, 279), (324, 325)  # offsets, sizes
_OLD_JPEG, _JPEG = 6, 7
_YCBCR: Final = 6
_UNSIGNED: Final = 1

# Pillow's own decoder of uncompressed TIFFs confuses planes and bit orders
TiffImagePlugin.READ_LIBTIFF = True


def stored_size(image: TiffImageFile) -> tuple[int, int]:
    """Width and height as stored. Pillow exchanges them for some orientations."""
    return int(image.tag_v2[_WIDTH]), int(image.tag_v2[_HEIGHT])


def check_samples(image: TiffImageFile) -> tuple[int, bool]:
    """Bits of a sample, and whether zero is white in modes of more than 8 bits, where Pillow ignores it.

    Raises PhotoError (unsupported) for samples that Pillow reads wrongly.
    """
    tags = image.tag_v2
    bits, kinds, photometric = (
        tags.get(_BITS, (1,)),
        tags.get(_SAMPLE_FORMAT, (1,)),
        tags.get(_PHOTOMETRIC, 0),
    )
    compression = tags.get(_COMPRESSION)
    if compression == _OLD_JPEG or (photometric == _YCBCR and compression != _JPEG):
        detail = "the TIFF has YCbCr colours without JPEG compression, or an old kind of it"
        raise PhotoError("unsupported", detail)
    if set(kinds) != {_UNSIGNED}:
        raise PhotoError("unsupported", "the samples of the TIFF are signed or floating point numbers")
    if max(bits) > 16:
        raise PhotoError("unsupported", f"the samples of the TIFF have {max(bits)} bits; at most 16")
    return bits[0], photometric == 0


def embedded_jpegs(data: bytes, image: TiffImageFile) -> Iterator[bytes]:
    """The strips or tiles of a TIFF with JPEG compression, each completed by the common tables."""
    tags = image.tag_v2
    if tags.get(_COMPRESSION) != _JPEG:
        return
    tables = tags.get(_JPEG_TABLES, b"")[:-2]
    offsets, sizes = (
        tags.get(strips, tags.get(tiles)) for strips, tiles in zip(_STRIPS, _TILES, strict=True)
    )
    for offset, size in zip(offsets, sizes, strict=True):
        piece = data[offset : offset + size]
        yield tables + piece[2:] if tables else piece
