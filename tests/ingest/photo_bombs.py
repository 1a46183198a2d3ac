"""Photos made to exhaust memory or time, or to confuse a decoder: twelve kinds in eight formats."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from PIL import Image

from tests.coin_photos import as_bytes, disc
from tests.ingest.tiff_file import Layout, assemble, tiff

SCENE: Final = disc(7, 64, 48)
SOUND: Final[dict[str, bytes]] = {
    "JPEG": as_bytes(SCENE, quality=95),
    "PNG": as_bytes(SCENE, "PNG"),
    "TIFF": tiff(np.asarray(SCENE).astype(np.uint32), Layout()),
    "BMP": as_bytes(SCENE, "BMP"),
    "GIF": as_bytes(SCENE.quantize(64), "GIF"),
    "WEBP": as_bytes(SCENE, "WEBP", lossless=True),
    "JP2": cv2.imencode(".jp2", np.asarray(SCENE))[1].tobytes(),
    "PPM": as_bytes(SCENE, "PPM"),
}
"""A picture in each format; the last two are not supported."""


def with_size(name: str, width: int, height: int) -> bytes:
    """The sound picture with another size in its header."""
    data = bytearray(SOUND[name])
    if name == "JPEG":
        start = data.index(b"\xff\xc0") + 5
        data[start : start + 4] = struct.pack(">HH", height & 0xFFFF, width & 0xFFFF)
    elif name == "PNG":
        data[16:24] = struct.pack(">II", width, height)
        data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    elif name == "TIFF":
        return tiff(
            np.asarray(SCENE).astype(np.uint32), Layout(tags={256: (4, (width,)), 257: (4, (height,))})
        )
    elif name == "BMP":
        data[18:26] = struct.pack("<II", width, height)
    elif name == "GIF":
        data[6:10] = struct.pack("<HH", width & 0xFFFF, height & 0xFFFF)
        frame = data.index(b",", 13 + 3 * 64)
        data[frame + 5 : frame + 9] = data[6:10]
    elif name == "WEBP":
        data[21:25] = struct.pack("<I", (width - 1 & 0x3FFF) | (height - 1 & 0x3FFF) << 14)
    elif name == "PPM":
        return bytes(data).replace(b"64 48", f"{width} {height}".encode())
    return bytes(data)


def flat(name: str) -> bytes:
    """A picture of one colour: 36 MB of pixels in few bytes."""
    image = Image.new("RGBA" if name in ("PNG", "WEBP", "TIFF") else "RGB", (3_000, 3_000), (9, 9, 9))
    options = {"TIFF": {"compression": "tiff_adobe_deflate"}, "WEBP": {"lossless": True, "method": 0}}
    if name == "BMP":
        return short_lines(3_000, 3_000)
    if name in ("JP2", "PPM"):
        return SOUND[name] * 100
    return as_bytes(image, name, **options.get(name, {}))


def short_lines(width: int, height: int) -> bytes:
    """A BMP of one pixel and an end of line in each row. Pillow fills the rows byte by byte, in Python."""
    rows = b"\1\1\0\0" * height
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(rows), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1_078 + len(rows), 0, 0, 1_078) + header + bytes(1_024) + rows


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_metadata(name: str) -> bytes:
    """The sound picture with 20 MB of comments or profiles before its pixels."""
    data, size = SOUND[name], 20_000_000
    if name == "JPEG":
        segment = b"\xff\xe2" + struct.pack(">H", 0xFFFF) + bytes(0xFFFD)
        return data[:2] + segment * (size // len(segment)) + data[2:]
    if name == "PNG":
        return data[:33] + chunk(b"tEXt", b"key\0" + b"x" * size) + data[33:]
    if name == "TIFF":
        return tiff(np.asarray(SCENE).astype(np.uint32), Layout(tags={273: (4, (8,) * 4_000_000)}))
    if name == "GIF":
        return data[: 13 + 192] + b"!\xfe" + (b"\xff" + b"x" * 255) * (size // 256) + b"\0" + data[13 + 192 :]
    if name == "WEBP":
        return riff(
            b"VP8X"
            + struct.pack("<I", 10)
            + b"\x20\0\0\0"
            + struct.pack("<I", 63)[:3]
            + struct.pack("<I", 47)[:3],
            b"ICCP" + struct.pack("<I", size) + bytes(size),
            data[12:],
        )
    if name == "BMP":
        return with_gap(data, size)
    return data[:30] + bytes(size) + data[30:]


def with_gap(data: bytes, size: int) -> bytes:
    """A BMP with bytes between its header and its pixels."""
    return data[:10] + struct.pack("<I", 54 + size) + data[14:54] + bytes(size) + data[54:]


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def many_frames(name: str) -> bytes:
    """Thousands of frames, pages or pictures in a file."""
    if name in ("GIF", "WEBP", "PNG"):
        frames = [disc(n, 64, 48) for n in range(8)] * 25
        return as_bytes(frames[0], name, save_all=True, append_images=frames[1:])
    if name == "TIFF":
        data = SOUND[name]
        offset = int.from_bytes(data[4:8], "little")
        entries = int.from_bytes(data[offset : offset + 2], "little")
        end = offset + 2 + 12 * entries
        directory, pages = data[offset:end], b""
        for page in range(20_000):
            following = len(data) + (page + 1) * (len(directory) + 4)
            pages += directory + struct.pack("<I", following if page < 19_999 else 0)
        return data[:end] + struct.pack("<I", len(data)) + data[end + 4 :] + pages
    return SOUND[name] * 2_000


def many_parts(name: str) -> bytes:
    """Thousands of scans, chunks, blocks or strips in a picture."""
    if name == "JPEG":
        data = as_bytes(disc(7, 1_200, 1_000), progressive=True)
        first = data.index(b"\xff\xda")
        second = data.index(b"\xff\xc4", first)
        return data[:second] + data[first:second] * 2_000 + data[second:]
    if name == "PNG":
        return SOUND[name][:33] + chunk(b"prVt", b"") * 100_000 + SOUND[name][33:]
    if name == "TIFF":
        return tiff(np.zeros((60_000, 1, 1), np.uint32), Layout(1, rows_per_strip=1))
    if name == "GIF":
        return SOUND[name][: 13 + 192] + b"!\xfe\x01x\0" * 100_000 + SOUND[name][13 + 192 :]
    if name == "WEBP":
        return riff(SOUND[name][12:], b"ABCD\0\0\0\0" * 100_000)
    return with_gap(SOUND[name], 1_000)


def huge_tiles(name: str) -> bytes:
    """Tiles of 40,000 × 40,000 pixels; in other formats the greatest frame within a small picture."""
    scene = np.asarray(SCENE).astype(np.uint32)
    if name == "TIFF":
        return tiff(scene, Layout(tile=64, deflate=True, tags={322: (4, (40_000,)), 323: (4, (40_000,))}))
    data = bytearray(SOUND[name])
    if name == "JPEG":
        data[data.index(b"\xff\xc0") + 11] = 0xFF  # sampling factors of 15 × 15
    elif name == "GIF":
        frame = data.index(b",", 13 + 192)
        data[frame + 1 : frame + 9] = struct.pack("<HHHH", 0, 0, 0xFFFF, 0xFFFF)
    elif name == "WEBP":
        return riff(b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\0\0\0\0\0\0", bytes(data[12:]))
    elif name == "PNG":
        data[28] = 1  # interlaced, with data that is not
        data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    else:
        return with_size(name, 40_000, 40_000)
    return bytes(data)


def huge_strips(name: str) -> bytes:
    """Strips, rows or offsets that declare four gigabytes."""
    scene, most = np.asarray(SCENE).astype(np.uint32), 2**32 - 1
    data = bytearray(SOUND[name])
    if name == "TIFF":
        return tiff(scene, Layout(deflate=True, tags={278: (4, (most,)), 279: (4, (most,))}))
    if name == "BMP":
        data[34:38], data[46:50] = struct.pack("<I", most), struct.pack("<I", most)
    elif name == "PNG":
        start = data.index(b"IDAT")
        data[start - 4 : start] = struct.pack(">I", 0x7FFFFFFF)
    elif name == "WEBP":
        data[16:20] = struct.pack("<I", most)
    elif name == "GIF":
        data[10] |= 7  # a palette of 256 colours
    elif name == "JPEG":
        start = data.index(b"\xff\xda")
        data[start + 2 : start + 4] = b"\xff\xff"
    return bytes(data)


def looping(name: str) -> bytes:
    """Directories that refer to themselves."""
    loop = assemble(b"", {34665: (4, (8,)), 34853: (4, (8,)), 274: (3, (1,))})
    loop = loop[:-4] + struct.pack("<I", 8)
    if name == "TIFF":
        tags = {34665: (4, (8,)), 330: (4, (8, 8)), 34853: (4, (10**6,))}
        data = tiff(np.asarray(SCENE).astype(np.uint32), Layout(tags=tags))
        offset = int.from_bytes(data[4:8], "little")
        end = offset + 2 + 12 * int.from_bytes(data[offset : offset + 2], "little")
        return data[:end] + struct.pack("<I", offset) + data[end + 4 :]
    if name in ("JPEG", "PNG", "WEBP"):
        options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}
        return as_bytes(SCENE, name, exif=b"Exif\0\0" + loop, **options.get(name, {}))
    return SOUND[name] + SOUND[name]


def wrong_length(name: str) -> bytes:
    """A length in the header that is too small."""
    data = bytearray(SOUND[name])
    if name == "TIFF":
        return tiff(np.asarray(SCENE).astype(np.uint32), Layout(deflate=True, tags={279: (4, (99,))}))
    place = {
        "JPEG": 4,
        "PNG": data.find(b"IDAT") - 2,
        "BMP": 2,
        "GIF": 13 + 192 + 11,
        "WEBP": 16,
        "JP2": 20,
        "PPM": 3,
    }[name]
    data[place : place + 2] = b"\0\x05"
    return bytes(data)


BOMBS: Final[dict[str, Callable[[str], bytes]]] = {
    "huge dimensions": lambda name: with_size(name, 60_000, 60_000),
    "dimensions just below the limit": lambda name: with_size(name, 8_000, 7_900),
    "huge tiles": huge_tiles,
    "huge strips": huge_strips,
    "many frames": many_frames,
    "high compression": flat,
    "huge metadata": with_metadata,
    "many parts": many_parts,
    "truncated": lambda name: SOUND[name][: len(SOUND[name]) // 2],
    "trailing garbage": lambda name: SOUND[name] + bytes(range(256)) * 4_000,
    "looping directories": looping,
    "wrong length": wrong_length,
    "zero size": lambda name: with_size(name, 0, 0),
}
