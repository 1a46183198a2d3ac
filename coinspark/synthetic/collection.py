"""Synthetic coins: drawn photographs, descriptions, boxes and word lists in one folder, read like any manifest.

The folder holds `photos/<coin_id>[_plaster]_{obv,rev}.jpg`, `coins.csv` (a row a coin and medium), `boxes.csv` (where each
motif lies in its photo) and `lists/`. `.stamp` is written last: where it names these settings and this code, nothing is done.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from coinspark.core.code_version import code_version
from coinspark.core.errors import InputError
from coinspark.core.hashing import digest
from coinspark.synthetic import entity_lists
from coinspark.synthetic.carving import Floats
from coinspark.synthetic.descriptions import describe
from coinspark.synthetic.dies import Die, Side, die
from coinspark.synthetic.mintage import Coin, Style, draw, plan
from coinspark.synthetic.photograph import Piece, Shot, photograph, spots
from coinspark.synthetic.settings import SyntheticSource

COINS = (
    "coin_id",
    "medium",
    "mint",
    "type",
    "obverse_image",
    "reverse_image",
    "obverse_en",
    "reverse_en",
    "obverse_de",
    "reverse_de",
)
BOXES = ("coin_id", "medium", "side", "label", "x", "y", "width", "height")
SIDES: tuple[tuple[Side, str], ...] = (("obverse", "obv"), ("reverse", "rev"))
Row = tuple[object, ...]


def write_collection(folder: Path, settings: SyntheticSource) -> Path:
    """Draws the collection below `folder`, unless it stands there already, and gives the path of its `coins.csv`.

    Same settings, same bytes. What a killed run left is drawn again; a file whose bytes are right is not touched, so that
    its modification time stays. Raises InputError where the folder cannot be written.
    """
    stamp, wanted = folder / ".stamp", version(settings)
    coins = folder / "coins.csv"
    try:
        if (
            coins.is_file()
            and stamp.is_file()
            and stamp.read_text(encoding="ascii", errors="replace") == wanted
        ):
            return coins
        stamp.unlink(missing_ok=True)
        for name in ("photos", "lists"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        rows = plan(settings)
        with ThreadPoolExecutor(
            min(2, os.cpu_count() or 1)
        ) as pool:  # threads do: OpenCV and NumPy leave the lock
            boxes = list(pool.map(partial(_photos, folder, settings), rows, chunksize=1))
        for name, text in entity_lists.files().items():
            _put(folder / "lists" / name, text.encode())
        _put(folder / "boxes.csv", _csv(BOXES, chain.from_iterable(boxes)))
        _put(coins, _csv(COINS, (_record(coin, settings) for coin in rows)))
        _put(stamp, wanted.encode())
    except OSError as error:
        message = f"source {settings.name!r}: cannot write synthetic coins to {folder} ({error.strerror}); give another root"
        raise InputError(message) from None
    return coins


def version(settings: SyntheticSource) -> str:
    """SHA-256 hex of the settings that show in the files, and of the code that draws them."""
    drawn = settings.model_dump(mode="json", exclude={"name", "root", "licence", "medium"})
    return digest({"settings": drawn, "code": code_version(__name__)})


def _photos(folder: Path, settings: SyntheticSource, coin: Coin) -> list[Row]:
    """Both photographs of a coin, written; gives the rows of `boxes.csv`."""
    piece = _piece(coin.type.style, settings.wear, draw(settings.seed, coin.coin_id, "piece"))
    boxes: list[Row] = []
    for side, short in SIDES:
        rng = draw(settings.seed, coin.coin_id, coin.medium, side)
        shot = _shot(coin.medium == "plaster", rng)
        struck = (
            piece if side == "obverse" else _turned_over(piece, draw(settings.seed, coin.coin_id, "reverse"))
        )
        drawn = die(coin.type, side, coin.die, settings.seed, int(np.clip(2 * settings.photo, 192, 512)))
        picture = photograph(drawn.height, struck, shot, settings.photo, rng)
        done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
        assert done, "OpenCV writes JPEG"
        _put(folder / "photos" / f"{coin.stem}_{short}.jpg", jpeg.tobytes())
        boxes += [
            (coin.coin_id, coin.medium, side, *box) for box in _boxes(drawn, struck, shot, settings.photo)
        ]
    return boxes


def _boxes(drawn: Die, piece: Piece, shot: Shot, photo: int) -> list[Row]:
    """Label, x, y, width and height in whole pixels of each motif, cut at the photo's edges."""
    found: list[Row] = []
    for label, points in drawn.motifs:
        low, high = _bounds(spots(points, piece, shot, photo), photo)
        if high[0] > low[0] and high[1] > low[1]:
            found.append((label, *low, high[0] - low[0], high[1] - low[1]))
    return found


