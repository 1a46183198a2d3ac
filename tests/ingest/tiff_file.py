"""A TIFF writer for tests: every photometric interpretation, depth, layout and byte order, from samples."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Layout:
    """How samples are stored. `tags` replaces or adds tags: number → (type, values)."""

    photometric: int = 2
    bits: int = 8
    order: str = "<"
    planar: bool = False
    tile: int = 0
    rows_per_strip: int = 0
    deflate: bool = False
    fill_order: int = 1
    extra: tuple[int, ...] = ()
    orientation: int = 1
    sample_format: int = 1
    tags: dict[int, tuple[int, tuple[int, ...]]] = field(default_factory=dict)


def tiff(samples: np.ndarray[Any, Any], layout: Layout) -> bytes:
    """Samples [height, width, channels] as a TIFF with one directory."""
    height, width, channels = samples.shape
    planes = [samples[:, :, [c]] for c in range(channels)] if layout.planar else [samples]
    chunks = [pack(chunk, layout) for plane in planes for chunk in split(plane, layout)]
    tags: dict[int, tuple[int, tuple[int, ...]]] = {
        256: (4, (width,)),
        257: (4, (height,)),
        258: (3, (layout.bits,) * channels),
        259: (3, (8 if layout.deflate else 1,)),
        262: (3, (layout.photometric,)),
        266: (3, (layout.fill_order,)),
        277: (3, (channels,)),
        284: (3, (2 if layout.planar else 1,)),
        339: (3, (layout.sample_format,) * channels),
    }
    if layout.orientation:
        tags[274] = (3, (layout.orientation,))
    if layout.extra:
        tags[338] = (3, layout.extra)
    offsets, start = [], 8
    for chunk in chunks:
        offsets.append(start)
        start += len(chunk)
    sizes = tuple(map(len, chunks))
    if layout.tile:
        tags |= {
            322: (4, (layout.tile,)),
            323: (4, (layout.tile,)),
            324: (4, tuple(offsets)),
            325: (4, sizes),
        }
    else:
        tags |= {273: (4, tuple(offsets)), 278: (4, (layout.rows_per_strip or height,)), 279: (4, sizes)}
    return assemble(b"".join(chunks), tags | layout.tags, layout.order)


def assemble(body: bytes, tags: dict[int, tuple[int, tuple[int, ...]]], order: str = "<") -> bytes:
    """A TIFF of this body and directory. Values longer than four bytes follow the directory."""
    body += b"\0" * (len(body) % 2)
    start = 8 + len(body)
    entries, values = b"", b""
    values_start = start + 2 + 12 * len(tags) + 4
    for tag, (kind, numbers) in sorted(tags.items()):
        data = struct.pack(f"{order}{len(numbers)}{ {1: 'B', 3: 'H', 4: 'I', 7: 'B'}[kind] }", *numbers)
        if len(data) > 4:
            value = struct.pack(f"{order}I", values_start + len(values))
            values += data + b"\0" * (len(data) % 2)
        else:
            value = data.ljust(4, b"\0")
        entries += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + value
    magic = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", start)
    return magic + body + struct.pack(f"{order}H", len(tags)) + entries + b"\0\0\0\0" + values


def split(plane: np.ndarray[Any, Any], layout: Layout) -> list[np.ndarray[Any, Any]]:
    """Strips, or tiles padded to their size."""
    height, width, _ = plane.shape
    if not layout.tile:
        rows = layout.rows_per_strip or height
        return [plane[top : top + rows] for top in range(0, height, rows)]
    side = layout.tile
    padded = np.pad(plane, ((0, -height % side), (0, -width % side), (0, 0)))
    return [
        padded[top : top + side, left : left + side]
        for top in range(0, height, side)
        for left in range(0, width, side)
    ]


def pack(samples: np.ndarray[Any, Any], layout: Layout) -> bytes:
    """Rows of samples as bytes, compressed if the layout says so."""
    rows = samples.reshape(len(samples), -1)
    if layout.bits in (8, 16, 32):
        data = rows.astype(f"{layout.order}u{layout.bits // 8}").tobytes()
    else:
        shifts = np.arange(layout.bits - 1, -1, -1)
        ones = (rows[:, :, None] >> shifts & 1).astype(np.uint8)
        data = np.packbits(ones.reshape(len(rows), -1), axis=1).tobytes()
    if layout.fill_order == 2 and not layout.deflate:
        data = np.packbits(
            np.unpackbits(np.frombuffer(data, np.uint8)).reshape(-1, 8)[:, ::-1], axis=1
        ).tobytes()
    return zlib.compress(data) if layout.deflate else data
