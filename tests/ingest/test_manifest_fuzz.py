"""Damaged tables give a listing or a one-line error. The damage is random, seeded and bounded."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coinspark.config import Columns
from coinspark.core.errors import InputError
from coinspark.ingest.readers import manifest
from coinspark.ingest.readers.manifest import ManifestSource
from coinspark.ingest.records import Listing

CASES = 400
"""Damaged tables of each kind."""
PIECES = [
    *[b"\0", b'"', b"\r", b"\n", b"\xff\xfe", b"\xef\xbb\xbf", b";", b",", b"\t", b'""', b"\xed\xa0\x80"],
    *[b"../" * 40, b"~nobody", b"2023-02-30", b"x" * 6_000, b"loop.jpg", b"NaN", b"s3://b/c", b"=1+1", b" "],
]
ENCODINGS = ["utf-8", "utf-8", "latin-1", "utf-16", "utf-7", "cp1252", "raw_unicode_escape", "no codec"]


def damage(data: bytes, rng: random.Random) -> bytes:
    """The data after up to four random changes: a byte, a piece, a cut, a repetition."""
    for _ in range(rng.choice([0, 1, 1, 4])):
        at = rng.randrange(len(data) + 1)
        change = rng.randrange(4)
        if change == 0 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        elif change == 1:
            data = data[:at] + rng.choice(PIECES) + data[at + rng.choice([0, 1, 5]) :]
        elif change == 2 and rng.random() < 0.3:
            data = data[:at]
        else:
            data = data[:at] + data[rng.randrange(len(data) + 1) :][:200] + data[at:]
    return data


def csv_table(rng: random.Random) -> bytes:
    rows = [["coin_id", "mint", "obverse_image", "reverse_image"]]
    rows += [[str(n), rng.choice(["Roma", "Köln", ""]), "a.jpg", "b.jpg"] for n in range(5)]
    return "\r\n".join(",".join(row) for row in rows).encode()


def parquet_table(rng: random.Random) -> bytes:
    values = {
        "coin_id": rng.choice([pa.array([1, 2]), pa.array([1.5, None]), pa.array(["a", "b"])]),
        "mint": rng.choice([pa.array(["Roma", None]), pa.array([b"x", b"\xff"]), pa.array([[1], []])]),
        "obverse_image": pa.array(["a.jpg", "\0"]),
        "reverse_image": rng.choice([pa.array([10**12, 1], pa.date64()), pa.array(["b.jpg", ".."])]),
    }
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(values), sink, compression=rng.choice(["none", "snappy", "gzip", "zstd"]))
    return bytes(sink.getvalue())


@pytest.mark.parametrize("write", [csv_table, parquet_table])
def test_a_damaged_table_gives_a_listing_or_a_one_line_error(
    tmp_path: Path, write: Callable[[random.Random], bytes]
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"photo")
    (tmp_path / "b.jpg").write_bytes(b"photo")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    outcomes = {"listing": 0, "error": 0}
    for seed in range(CASES):
        rng = random.Random(seed)
        (tmp_path / "coins").write_bytes(damage(write(rng), rng))
        source = ManifestSource(
            kind="manifest",
            root=str(tmp_path),
            path="coins",
            encoding=rng.choice(ENCODINGS),
            photos=rng.choice(["pair", "single", "none"]),
            columns=Columns(type=rng.choice([None, "mint"])),
        )
        try:
            listing = manifest.read(source)
        except InputError as error:
            assert str(error).isprintable(), f"seed {seed}: {str(error)!r}"
            outcomes["error"] += 1
        else:
            check_storable(listing)
            outcomes["listing"] += 1
    assert min(outcomes.values()) > CASES // 20, outcomes


def check_storable(listing: Listing) -> None:
    """Tables store text as UTF-8, and a coin or a reject has one row."""
    repr(listing).encode()
    for record in listing.records:
        (record.coin_id + record.mint + "".join(record.types)).encode()
    assert len({record.key for record in listing.records}) == len(listing.records)
    assert len({reject[:3] for reject in listing.rejects}) == len(listing.rejects)
