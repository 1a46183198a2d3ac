"""Tables are staged, audited, published in one commit and tagged; earlier states stay readable."""

from __future__ import annotations

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.core.errors import AuditError, InputError
from coinspark.warehouse import schemas, tables
from coinspark.warehouse.local_frame import local_frame


def classes(spark: SparkSession, *rows: tuple[str | None, str, str]) -> DataFrame:
    full = [("mint", coin, "original", mint, name, "") for coin, mint, name in rows]
    return local_frame(spark, full, schemas.CLASSES.ddl)


def images(spark: SparkSession, *ids: str) -> DataFrame:
    return local_frame(spark, [(i, 64, 64, 64, bytearray(i.encode())) for i in ids], schemas.IMAGES.ddl)


def publish(spark: SparkSession, config: Config, rows: DataFrame) -> None:
    tables.publish(spark, config, tables.stage(spark, config, "classes", rows))


@pytest.mark.fault(3)
def test_table_and_its_first_snapshot_are_created_in_one_commit(spark: SparkSession, config: Config) -> None:
    """A killed process leaves no table without a snapshot, which no later build could read."""
    tables.create(spark, config)
    name = tables.full_name(config, "classes")
    assert spark.table(f"{name}.metadata_log_entries").count() == 1
    assert spark.table(f"{name}.snapshots").count() == 1
    assert spark.catalog.getTable(name).description == schemas.CLASSES.doc
    properties = {row["key"]: row["value"] for row in spark.sql(f"SHOW TBLPROPERTIES {name}").collect()}
    assert properties["format-version"] == "2"
    assert spark.table(name).schema == classes(spark).schema


