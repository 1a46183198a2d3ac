"""The SELECT statements of the views, on temporary tables."""

from __future__ import annotations

from pyspark.sql import SparkSession

from coinspark.warehouse import schemas
from coinspark.warehouse.local_frame import local_frame
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
        local_frame(spark, values, ddl).createOrReplaceTempView(f"suspects_{name}")
    suspects = spark.sql(VIEWS["suspects"].select(lambda name: f"suspects_{name}", 0.9)).collect()
    assert [tuple(row)[:6] for row in suspects] == [("mint", "c", "original", "Rome", "Ilion", 0.97)]
    for name in rows:
        spark.catalog.dropTempView(f"suspects_{name}")


def test_suspects_are_confident_first_predictions_of_networks_that_contradict_the_record(
    spark: SparkSession,
) -> None:
    def coin(coin_id: str) -> dict[str, object]:
        return {"coin_id": coin_id, "medium": "original", "mint": "A"}

    def run(run_id: str, role: str = "network") -> dict[str, object]:
        return {"run_id": run_id, "layer": "mint", "role": role}

    def prediction(
        run_id: str, coin_id: str, mint: str, probability: float, rank: int = 1, level: str = "mint"
    ) -> dict[str, object]:
        key = {"run_id": run_id, "level": level, "coin_id": coin_id, "medium": "original", "rank": rank}
        return {**key, "class": mint, "mint": mint, "probability": probability}

    rows = {
        "coins": [
            coin(name) for name in ("exactly", "below", "right", "second", "baseline", "class", "twice")
        ],
        "runs": [run("first"), run("again"), run("svm", "baseline")],
        "predictions": [
            prediction("first", "exactly", "B", 0.75),
            prediction("first", "below", "B", 0.7499),
            prediction("first", "right", "A", 0.99),
            prediction("first", "second", "B", 0.8, rank=2),
            prediction("svm", "baseline", "B", 0.99),
            prediction("first", "class", "B", 0.99, level="class"),
            prediction("first", "twice", "B", 0.8),
            prediction("again", "twice", "B", 0.9),
        ],
    }
    for name, items in rows.items():
        columns = schemas.TABLES[name].columns
        values = [tuple(item.get(column) for column in columns) for item in items]
        local_frame(spark, values, schemas.TABLES[name].ddl).createOrReplaceTempView(f"test_views_{name}")
    view = VIEWS["suspects"]
    suspects = spark.sql(view.select(lambda name: f"test_views_{name}", 0.75)).toDF(*view.columns).collect()
    assert sorted(
        (row["coin_id"], row["recorded"], row["predicted"], row["probability"]) for row in suspects
    ) == [("exactly", "A", "B", 0.75), ("twice", "A", "B", 0.9)]
    for name in rows:
        spark.catalog.dropTempView(f"test_views_{name}")
