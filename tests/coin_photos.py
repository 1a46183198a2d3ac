"""Small photos and manifests for tests. Each number gives a disc of another colour on a dark background."""

from __future__ import annotations

import csv
import io
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from coinspark.config import Columns, Config
from coinspark.ingest.readers.manifest import ManifestSource

COLUMNS = Columns(type="type", obverse_text={"en": "obverse_en"}, reverse_text={"en": "reverse_en"})
HEADER = ("coin_id", "mint", "type", "obverse_image", "reverse_image", "obverse_en", "reverse_en")


def disc(number: int, width: int = 48, height: int = 48) -> Image.Image:
    """A disc with noise, as a coin photo. Each number gives other pixels."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    colour = rng.integers(60, 220, 3)
    pixels = np.where((x * x + y * y < 0.8)[..., None], colour, 15) + rng.integers(0, 20, (height, width, 1))
    return Image.fromarray(pixels.astype(np.uint8))


def as_bytes(image: Image.Image, file_format: str = "JPEG", **options: Any) -> bytes:
    """The image as a file. `options` are those of Pillow's `save`."""
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def bomb(side: int = 20_000) -> bytes:
    """A decompression bomb: a PNG of about 50 KB with side × side black pixels."""
    compressor = zlib.compressobj(9)
    row = b"\0" * (1 + side // 8)
    body = b"".join(compressor.compress(row) for _ in range(side)) + compressor.flush()

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def row(number: int, **changes: str) -> dict[str, str]:
    """The manifest row of coin `number`."""
    return {
        "coin_id": str(number),
        "mint": ("Roma", "Siscia", "Ticinum")[number % 3],
        "type": f"T{number % 5}",
        "obverse_image": f"photos/{number}_o.jpg",
        "reverse_image": f"photos/{number}_r.jpg",
        "obverse_en": f"Head of emperor {number % 4}, right.",
        "reverse_en": "Victory advancing left.",
    } | changes


def write_photos(folder: Path, numbers: Iterable[int]) -> None:
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    for number in numbers:
        for side, seed in (("o", 2 * number), ("r", 2 * number + 1)):
            (folder / "photos" / f"{number}_{side}.jpg").write_bytes(as_bytes(disc(seed)))


def write_manifest(folder: Path, rows: Iterable[Mapping[str, str]], encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "coins.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_coins(folder: Path, count: int) -> Path:
    """A collection of `count` coins: photos and coins.csv."""
    write_photos(folder, range(count))
    write_manifest(folder, [row(number) for number in range(count)])
    return folder


def source(folder: Path, **changes: Any) -> ManifestSource:
    return ManifestSource(
        **({"kind": "manifest", "root": str(folder), "path": "coins.csv", "columns": COLUMNS} | changes)
    )


def configured(config: Config, *sources: Any, **ingest: Any) -> Config:
    """The configuration with these sources and settings of `ingest`."""
    settings = config.ingest.model_copy(update={"sizes": (32,)} | ingest)
    return config.model_copy(update={"sources": sources, "ingest": settings})