@pytest.mark.fault(3)
def test_staged_rows_are_visible_only_after_publishing(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    publish(spark, config, classes(spark, ("1", "Rome", "Rome")))
    staged = tables.stage(
        spark, config, "classes", classes(spark, ("2", "Rome", "Rome"), ("3", "Rome", "Rome"))
    )
    assert [row.coin_id for row in tables.read(spark, config, "classes").collect()] == ["1"]
    tables.audit(spark, config, staged)
    tables.publish(spark, config, staged)
    assert sorted(row.coin_id for row in tables.read(spark, config, "classes").collect()) == ["2", "3"]


@pytest.mark.fault(3)
def test_stage_resets_a_branch_left_by_a_killed_run(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    staged = images(spark, "dead", "a")
    tables.stage(spark, config, "images", staged, keep=staged)
    wanted = images(spark, "a")
    tables.publish(spark, config, tables.stage(spark, config, "images", wanted, keep=wanted))
    assert [row.image_id for row in tables.read(spark, config, "images").collect()] == ["a"]


@pytest.mark.parametrize("few", [1, 0])
def test_stage_with_keep_adds_and_deletes_rows(
    spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """One row is deleted; the driver collects the keys of up to `few` rows."""
    monkeypatch.setattr(tables, "_FEW", few)
    tables.create(spark, config)
    for new, keep in ((("a", "b"), ("a", "b")), (("c",), ("b", "c"))):
        tables.publish(
            spark,
            config,
            tables.stage(spark, config, "images", images(spark, *new), keep=images(spark, *keep)),
        )
    assert sorted(row.image_id for row in tables.read(spark, config, "images").collect()) == ["b", "c"]


@pytest.mark.fault(2)
@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((("1", "Rome", "Rome"), ("1", "Rome", "Ostia")), "duplicate key"),
        (((None, "Rome", "Rome"),), "null in the key"),
    ],
)
def test_audit_refuses_duplicate_and_null_keys(
    spark: SparkSession, config: Config, rows: tuple[tuple[str | None, str, str], ...], says: str
) -> None:
    tables.create(spark, config)
    staged = tables.stage(spark, config, "classes", classes(spark, *rows))
    with pytest.raises(AuditError, match=f"table classes: .*{says}"):
        tables.audit(spark, config, staged)
    assert tables.read(spark, config, "classes").count() == 0


def test_stage_refuses_other_columns(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    with pytest.raises(AuditError, match="expected the columns"):
        tables.stage(spark, config, "classes", classes(spark).drop("evidence"))


def test_tag_keeps_the_rows_of_its_build(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    publish(spark, config, classes(spark, ("1", "Rome", "Rome")))
    tables.tag(spark, config, "build_1", {"classes": tables.snapshot(spark, config, "classes")})
    publish(spark, config, classes(spark, ("2", "Rome", "Rome")))
    assert [row.coin_id for row in tables.read(spark, config, "classes", tag="build_1").collect()] == ["1"]
    assert [row.coin_id for row in tables.read(spark, config, "classes").collect()] == ["2"]
    with pytest.raises(InputError, match=r"unknown build 'build_2'; known builds: build_1"):
        tables.read(spark, config, "classes", tag="build_2")


@pytest.mark.fault(14)
@pytest.mark.parametrize(
    "mint", ["x'); DROP TABLE--", "back`tick", "two\nlines", "<script>alert(1)</script>", "Ἀθῆναι"]
)
def test_values_with_sql_syntax_are_stored_unchanged(spark: SparkSession, config: Config, mint: str) -> None:
    tables.create(spark, config)
    publish(spark, config, classes(spark, ("1", mint, mint)))
    assert [row["class"] for row in tables.read(spark, config, "classes").collect()] == [mint]


def old_entities(spark: SparkSession, config: Config, *more: str) -> str:
    """Create `entities` without `unverified`, with one row, one build and extra columns; its full name."""
    tables.create(spark, config)
    name = tables.full_name(config, "entities")
    columns = [
        f"`{column}` {kind}" for column, kind in schemas.ENTITIES.columns.items() if column != "unverified"
    ]
    spark.sql(f"DROP TABLE {name}")
    spark.sql(
        f"CREATE TABLE {name} ({', '.join([*columns, *more])}) USING iceberg "
        f"TBLPROPERTIES ('{tables.VERSION_PROPERTY}'='{schemas.VERSION}')"
    )
    notes = ", 'a note'" * len(more)
    spark.sql(
        f"INSERT INTO {name} VALUES ('a', 'lexicon', 0, 4, 'Zeus', 'Zeus', 'PERSON', null, array(){notes})"
    )
    tables.tag(spark, config, "build_1", {"entities": tables.snapshot(spark, config, "entities")})
    return name


def test_create_adds_missing_columns(spark: SparkSession, config: Config) -> None:
    name = old_entities(spark, config)
    before = tables.snapshot(spark, config, "entities")
    for _ in range(2):  # the second time nothing is missing
        tables.create(spark, config)
        assert dict(spark.table(name).dtypes) == schemas.ENTITIES.columns
    assert tables.snapshot(spark, config, "entities") == before, "no row was written"
    assert [(row["form"], row["unverified"]) for row in tables.read(spark, config, "entities").collect()] == [
        ("Zeus", None)
    ]

    new = local_frame(
        spark, [("b", "spacy", 0, 5, "Tyche", None, "PERSON", None, [], True)], schemas.ENTITIES.ddl
    )
    staged = tables.stage(spark, config, "entities", new)
    tables.audit(spark, config, staged)
    tables.publish(spark, config, staged)
    assert [(row["form"], row["unverified"]) for row in tables.read(spark, config, "entities").collect()] == [
        ("Tyche", True)
    ]
    assert [row["form"] for row in tables.read(spark, config, "entities", tag="build_1").collect()] == [
        "Zeus"
    ]


def test_create_keeps_columns_of_others(spark: SparkSession, config: Config) -> None:
    name = old_entities(spark, config, "mine string")
    tables.create(spark, config)
    assert dict(spark.table(name).dtypes) == {**schemas.ENTITIES.columns, "mine": "string"}
    (row,) = tables.read(spark, config, "entities").collect()
    assert (row["form"], row["mine"], row["unverified"]) == ("Zeus", "a note", None)


def test_content_hash_does_not_depend_on_order(spark: SparkSession) -> None:
    rows = [("1", "Rome", "Rome"), ("2", "Ostia", "Ostia"), ("3", "Rome", "Rome")]
    whole = tables.content_hash(classes(spark, *rows).repartition(3))
    assert whole == tables.content_hash(classes(spark, *reversed(rows)).coalesce(1))
    assert whole != tables.content_hash(classes(spark, *rows[:2]))
    assert whole != tables.content_hash(classes(spark, rows[0], rows[1], ("3", "Rome", "Ostia")))
    assert tables.content_hash(classes(spark)) == "0-0000000000000000"


def test_views_read_the_published_tables(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    tables.replace_views(spark, config)
    rows = [
        ("mint", 0, str(n), "original", "Rome", "Rome", side, str(n))
        for n, side in enumerate(["train", "train", "test"])
    ]
    tables.publish(
        spark, config, tables.stage(spark, config, "splits", local_frame(spark, rows, schemas.SPLITS.ddl))
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


def test_create_refuses_tables_of_another_schema_version(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    name = tables.full_name(config, "stages")
    spark.sql(f"ALTER TABLE {name} UNSET TBLPROPERTIES ('{tables.VERSION_PROPERTY}')")
    message = (
        f"the tables have schema version 1, this coinspark needs {schemas.VERSION}; set `warehouse` to a new"
    )
    with pytest.raises(InputError, match=message):
        tables.create(spark, config)
    with pytest.raises(InputError, match=message):
        tables.exists(spark, config)


def test_create_refuses_a_warehouse_that_has_only_nights(spark: SparkSession, config: Config) -> None:
    spark.sql(f"CREATE NAMESPACE {config.catalog.name}.{config.catalog.namespace}")
    spark.sql(f"CREATE TABLE {tables.full_name(config, 'nights')} (night string) USING iceberg")
    with pytest.raises(InputError, match="have schema version 1"):
        tables.create(spark, config)
