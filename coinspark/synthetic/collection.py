"""A collection of synthetic coins as a folder: photos, descriptions, boxes of motifs, entity lists.

The folder contains `photos/<coin_id>[_plaster]_{obv,rev}.jpg`, `coins.csv` (one row for each coin and
medium), `boxes.csv` (rectangles of the motifs in the photos) and `lists/`. `.stamp` is written last and
records the version of settings and code, and every file.
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

from coinspark.core.code_version import code_version
from coinspark.core.errors import InputError
from coinspark.core.hashing import digest
from coinspark.synthetic import entity_lists
from coinspark.synthetic.descriptions import describe
from coinspark.synthetic.dies import Die, Side, make_die
from coinspark.synthetic.file_record import STAMP, damaged_files, write_record
from coinspark.synthetic.flans import Flan, random_flan, reverse_of
from coinspark.synthetic.mintage import Coin, list_coins, random_generator
from coinspark.synthetic.photograph import photograph, project
from coinspark.synthetic.scenes import Scene, random_scene
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
    """Draw what is missing or damaged below `folder`, and return the path of its `coins.csv`.

    The same settings give the same bytes. A file that has the right bytes already is not written, so that it
    keeps its modification time. Raises InputError if the folder cannot be written.
    """
    coins_csv, current = folder / "coins.csv", version(settings)
    try:
        if damaged := damaged_files(folder, current):
            _write_files(folder, settings, current, set(damaged))
    except OSError as error:
        raise InputError(
            f"source {settings.name!r}: cannot write synthetic coins to {folder} ({error.strerror}); "
            "set another `root`"
        ) from None
    return coins_csv


def _write_files(folder: Path, settings: SyntheticSource, current: str, damaged: set[str]) -> None:
    """Write these files and their record, or all files if `.stamp` or `boxes.csv` is among them."""
    for name in ("photos", "lists"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    coins = list_coins(settings)
    all_photos = not damaged.isdisjoint({STAMP, "boxes.csv"})  # boxes are known once a photo is drawn
    drawn = [coin for coin in coins if all_photos or not damaged.isdisjoint(_photo_names(coin))]
    # threads are enough: OpenCV and NumPy release the interpreter lock
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        boxes = list(pool.map(partial(_write_photos, folder, settings), drawn, chunksize=1))
    texts = {f"lists/{name}": text.encode() for name, text in entity_lists.files().items()}
    texts["coins.csv"] = _csv(COINS, (_row(coin, settings) for coin in coins))
    if all_photos:
        texts["boxes.csv"] = _csv(BOXES, chain.from_iterable(boxes))
    for name, data in texts.items():
        _write_if_changed(folder / name, data)
    names = [*chain.from_iterable(map(_photo_names, coins)), "boxes.csv", *texts]
    written = {*chain.from_iterable(map(_photo_names, drawn)), *texts}
    write_record(folder, current, dict.fromkeys(names), written)


def _photo_names(coin: Coin) -> list[str]:
    return [f"photos/{coin.stem}_{suffix}.jpg" for _, suffix in SIDES]


def version(settings: SyntheticSource) -> str:
    """SHA-256 hex of the settings that decide the files, and of the code that draws them."""
    values = settings.model_dump(mode="json", exclude={"kind", "name", "root", "licence", "medium"})
    return digest({"settings": values, "code": code_version(__name__)})


def _write_photos(folder: Path, settings: SyntheticSource, coin: Coin) -> list[Row]:
    """Draw and write both photos of a coin; returns its rows of `boxes.csv`."""
    rows: list[Row] = []
    for (side, _), name in zip(SIDES, _photo_names(coin), strict=True):
        jpeg, boxes = _draw_side(coin, side, settings)
        _write_if_changed(folder / name, jpeg)
        rows += [(coin.coin_id, coin.medium, side, *box) for box in boxes]
    return rows


def _draw_side(coin: Coin, side: Side, settings: SyntheticSource) -> tuple[bytes, list[Row]]:
    """The photo of a side as JPEG, and the boxes of its motifs."""
    rng = random_generator(settings.seed, coin.coin_id, coin.medium, side)
    scene = random_scene(coin.medium == "plaster", rng)
    flan = _flan(coin, side, settings)
    die_pixels = int(np.clip(2 * settings.photo, 192, 512))
    die = make_die(coin.type, side, coin.die, settings.seed, die_pixels)
    pixels = photograph(die.height, flan, scene, settings.photo, rng)
    encoded, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])
    if not encoded:
        raise RuntimeError(f"OpenCV cannot encode an array of shape {pixels.shape} as JPEG")
    return jpeg.tobytes(), _motif_boxes(die, flan, scene, settings.photo)


def _flan(coin: Coin, side: Side, settings: SyntheticSource) -> Flan:
    """The flan of a coin as seen from this side. It is the same in each medium."""
    rng = random_generator(settings.seed, coin.coin_id, "piece")
    obverse = random_flan(coin.type.style, settings.wear, rng)
    if side == "obverse":
        return obverse
    return reverse_of(obverse, random_generator(settings.seed, coin.coin_id, "reverse"))


def _motif_boxes(die: Die, flan: Flan, scene: Scene, photo: int) -> list[Row]:
    """(label, x, y, width, height) of each motif that is visible, in whole pixels within the photo."""
    boxes: list[Row] = []
    for label, points in die.motifs:
        in_photo = project(points, flan, scene, photo)
        left, top = np.clip(np.floor(in_photo.min(axis=0)), 0, photo).astype(int).tolist()
        right, bottom = np.clip(np.ceil(in_photo.max(axis=0)), 0, photo).astype(int).tolist()
        if right > left and bottom > top:
            boxes.append((label, left, top, right - left, bottom - top))
    return boxes


def _row(coin: Coin, settings: SyntheticSource) -> Row:
    """The row of `coins.csv`; unknown texts are empty. A cast has the texts of its original."""
    texts = describe(coin.type, random_generator(settings.seed, coin.coin_id, "text"))
    facts = (coin.coin_id, coin.medium, coin.type.mint, coin.type.name)
    return (*facts, *_photo_names(coin), *(text or "" for text in texts))


def _csv(header: Sequence[str], rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


def _write_if_changed(path: Path, data: bytes) -> None:
    """Write the file atomically, unless it has these bytes already."""
    if path.is_file() and path.read_bytes() == data:
        return
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
