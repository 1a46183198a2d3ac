"""View `suspects`: which predictions it lists."""

from __future__ import annotations

from pyspark.sql import SparkSession

from coinspark.warehouse import schemas
from coinspark.warehouse.views import VIEWS


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
        spark.createDataFrame(values, schemas.TABLES[name].ddl).createOrReplaceTempView(f"test_views_{name}")
    view = VIEWS["suspects"]
    suspects = spark.sql(view.select(lambda name: f"test_views_{name}", 0.75)).toDF(*view.columns).collect()
    assert sorted(
        (row["coin_id"], row["recorded"], row["predicted"], row["probability"]) for row in suspects
    ) == [("exactly", "A", "B", 0.75), ("twice", "A", "B", 0.9)]
    for name in rows:
        spark.catalog.dropTempView(f"test_views_{name}")
