"""Limits on rejects and lost coins: an accepted loss is told once, and published coins are counted once."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.ingest import reject_limits
from coinspark.ingest.merge import OUTCOME
from coinspark.ingest.records import Listing, Record, Reject
from coinspark.pipeline.stage import Context
from coinspark.warehouse import schemas
from coinspark.warehouse.local_frame import local_frame


def listing(source: str, coins: int, rejected: int) -> Listing:
    records = [Record(f"{source}{n}", "original", "Rome", (), source, None, f"{n}") for n in range(coins)]
    rejects = [Reject(f"x{n}", "original", f"{n}", "no_mint", "a.csv#7: no mint") for n in range(rejected)]
    return Listing(tuple(records), tuple(rejects))


def test_accepted_losses_are_told_once_and_coins_counted_once(spark: SparkSession, tmp_path: Path) -> None:
    """
    Of 20 published coins each, `a` lists 9 and rejects 11. `b` lists all, but 15 of its photos are broken.
    """
    published = spark.range(40).selectExpr("if(id < 20, 'a', 'b') AS source", "string(id) AS coin_id")
    reads: list[str] = []

    def read(name: str) -> DataFrame:
        reads.append(name)
        return published if name == "coins" else local_frame(spark, [], schemas.REJECTS.ddl)

    notices: list[str] = []
    config = Config.model_validate({"ingest": {"accept_loss": True}})
    context = Context(spark, config, read, tmp_path, say=notices.append, notice=notices.append)
    listings = {"a": listing("a", 9, 11), "b": listing("b", 20, 0)}
    checked = reject_limits.check_listing(context, listings)
    assert [notice.split(";")[0] for notice in notices] == [
        "ingest: source 'a': 11 of 20 rows cannot be used (11 no_mint), such as a.csv#7: no mint",
        "ingest: source 'a': 9 coins, 20 in the published tables",
    ]
    notices.clear()

    def outcome(coin_id: str, reason: str | None) -> tuple[object, ...]:
        image = (None, None, None, None, None, None) if reason else ("i", ["p"], 64, 64, 64, b"")
        return (coin_id, "original", *image, coin_id if reason else None, reason, reason and "half a file")

    rows = [outcome(f"a{n}", "truncated" if n == 0 else None) for n in range(9)]
    rows += [outcome(f"b{n}", "truncated" if n < 15 else None) for n in range(20)]
    listed = local_frame(
        spark,
        [
            (record.coin_id, record.medium, record.source)
            for each in listings.values()
            for record in each.records
        ],
        "coin_id string, medium string, source string",
    )
    frame = local_frame(spark, rows, OUTCOME)
    reject_limits.check_outcome(context, checked, listed, frame, tmp_path / "merged")
    assert [notice.split(" (")[0] for notice in notices] == [
        "ingest: 16 of 29 coins have photos that cannot be used",
        "ingest: source 'b': 15 of 20 rows cannot be used",
        "ingest: source 'b': 5 coins, 20 in the published tables; this exceeds ingest.max_loss_share",
    ]
    assert reads.count("coins") == 1
