"""The SELECT statements of the views, on temporary tables."""

from __future__ import annotations

from pyspark.sql import SparkSession

from coinspark.warehouse.schemas import COINS, PREDICTIONS, RUNS
from coinspark.warehouse.views import VIEWS


def test_suspects_name_a_coin_once_over_several_repeats(spark: SparkSession) -> None:
    run = ("", "", "", "", "", "", "")
    rows = {
        "coins": ([("c", "original", "Rome", *[None] * 9)], COINS.ddl),
        "runs": ([(f"r{n}", "mint", n, "vgg16", "network", [], *run) for n in range(3)], RUNS.ddl),
        "predictions": (
            [
                (f"r{n}", "mint", "c", "original", 1, mint, mint, probability)
                for n, (mint, probability) in enumerate([("Ilion", 0.91), ("Ilion", 0.97), ("Rome", 0.99)])
            ],
            PREDICTIONS.ddl,
        ),
    }
    for name, (values, ddl) in rows.items():
        spark.createDataFrame(values, ddl).createOrReplaceTempView(f"suspects_{name}")
    suspects = spark.sql(VIEWS["suspects"].select(lambda name: f"suspects_{name}", 0.9)).collect()
    assert [tuple(row)[:6] for row in suspects] == [("mint", "c", "original", "Rome", "Ilion", 0.97)]
    for name in rows:
        spark.catalog.dropTempView(f"suspects_{name}")
