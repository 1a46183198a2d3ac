"""Tables of a small synthetic build: unequal mints, one split into designs, networks with errors."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from pyspark.sql import DataFrame, SparkSession
from sklearn.metrics import accuracy_score, recall_score

from coinspark.config import Config
from coinspark.training.split_digest import split_digests
from coinspark.warehouse import schemas
from coinspark.warehouse.local_frame import local_frame

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
        "evaluation": {"examples_per_class": 4},
        "ingest": {"shape": "wide"},
        "layers": [
            {"name": "mint", "kind": "mint"},
            {"name": "designs", "kind": "entities", "split": {"mints": ["Pergamon"]}},
        ],
    }
)


@dataclass(frozen=True)
class Coin:
    """A coin in one medium; an original and its plaster cast have the same coin_id."""

    coin_id: str
    medium: str
    mint: str
    name: str
    split: str


def coins(
    sizes: dict[str, int] = SIZES, designs: Sequence[str] = DESIGNS, split: Sequence[str] = ("Pergamon",)
) -> list[Coin]:
    """Every fifth coin is a test coin, every tenth a validation coin; every third has a plaster cast too."""
    rows = []
    for m, (mint, size) in enumerate(sizes.items()):
        for i in range(size):
            design = (i // 7) % (len(designs) + 1) if mint in split else len(designs)
            name = f"{mint}/{designs[design]}" if design < len(designs) else mint
            split_name = "test" if i % 5 == 0 else "validation" if i % 10 == 1 else "train"
            media = ("original", "plaster") if i % 3 == 0 else ("original",)
            rows += [Coin(f"CN {1000 * (m + 1) + i}", medium, mint, name, split_name) for medium in media]
    return rows


def tables(spark: SparkSession) -> Callable[[str], DataFrame]:
    """Returns each table by name."""
    all_coins = coins()
    rows = {
        "coins": [_coin(coin) for coin in all_coins],
        "images": [(_image_id(coin), 64, 128, 64, bytearray(image(n))) for n, coin in enumerate(all_coins)],
        "rejects": [
            (
                "CN 7",
                "original",
                "ingest",
                "photos/7_obverse.jpg",
                "truncated",
                "ends in the middle of a row",
                ["0b", "0c"],
            ),
            ("CN 8", "original", "ingest", f"photos/{HOSTILE}.jpg", "missing_side", "no reverse", None),
        ],
        "classes": [
            (layer, coin.coin_id, coin.medium, coin.mint, _label(layer, coin), _evidence(layer, coin))
            for layer in ("mint", "designs")
            for coin in all_coins
        ],
        "splits": [
            (layer, 0, coin.coin_id, coin.medium, coin.mint, _label(layer, coin), coin.split, coin.coin_id)
            for layer in ("mint", "designs")
            for coin in all_coins
        ],
        "moved_classes": [],
        "predictions": [
            *predictions("mint", "hog-svm", all_coins, 0.55),
            *predictions("mint", "vgg16", all_coins, 0.7),
            *predictions("designs", "vgg16", all_coins, 0.76),
        ],
        "stages": [
            (
                name,
                datetime(2026, 1, 5, 2, 10 + n),
                12.5 * (n + 1),
                "f" * 64,
                json.dumps({"coins": 81 + n}),
                "{}",
                "d" * 64,
            )
            for n, name in enumerate(("ingest", "entities", "classes", "splits", "train", "evaluate"))
        ],
    }
    digests = split_digests(local_frame(spark, rows["splits"], schemas.SPLITS.ddl))
    rows["runs"] = [_run(layer, model, all_coins, digests[layer, 0]) for layer, model in MODELS]
    rows["metrics"] = metric_rows(all_coins, rows["predictions"])
    rows["confusion"] = confusion_rows(all_coins, rows["predictions"])
    frames = {
        name: local_frame(spark, values, schemas.TABLES[name].ddl).persist() for name, values in rows.items()
    }
    return frames.__getitem__


MODELS = (("mint", "hog-svm"), ("mint", "vgg16"), ("designs", "vgg16"))
Ranking = dict[tuple[str, str], list[str]]
"""Coin and medium → predicted labels, best first."""


def _rankings(rows: Sequence[tuple[Any, ...]]) -> dict[tuple[str, str], Ranking]:
    """(run_id, level) → its predictions."""
    rankings: dict[tuple[str, str], Ranking] = {}
    for run, level, coin, medium, _, name, mint, _ in sorted(rows, key=lambda row: row[4]):
        ranking = rankings.setdefault((run, level), {})
        ranking.setdefault((coin, medium), []).append(name if level == "class" else mint)
    return rankings


def _majority(coins: Sequence[Coin]) -> Ranking:
    """Mints by their number of training images, for every test image."""
    sizes = Counter(coin.mint for coin in coins if coin.split == "train")
    order = sorted(sizes, key=lambda mint: (-sizes[mint], mint))
    return {(coin.coin_id, coin.medium): order for coin in coins if coin.split == "test"}


def _scores(ranking: Ranking, truth: dict[tuple[str, str], str]) -> tuple[float, float, float]:
    """Top-1, top-5 and macro recall by scikit-learn and counting."""
    labels = [truth[image] for image in sorted(truth)]
    first = [ranking[image][0] for image in sorted(truth)]
    among = [truth[image] in ranking[image][:5] for image in sorted(truth)]
    recall = recall_score(labels, first, labels=sorted(set(labels)), average="macro", zero_division=0)
    return accuracy_score(labels, first), sum(among) / len(among), recall


def metric_rows(coins: Sequence[Coin], predictions: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of `metrics`, computed without coinspark. Intervals are only value ± 0.05."""
    rankings = _rankings(predictions)
    tests = [coin for coin in coins if coin.split == "test"]
    mints = {(coin.coin_id, coin.medium): coin.mint for coin in tests}
    reference = _scores(rankings["mint-vgg16", "mint"], mints)
    rows = []
    for layer, model in (*MODELS, ("mint", "majority")):
        for level in ("class", "mint") if model != "majority" else ("mint",):
            ranking = _majority(coins) if model == "majority" else rankings[f"{layer}-{model}", level]
            classes = {(coin.coin_id, coin.medium): _label(layer, coin) for coin in tests}
            values = _scores(ranking, classes if level == "class" else mints)
            is_reference = (layer, model) == ("mint", "vgg16")
            for name, value, other in zip(("top1", "top5", "macro_recall"), values, reference, strict=True):
                difference: tuple[float | int | None, ...] = (None,) * 4
                if level == "mint" and not is_reference:
                    difference = (value - other, value - other - 0.05, value - other + 0.05, 1)
                n = len({coin.coin_id for coin in tests})
                steps = ["class selection"] if layer == "designs" else []
                numbers = (n, value, value - 0.05, value + 0.05, *difference, None, None)
                rows.append((layer, model, level, name, *numbers, is_reference, steps))
    return rows


