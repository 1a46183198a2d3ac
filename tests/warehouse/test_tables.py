"""Tables: staged on a branch, audited, published in one step, tagged; the old state readable all along."""

from __future__ import annotations

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.core.errors import AuditError, InputError
from coinspark.warehouse import schemas, tables


def classes(spark: SparkSession, *rows: tuple[str | None, str, str]) -> DataFrame:
    full = [("mint", coin, "original", mint, name, "") for coin, mint, name in rows]
    return spark.createDataFrame(full, schemas.CLASSES.ddl)


def images(spark: SparkSession, *ids: str) -> DataFrame:
    return spark.createDataFrame([(i, 64, 64, 64, bytearray(i.encode())) for i in ids], schemas.IMAGES.ddl)


def publish(spark: SparkSession, config: Config, rows: DataFrame) -> None:
    tables.publish(spark, config, tables.stage(spark, config, "classes", rows))


def test_staged_rows_are_seen_only_when_published(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    publish(spark, config, classes(spark, ("1", "Rome", "Rome")))
    staged = tables.stage(
        spark, config, "classes", classes(spark, ("2", "Rome", "Rome"), ("3", "Rome", "Rome"))
    )
    assert [row.coin_id for row in tables.read(spark, config, "classes").collect()] == ["1"]
    tables.audit(spark, config, staged)
    tables.publish(spark, config, staged)
    assert sorted(row.coin_id for row in tables.read(spark, config, "classes").collect()) == ["2", "3"]


def test_a_branch_left_by_a_dead_run_is_forgotten(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    tables.stage(spark, config, "images", images(spark, "dead"), keep=images(spark, "dead"))
    wanted = images(spark, "a")
    tables.publish(spark, config, tables.stage(spark, config, "images", wanted, keep=wanted))
    assert [row.image_id for row in tables.read(spark, config, "images").collect()] == ["a"]


def test_changes_add_and_drop(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    for new, keep in ((("a", "b"), ("a", "b")), (("c",), ("b", "c"))):
        tables.publish(
            spark,
            config,
            tables.stage(spark, config, "images", images(spark, *new), keep=images(spark, *keep)),
        )
    assert sorted(row.image_id for row in tables.read(spark, config, "images").collect()) == ["b", "c"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((("1", "Rome", "Rome"), ("1", "Rome", "Ostia")), "stands more than once"),
        (((None, "Rome", "Rome"),), "without its key"),
    ],
)
def test_audit_stops_what_breaks_the_key(
    spark: SparkSession, config: Config, rows: tuple[tuple[str | None, str, str], ...], says: str
) -> None:
    tables.create(spark, config)
    staged = tables.stage(spark, config, "classes", classes(spark, *rows))
    with pytest.raises(AuditError, match=f"table classes: .*{says}"):
        tables.audit(spark, config, staged)
    assert tables.read(spark, config, "classes").count() == 0


def test_other_columns_are_refused(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    with pytest.raises(AuditError, match="the rows have the columns"):
        tables.stage(spark, config, "classes", classes(spark).drop("evidence"))


def test_a_tag_keeps_its_night(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    publish(spark, config, classes(spark, ("1", "Rome", "Rome")))
    tables.tag(spark, config, "night_1", {"classes": tables.snapshot(spark, config, "classes")})
    publish(spark, config, classes(spark, ("2", "Rome", "Rome")))
    assert [row.coin_id for row in tables.read(spark, config, "classes", tag="night_1").collect()] == ["1"]
    assert [row.coin_id for row in tables.read(spark, config, "classes").collect()] == ["2"]
    with pytest.raises(InputError, match=r"no build 'night_2'; there are: night_1"):
        tables.read(spark, config, "classes", tag="night_2")


@pytest.mark.parametrize(
    "mint", ["x'); DROP TABLE--", "back`tick", "two\nlines", "<script>alert(1)</script>", "Ἀθῆναι"]
)
def test_values_are_stored_as_they_are(spark: SparkSession, config: Config, mint: str) -> None:
    tables.create(spark, config)
    publish(spark, config, classes(spark, ("1", mint, mint)))
    assert [row["class"] for row in tables.read(spark, config, "classes").collect()] == [mint]


def old_entities(spark: SparkSession, config: Config, *more: str) -> str:
    """The table `entities` as it was before unverified, with a row, a build and these columns more; its full name."""
    tables.create(spark, config)
    name = tables.full_name(config, "entities")
    columns = [f"`{one}` {kind}" for one, kind in schemas.ENTITIES.columns.items() if one != "unverified"]
    spark.sql(f"DROP TABLE {name}")
    spark.sql(f"CREATE TABLE {name} ({', '.join([*columns, *more])}) USING iceberg")
    notes = ", 'a note'" * len(more)
    spark.sql(
        f"INSERT INTO {name} VALUES ('a', 'lexicon', 0, 4, 'Zeus', 'Zeus', 'PERSON', null, array(){notes})"
    )
    tables.tag(spark, config, "night_1", {"entities": tables.snapshot(spark, config, "entities")})
    return name


def test_a_warehouse_of_an_earlier_version_gets_the_columns_that_it_lacks(
    spark: SparkSession, config: Config
) -> None:
    name = old_entities(spark, config)
    before = tables.snapshot(spark, config, "entities")
    for _ in range(2):  # the second time nothing is missing
        tables.create(spark, config)
        assert dict(spark.table(name).dtypes) == schemas.ENTITIES.columns
    assert tables.snapshot(spark, config, "entities") == before, "no row was written"
    assert [(row["form"], row["unverified"]) for row in tables.read(spark, config, "entities").collect()] == [
        ("Zeus", None)
    ]

    new = spark.createDataFrame(
        [("b", "spacy", 0, 5, "Tyche", None, "PERSON", None, [], True)], schemas.ENTITIES.ddl
    )
    staged = tables.stage(spark, config, "entities", new)
    tables.audit(spark, config, staged)
    tables.publish(spark, config, staged)
    assert [(row["form"], row["unverified"]) for row in tables.read(spark, config, "entities").collect()] == [
        ("Tyche", True)
    ]
    assert [row["form"] for row in tables.read(spark, config, "entities", tag="night_1").collect()] == [
        "Zeus"
    ]


def test_a_column_that_is_not_ours_is_left_alone(spark: SparkSession, config: Config) -> None:
    name = old_entities(spark, config, "mine string")
    tables.create(spark, config)
    assert dict(spark.table(name).dtypes) == {**schemas.ENTITIES.columns, "mine": "string"}
    (row,) = tables.read(spark, config, "entities").collect()
    assert (row["form"], row["mine"], row["unverified"]) == ("Zeus", "a note", None)


def test_content_hash_knows_rows_not_order(spark: SparkSession) -> None:
    rows = [("1", "Rome", "Rome"), ("2", "Ostia", "Ostia"), ("3", "Rome", "Rome")]
    whole = tables.content_hash(classes(spark, *rows).repartition(3))
    assert whole == tables.content_hash(classes(spark, *reversed(rows)).coalesce(1))
    assert whole != tables.content_hash(classes(spark, *rows[:2]))
    assert whole != tables.content_hash(classes(spark, rows[0], rows[1], ("3", "Rome", "Ostia")))
    assert tables.content_hash(classes(spark)) == "0-0000000000000000"


def test_views_stand_on_the_tables(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    tables.replace_views(spark, config)
    rows = [
        ("mint", 0, str(n), "original", "Rome", "Rome", side)
        for n, side in enumerate(["train", "train", "test"])
    ]
    tables.publish(
        spark, config, tables.stage(spark, config, "splits", spark.createDataFrame(rows, schemas.SPLITS.ddl))
    )
    sizes = spark.table(tables.full_name(config, "class_sizes")).collect()
    assert [row.asDict() for row in sizes] == [
        {
            "layer": "mint",
            "fold": 0,
            "mint": "Rome",
            "class": "Rome",
            "coins": 3,
            "images": 3,
            "train": 2,
            "validation": 0,
            "test": 1,
        }
    ]
