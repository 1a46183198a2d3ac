"""The format of a photo by its first bytes."""

from __future__ import annotations

from typing import Final

from coinspark.ingest.photo_error import PhotoError

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")
_JPEG: Final = b"\xff\xd8\xff"
_SIGNATURES: Final = {
    _JPEG: "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"BM": "BMP",
}
_UNSUPPORTED: Final = {
    b"%pdf": "PDF",
    b"8bps": "Photoshop",
    b"\0\0\0\x0cjp  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cjxl ": "JPEG XL",
    b"%!ps": "PostScript",
    b"<svg": "SVG",
    b"<?xml": "XML",
    b"ii\xbc": "JPEG XR",
    b"ii+\0": "BigTIFF",
    b"mm\0+": "BigTIFF",
    b"fujifilm": "a raw photo",
    b"iiu\0": "a raw photo",
    b"\0\0\1\0": "an icon",
    b"\0\0\2\0": "a cursor",
    b"#?radiance": "Radiance HDR",
    b"\x76\x2f\x31\x01": "OpenEXR",
    b"\x59\xa6\x6a\x95": "Sun raster",
    b"\x01\xda": "SGI",
    b"dds ": "DDS",
    b"qoif": "QOI",
    **{f"p{kind}{blank}".encode(): "PNM, PAM or PFM" for kind in "1234567f" for blank in "\n\r\t #"},
}


def is_jpeg(data: bytes) -> bool:
    """Whether the data begin as a JPEG."""
    return data.startswith(_JPEG)


def detect_format(data: bytes) -> str:
    """The format by the first bytes. Raises PhotoError: empty, unsupported, not_an_image."""
    if not data:
        raise PhotoError("empty", "the file has no bytes")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    for signature, name in _SIGNATURES.items():
        if data.startswith(signature):
            return name
    start = (data[:64].lstrip() if data[:1] in b" \r\n\t<" else data[:64]).lower()
    other = next((name for signature, name in _UNSUPPORTED.items() if start.startswith(signature)), None)
    if data[4:8] == b"ftyp":
        other = "HEIC, AVIF or video"
    if other is not None:
        raise PhotoError("unsupported", f"the file is {other}; supported: {', '.join(FORMATS)}")
    if not data.strip(b"\0"):
        raise PhotoError("not_an_image", f"the file consists of {len(data)} zero bytes")
    raise PhotoError("not_an_image", f"the file begins with {data[:16]!r}, which is not an image format")
