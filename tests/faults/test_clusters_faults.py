"""Clusters of more features than the memory of the driver."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.pipeline.stage import Context
from coinspark.vision.feature_network import select_network
from coinspark.warehouse import catalog, schemas, tables
from coinspark.warehouse.files import Location
from tests import builds

HEAP = 224  # MB
LOW = {
    "spark.testing.reservedMemory": str(64 << 20)
}  # otherwise Spark refuses to start with less than 450 MB
IMAGES, WIDTH = 60_000, 1024
COIN = {
    "coin_id": "'c' || id",
    "medium": "'original'",
    "mint": "'Pergamon'",
    "source": "'s'",
    "image_id": "'i' || id",
}


def features(model: str) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """A function that generates vectors in the workers: three groups that vary in one direction."""

    def generate(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        levels = np.linspace(0, 1, 256, dtype=np.float32)
        for batch in batches:
            number = batch["id"].to_numpy()[:, None]
            values = number * 7919 % 80 + 170 * (
                number % 3 == np.arange(WIDTH) % 3
            )  # the groups, and one more direction
            yield pd.DataFrame(
                {"image_id": "i" + batch["id"].astype(str), "model": model, "vector": list(levels[values])}
            )

    return generate


@pytest.mark.slow(seconds=60)
@pytest.mark.timeout(1500)
def test_features_larger_than_the_memory_of_the_driver_are_clustered(
    spark: SparkSession, config: Config, tmp_path: Path
) -> None:
    assert IMAGES * WIDTH * 4 > HEAP << 20
    settings = Config.model_validate(
        {
            **config.model_dump(mode="json"),
            "features": {"weights": None, "precision": "float32"},
            "layers": [{"name": "parts", "kind": "clusters", "k": 3, "split": {"largest": 1}}],
        }
    )
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "2000")
    tables.create(spark, config)
    model = select_network(
        Context(
            spark,
            settings,
            lambda name: tables.read(spark, config, name),
            Location.of(tmp_path),
            lambda line: None,
        )
    ).model
    ids = spark.range(0, IMAGES, 1, 8)
    frames = {
        "features": ids.mapInPandas(features(model), schemas.FEATURES.ddl),
        "coins": ids.select(
            *(
                F.expr(COIN.get(name, "null")).cast(kind).alias(name)
                for name, kind in schemas.COINS.columns.items()
            )
        ),
    }
    try:
        for name, frame in frames.items():
            frame.writeTo(catalog.full_name(config, name)).append()
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    small = {
        **settings.model_dump(mode="json"),
        "spark": {
            **settings.spark.model_dump(),
            "driver_memory": f"{HEAP}m",
            "conf": {**settings.spark.conf, **LOW},
        },
    }
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(small))
    completed = subprocess.run(
        [sys.executable, str(builds.ROOT / "jobs" / "clusters.py"), "--config", str(tmp_path / "small.yaml")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(builds.ROOT)},
        capture_output=True,
        text=True,
        timeout=1000,
    )
    assert completed.returncode == 0, completed.stderr
    assert f"clusters  {IMAGES:,} clusters" in completed.stderr
    clusters = tables.read(spark, config, "clusters").withColumn(
        "group", F.expr("int(substr(image_id, 2)) % 3")
    )
    counts = clusters.groupBy("group", "cluster").count().collect()
    assert sorted((row["group"], row["count"]) for row in counts) == [
        (group, IMAGES // 3) for group in range(3)
    ]