def _bounds(points: Floats, photo: int) -> tuple[tuple[int, int], tuple[int, int]]:
    low = np.clip(np.floor(points.min(axis=0)), 0, photo).astype(int)
    high = np.clip(np.ceil(points.max(axis=0)), 0, photo).astype(int)
    return (int(low[0]), int(low[1])), (int(high[0]), int(high[1]))


def _piece(style: Style, wear: float, rng: Generator) -> Piece:
    """A flan of the mint's make, struck a little off centre, worn by use."""
    angles = np.linspace(0, 2 * np.pi, 128, endpoint=False)
    outline = np.ones(128)
    for k in range(2, 8):
        outline += rng.normal(0, style.ragged) * np.cos(k * angles + rng.uniform(0, 2 * np.pi)) / np.sqrt(k)
    if rng.random() < 0.25:  # a chip off the edge
        away = np.abs((angles - rng.uniform(0, 2 * np.pi) + np.pi) % (2 * np.pi) - np.pi)
        outline -= np.maximum(1 - away / rng.uniform(0.15, 0.45), 0) * rng.uniform(0.06, 0.22)
    tint = np.mean([style.metal, (0.37, 0.48, 0.54)], axis=0) * rng.normal(1, 0.12) + rng.normal(0, 0.016, 3)
    rubbed = wear * rng.gamma(2, 0.55)
    return Piece(
        radius=style.module * float(np.clip(rng.normal(1, 0.03), 0.92, 1.06)),
        outline=outline.astype(np.float32),
        spread=float(rng.uniform(0.97, 1.13)),
        shift=(float(rng.normal(0, 0.045)), float(rng.normal(0, 0.045))),
        turn=0.0,
        warp=rng.normal(0, 0.012, (4, 4, 2)).astype(np.float32),
        worn=np.clip(rubbed * rng.uniform(0.5, 1.6, (5, 5)), 0, 1).astype(np.float32),
        pits=float(wear * rng.exponential(0.7)),
        depth=style.depth * float(np.clip(rng.normal(1, 0.12), 0.7, 1.3)),
        tint=(float(tint[0]), float(tint[1]), float(tint[2])),
    )


def _turned_over(piece: Piece, rng: Generator) -> Piece:
    """The other side of the same flan: its edge mirrored, the die met anew."""
    return Piece(
        radius=piece.radius,
        spread=float(rng.uniform(0.97, 1.13)),
        outline=np.ascontiguousarray(np.roll(piece.outline[::-1], 65)),
        shift=(float(rng.normal(0, 0.045)), float(rng.normal(0, 0.045))),
        turn=float(np.clip(rng.normal(0, 4), -8, 8)),
        warp=rng.normal(0, 0.012, (4, 4, 2)).astype(np.float32),
        worn=np.ascontiguousarray(piece.worn[:, ::-1]),
        pits=piece.pits,
        depth=piece.depth * 0.92,
        tint=piece.tint,
    )


def _shot(plaster: bool, rng: Generator) -> Shot:
    """Turned by up to 12 degrees, lit from above and mostly from the left, as museums do; before light, grey or black."""
    shade = rng.random()
    ground = (
        rng.uniform(0.80, 0.97)
        if shade < 0.6
        else rng.uniform(0.35, 0.65)
        if shade < 0.85
        else rng.uniform(0.03, 0.15)
    )
    return Shot(
        center=(0.5 + float(rng.uniform(-0.025, 0.025)), 0.5 + float(rng.uniform(-0.025, 0.025))),
        zoom=float(rng.uniform(0.91, 1.02)),
        turn=float(rng.uniform(-12, 12)),
        azimuth=float(np.clip(rng.normal(-125, 30), -200, -30)),
        elevation=float(rng.uniform(32, 52)),
        background=float(rng.uniform(0.05, 0.5)) if plaster else float(ground),
        exposure=float(rng.uniform(0.88, 1.12)),
        noise=float(rng.uniform(0.008, 0.028)),
        plaster=plaster,
    )


def _record(coin: Coin, settings: SyntheticSource) -> Row:
    """The coin's row of `coins.csv`; what is unknown is empty. A cast has the text of its original."""
    texts = describe(coin.type, draw(settings.seed, coin.coin_id, "text"))
    photos = [f"photos/{coin.stem}_{short}.jpg" for _, short in SIDES]
    return (
        coin.coin_id,
        coin.medium,
        coin.type.mint,
        coin.type.name,
        *photos,
        *(text or "" for text in texts),
    )


def _csv(header: Sequence[str], rows: Iterable[Row]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def _put(path: Path, data: bytes) -> None:
    """Writes a whole file or none; leaves one alone that holds these bytes already."""
    if path.is_file() and path.read_bytes() == data:
        return
    half = path.with_name(f".{path.name}.half")
    half.write_bytes(data)
    half.replace(path)