def confusion_rows(coins: Sequence[Coin], predictions: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of `confusion`, computed without coinspark."""
    rows = []
    for (run, level), ranking in _rankings(predictions).items():
        layer = run.partition("-")[0]
        cells = Counter(
            (_label(layer, coin) if level == "class" else coin.mint, ranking[coin.coin_id, coin.medium][0])
            for coin in coins
            if coin.split == "test"
        )
        rows += [(run, level, truth, predicted, n) for (truth, predicted), n in cells.items()]
    return rows


def predictions(layer: str, model: str, coins: Sequence[Coin], accuracy: float) -> list[tuple[Any, ...]]:
    """Five predictions per test coin and level: the truth first with probability `accuracy`, else by size."""
    rows: list[tuple[Any, ...]] = []
    mint_of = {_label(layer, coin): coin.mint for coin in coins} | {coin.mint: coin.mint for coin in coins}
    for level in ("class", "mint"):
        random = np.random.default_rng(7)
        labels = [_label(layer, coin) if level == "class" else coin.mint for coin in coins]
        names = sorted(set(labels))
        size = np.array([labels.count(name) for name in names], dtype=float)
        for coin, truth in zip(coins, labels, strict=True):
            if coin.split != "test":
                continue
            order = list(random.choice(names, size=min(5, len(names)), replace=False, p=size / size.sum()))
            if random.random() < accuracy:
                order = [truth, *(name for name in order if name != truth)][:5]
            rows += [
                (f"{layer}-{model}", level, coin.coin_id, coin.medium, rank, name, mint_of[name], 0.6 / rank)
                for rank, name in enumerate(map(str, order), 1)
            ]
    return rows


def image(seed: int) -> bytes:
    """A synthetic merged image of both sides, 128 × 64 pixels, JPEG."""
    random, merged = np.random.default_rng(seed), Image.new("RGB", (128, 64))
    draw = ImageDraw.Draw(merged)
    for left in (0, 64):
        tone = tuple(int(v) for v in random.integers(90, 190) + np.array([20, 5, -25]))
        rim = tuple(v - 50 for v in tone)
        draw.ellipse((left + 3, 3, left + 61, 61), fill=tone, outline=rim, width=3)
        x, y = map(int, random.integers(14, 26, 2))
        relief = tuple(min(255, v + 45) for v in tone)
        draw.ellipse((left + x, y, left + x + 22, y + 26), fill=relief)
    jpeg = io.BytesIO()
    merged.save(jpeg, "JPEG", quality=85)
    return jpeg.getvalue()


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
        "synthetic",
        None,
        None,
        None,
        None,
        texts,
        _image_id(coin),
        [f"{_image_id(coin)}:{side}" for side in ("obverse", "reverse")],
    )


def _run(layer: str, model: str, coins: Sequence[Coin], split: str) -> tuple[Any, ...]:
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
    mints = {_label(layer, coin): coin.mint for coin in coins}
    classes = sorted(mints)
    return (
        f"{layer}-{model}",
        layer,
        0,
        model,
        "network" if model == "vgg16" else "baseline",
        classes,
        json.dumps({"layer": layer, "mints": [mints[name] for name in classes]}),
        json.dumps({"shards": "ab12", "split": split}),
        "c0de" * 16,
        json.dumps(epochs),
        json.dumps({"best_epoch": 21} if epochs else {}),
        f"runs/{layer}/weights.npz",
        "5a" * 32,
    )
