"""Little photos and manifests for tests: a disc on a ground, its colour told by the coin's number."""

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
    """A disc with a little noise, as a coin photo: no two numbers give the same pixels."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    colour = rng.integers(60, 220, 3)
    pixels = np.where((x * x + y * y < 0.8)[..., None], colour, 15) + rng.integers(0, 20, (height, width, 1))
    return Image.fromarray(pixels.astype(np.uint8))


def as_bytes(image: Image.Image, kind: str = "JPEG", **how: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def bomb(side: int = 20_000) -> bytes:
    """A PNG of some 50 KB that declares side × side pixels, all of them black."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + side // 8)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def row(number: int, **differs: str) -> dict[str, str]:
    """A manifest's row for coin `number`."""
    return {
        "coin_id": str(number),
        "mint": ("Roma", "Siscia", "Ticinum")[number % 3],
        "type": f"T{number % 5}",
        "obverse_image": f"photos/{number}_o.jpg",
        "reverse_image": f"photos/{number}_r.jpg",
        "obverse_en": f"Head of emperor {number % 4}, right.",
        "reverse_en": "Victory advancing left.",
    } | differs


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
    """A whole collection of `count` coins: photos and coins.csv."""
    write_photos(folder, range(count))
    write_manifest(folder, [row(number) for number in range(count)])
    return folder


def source(folder: Path, **differs: Any) -> ManifestSource:
    return ManifestSource(
        **({"kind": "manifest", "root": str(folder), "path": "coins.csv", "columns": COLUMNS} | differs)
    )


def configured(config: Config, *sources: Any, **ingest: Any) -> Config:
    """The configuration with these sources and these settings of `ingest`."""
    settings = config.ingest.model_copy(update={"sizes": (32,)} | ingest)
    return config.model_copy(update={"sources": sources, "ingest": settings})
