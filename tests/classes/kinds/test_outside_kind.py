"""A layer kind from outside the package: the configuration names its module, and stage and summary use it."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from coinspark.classes import summary
from coinspark.classes.stage import STAGE
from coinspark.config import Config
from tests.classes.tables import build, by_coin, tables

KIND = "tests.classes.kinds.first_letter:KIND"


def test_kind_of_another_package_is_used_by_stage_and_summary(spark: SparkSession, tmp_path: Path) -> None:
    layers = [
        {"name": "mint", "kind": "mint"},
        {"name": "letters", "kind": KIND, "split": {"mints": ["Ainos"]}},
    ]
    config = Config.model_validate({"layers": layers})
    assert config.reference_layer == "mint"
    assert STAGE.reads(config) == ("coins",) and "tests.classes.kinds.first_letter" in STAGE.modules(config)
    inputs = {"coins": tables(spark)["coins"]}
    classes = build(spark, tmp_path, inputs, config).cache()
    rows = by_coin(classes, "letters")
    assert rows["8-0", "original"]["class"] == "Ainos/8" and rows["9-0", "original"]["class"] == "Ainos/9"
    assert rows["1-0", "original"]["class"] == "Pergamon"
    assert summary.render({**inputs, "classes": classes}.__getitem__, config) == (
        "Layer letters\n\n"
        "Ainos: 14 coins; 2 new classes of at least 5 coins contain 100.0% of them, the largest 64.3%\n"
        "       9  Ainos/8\n"
        "       5  Ainos/9"
    )
    classes.unpersist()
