"""A few clustered coins for tests: Assos with clusters of six and two coins, Ilion with one coin."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.warehouse import schemas
from coinspark.warehouse.local_frame import local_frame
from tests import evaluation_tables

CONFIG = Config.model_validate(
    {
        "evaluation": {"examples_per_class": 2},
        "features": {"weights": None},
        "layers": [
            {"name": "mint", "kind": "mint"},
            {"name": "designs", "kind": "entities"},
            {"name": "seen", "kind": "clusters", "min_coins": 3},
        ],
    }
)
MODEL = "0123456789abcdef-128x64"
# coin, mint, types, design (None: the mint itself), cluster, distance
COINS = [
    ("1", "Assos", ["a"], "owl", 1, 0.10),
    ("2", "Assos", ["a"], "owl", 1, 0.20),
    ("3", "Assos", ["a"], None, 1, 0.20),
    ("4", "Assos", ["b"], "owl", 1, 0.50),
    ("5", "Assos", ["a", "b"], "bee", 1, 0.40),
    ("6", "Assos", [], None, 1, 0.30),
    ("7", "Assos", ["b"], "bee", 2, 0.05),
    ("8", "Assos", ["b"], "bee", 2, 0.15),
    ("9", "Ilion", ["a"], None, 1, 0.25),
]
NAMES = {("Assos", 1): "Assos/cluster-01"}
"""The other clusters are too small: their coins stay in their mint's class."""


def cluster_tables(spark: SparkSession) -> Callable[[str], DataFrame]:
    """Reads the tables of these coins by name. Abdera could not be clustered."""
    clusters = [("seen", f"i{coin}", mint, MODEL, number, far) for coin, mint, _, _, number, far in COINS]
    clusters.append(("gone", "i1", "Assos", MODEL, 1, 0.5))  # a layer that is not configured any more
    classes = []
    for coin, mint, _, design, number, _ in COINS:
        classes.append(("designs", coin, "original", mint, f"{mint}/{design}" if design else mint, ""))
        classes.append(("seen", coin, "original", mint, NAMES.get((mint, number), mint), ""))
    rows = {
        "coins": [_coin(coin, mint, types) for coin, mint, types, *_ in COINS],
        "images": [
            (f"i{coin}", 64, 128, 64, bytearray(evaluation_tables.image(int(coin)))) for coin, *_ in COINS
        ],
        "clusters": clusters,
        "cluster_mints": [
            ("seen", "Abdera", MODEL, 2, None, None, "2 images are fewer than 3 clusters"),
            ("seen", "Assos", MODEL, 8, 2, None, None),
            ("seen", "Ilion", MODEL, 1, 1, None, None),
        ],
        "classes": classes,
    }
    frames = {
        name: local_frame(spark, values, schemas.TABLES[name].ddl).persist() for name, values in rows.items()
    }
    return frames.__getitem__


def _coin(coin: str, mint: str, types: list[str]) -> tuple[object, ...]:
    text = ("obverse", "en", f"Head {coin}.", "t")
    return (coin, "original", mint, types, "synthetic", None, None, None, None, [text], f"i{coin}", None)
