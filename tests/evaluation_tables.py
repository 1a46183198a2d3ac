"""A build's tables, made up: unequal mints, one split into designs, a network that confuses, pictures, texts, rejects."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.evaluation import metrics
from coinspark.warehouse import schemas

HOSTILE = "<script>alert(1)</script>"
DESIGNS = ("Philetairos–Athena", "Asklepios", "owl", "Zeus–eagle", "Telesphoros")
SIZES = {
    "Pergamon": 260,
    "Perinthos": 150,
    "Byzantion": 80,
    "Abdera": 50,
    "Ilion": 40,
    HOSTILE: 30,
    "Odessos": 25,
}
CONFIG = Config.model_validate(
    {
        "name": "collection",
        "evaluation": {"bootstrap": 200, "examples": 4},
        "ingest": {"shape": "wide"},
        "layers": [
            {"name": "mint", "kind": "mint"},
            {"name": "designs", "kind": "entities", "split": {"mints": ["Pergamon"]}},
        ],
    }
)


@dataclass(frozen=True)
class Coin:
    """A made-up coin; `medium` tells original from plaster, both of the same coin_id."""

    coin_id: str
    medium: str
    mint: str
    name: str
    split: str


def coins(
    sizes: dict[str, int] = SIZES, designs: Sequence[str] = DESIGNS, split: Sequence[str] = ("Pergamon",)
) -> list[Coin]:
    """Every fifth coin tests, every tenth validates; every third has a plaster beside the original."""
    made = []
    for m, (mint, size) in enumerate(sizes.items()):
        for i in range(size):
            kind = (i // 7) % (len(designs) + 1) if mint in split else len(designs)
            name = f"{mint}/{designs[kind]}" if kind < len(designs) else mint
            side = "test" if i % 5 == 0 else "validation" if i % 10 == 1 else "train"
            media = ("original", "plaster") if i % 3 == 0 else ("original",)
            made += [Coin(f"CN {1000 * (m + 1) + i}", medium, mint, name, side) for medium in media]
    return made


def tables(
    spark: SparkSession, made: Sequence[Coin] | None = None, config: Config = CONFIG
) -> Callable[[str], DataFrame]:
    """Reads each table by name, as `tables.read` would."""
    held = list(made or coins())
    rows = {
        "coins": [_coin(coin) for coin in held],
        "images": [(_image_id(coin), 64, 128, 64, bytearray(picture(n))) for n, coin in enumerate(held)],
        "rejects": [
            (
                "CN 7",
                "original",
                "ingest",
                "photos/7_obverse.jpg",
                "truncated",
                "ends in the middle of a row",
            ),
            ("CN 8", "original", "ingest", f"photos/{HOSTILE}.jpg", "missing_side", "no reverse"),
        ],
        "classes": [
            (layer, coin.coin_id, coin.medium, coin.mint, _label(layer, coin), _evidence(layer, coin))
            for layer in ("mint", "designs")
            for coin in held
        ],
        "splits": [
            (layer, 0, coin.coin_id, coin.medium, coin.mint, _label(layer, coin), coin.split)
            for layer in ("mint", "designs")
            for coin in held
        ],
        "runs": [_run("mint", "hog-svm", held), _run("mint", "vgg16", held), _run("designs", "vgg16", held)],
        "predictions": [
            *predictions("mint", "hog-svm", held, 0.55),
            *predictions("mint", "vgg16", held, 0.7),
            *predictions("designs", "vgg16", held, 0.76),
        ],
        "stages": [
            (
                name,
                datetime(2026, 1, 5, 2, 10 + n),
                12.5 * (n + 1),
                "f" * 64,
                json.dumps({"coins": 81 + n}),
                "{}",
            )
            for n, name in enumerate(("ingest", "entities", "classes", "splits", "train", "evaluate"))
        ],
    }
    frames = {
        name: spark.createDataFrame(values, schemas.TABLES[name].ddl).persist()
        for name, values in rows.items()
    }
    hits = metrics.hits(metrics.held_out(frames["runs"], frames["splits"]), frames["predictions"]).persist()
    kept = hits.collect()
    extra = metrics.majority(frames["splits"], "mint", config.evaluation.top).collect()
    values = metrics.metric_rows([*kept, *extra], ("mint", "vgg16"), config.evaluation, config.seed)
    frames["metrics"] = spark.createDataFrame(values, schemas.METRICS.ddl).persist()
    frames["confusion"] = metrics.confusion(hits).persist()
    return frames.__getitem__


def predictions(layer: str, model: str, held: Sequence[Coin], hit: float) -> list[tuple[Any, ...]]:
    """Five of each level a coin: right first with chance `hit`, else drawn by the big classes."""
    rows: list[tuple[Any, ...]] = []
    for level in ("class", "mint"):
        draw = np.random.default_rng(7)
        names = sorted({_label(layer, coin) if level == "class" else coin.mint for coin in held})
        of_mint = {_label(layer, coin): coin.mint for coin in held} | {coin.mint: coin.mint for coin in held}
        size = np.array(
            [
                sum(_label(layer, coin) == name if level == "class" else coin.mint == name for coin in held)
                for name in names
            ],
            dtype=float,
        )
        for coin in [coin for coin in held if coin.split == "test"]:
            truth = _label(layer, coin) if level == "class" else coin.mint
            order = list(draw.choice(names, size=min(5, len(names)), replace=False, p=size / size.sum()))
            if draw.random() < hit:
                order = [truth, *(name for name in order if name != truth)][:5]
            rows += [
                (f"{layer}-{model}", level, coin.coin_id, coin.medium, rank, name, of_mint[name], 0.6 / rank)
                for rank, name in enumerate(map(str, order), 1)
            ]
    return rows


def picture(seed: int) -> bytes:
    """A drawn pair of sides, 128 × 64 px, JPEG."""
    draw, image = np.random.default_rng(seed), Image.new("RGB", (128, 64))
    pen = ImageDraw.Draw(image)
    for left in (0, 64):
        tone = tuple(int(v) for v in draw.integers(90, 190) + np.array([20, 5, -25]))
        pen.ellipse((left + 3, 3, left + 61, 61), fill=tone, outline=tuple(v - 50 for v in tone), width=3)
        x, y = draw.integers(14, 26, 2)
        pen.ellipse(
            (left + int(x), int(y), left + int(x) + 22, int(y) + 26),
            fill=tuple(min(255, v + 45) for v in tone),
        )
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def _label(layer: str, coin: Coin) -> str:
    return coin.name if layer == "designs" else coin.mint


def _evidence(layer: str, coin: Coin) -> str:
    new = layer == "designs" and coin.name != coin.mint
    return f"obverse Philetairos; reverse {coin.name.partition('/')[2]}" if new else ""


def _image_id(coin: Coin) -> str:
    return f"{coin.coin_id}:{coin.medium}"


def _coin(coin: Coin) -> tuple[Any, ...]:
    texts = [
        ("obverse", "en", "Laureate head of Philetairos, right; dotted border.", "t1"),
        ("reverse", "en", f"Athena seated left, holding wreath; {coin.mint} in field.", "t2"),
        ("reverse", "de", "Athena sitzt nach links.", "t3"),
    ]
    return (
        coin.coin_id,
        coin.medium,
        coin.mint,
        ["t"],
        "made up",
        None,
        None,
        None,
        None,
        texts,
        _image_id(coin),
    )


def _run(layer: str, model: str, held: Sequence[Coin]) -> tuple[Any, ...]:
    epochs = (
        [
            {
                "loss": 2.2 * 0.9**n,
                "validation_loss": 2.3 * 0.92**n,
                "validation_top1": min(0.78, 0.2 + 0.03 * n),
            }
            for n in range(25)
        ]
        if model == "vgg16"
        else []
    )
    classes = sorted({_label(layer, coin) for coin in held})
    return (
        f"{layer}-{model}",
        layer,
        0,
        model,
        "network" if model == "vgg16" else "baseline",
        classes,
        json.dumps({"layer": layer}),
        json.dumps({"shards": "ab12"}),
        "c0de" * 16,
        json.dumps(epochs),
        json.dumps({"best_epoch": 21} if epochs else {}),
        f"runs/{layer}/weights.npz",
        "5a" * 32,
    )
