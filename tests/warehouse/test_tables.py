"""Tables are staged, audited, published in one commit and tagged; earlier states stay readable."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.core.errors import AuditError, InputError, LockError
from coinspark.warehouse import catalog, catalog_properties, schemas, tables
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
    name = catalog.full_name(config, "classes")
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


@pytest.mark.fault(5)
def test_publish_moves_only_the_audited_rows(spark: SparkSession, config: Config) -> None:
    """Two builds stage the same table; the second also stages after the first began."""
    tables.create(spark, config)
    first = tables.stage(spark, config, "classes", classes(spark, ("1", "Rome", "Rome")))
    second = tables.stage(spark, config, "classes", classes(spark, ("2", "Rome", "Rome")))
    with pytest.raises(LockError, match="table classes: another build has written it"):
        tables.publish(spark, config, first)
    assert tables.read(spark, config, "classes").count() == 0
    assert tables.publish(spark, config, second) == tables.snapshot(spark, config, "classes")
    assert [row.coin_id for row in tables.read(spark, config, "classes").collect()] == ["2"]


@pytest.mark.fault(5)
def test_publish_refuses_rows_that_were_staged_before_another_publication(
    spark: SparkSession, config: Config
) -> None:
    tables.create(spark, config)
    staged = tables.stage(spark, config, "classes", classes(spark, ("1", "Rome", "Rome")))
    name = catalog.full_name(config, "classes")
    spark.sql(f"INSERT INTO {name} VALUES ('mint', '2', 'original', 'Rome', 'Rome', '')")
    with pytest.raises(LockError, match="table classes: another build has written it"):
        tables.publish(spark, config, staged)
    assert not tables.is_publishable(spark, config, staged)
    assert [row.coin_id for row in tables.read(spark, config, "classes").collect()] == ["2"]


@pytest.mark.fault(5)
def test_publish_that_another_commit_overtakes_publishes_nothing(spark: SparkSession, config: Config) -> None:
    """Another process commits between the check and the commit: the fast-forward is compared again."""
    tables.create(spark, config)
    staged = tables.stage(spark, config, "classes", classes(spark, ("1", "Rome", "Rome")))
    handle = catalog.load(spark, config, "classes")
    (branch,) = tables._staging_branches(handle)
    move = handle.manageSnapshots().fastForwardBranch("main", branch)
    name = catalog.full_name(config, "classes")
    spark.sql(f"INSERT INTO {name} VALUES ('mint', '2', 'original', 'Rome', 'Rome', '')")
    with pytest.raises(Py4JJavaError):
        move.commit()
    assert not tables.is_publishable(spark, config, staged)
    assert [row.coin_id for row in tables.read(spark, config, "classes").collect()] == ["2"]


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
    name = catalog.full_name(config, "entities")
    columns = [
        f"`{column}` {kind}" for column, kind in schemas.ENTITIES.columns.items() if column != "unverified"
    ]
    spark.sql(f"DROP TABLE {name}")
    spark.sql(
        f"CREATE TABLE {name} ({', '.join([*columns, *more])}) USING iceberg "
        f"TBLPROPERTIES ('{catalog_properties.VERSION_PROPERTY}'='{schemas.VERSION}')"
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
    (old,) = tables.read(spark, config, "entities", snapshot=before).collect()
    assert old["form"] == "Zeus"


def test_create_keeps_columns_of_others(spark: SparkSession, config: Config) -> None:
    name = old_entities(spark, config, "mine string")
    tables.create(spark, config)
    assert dict(spark.table(name).dtypes) == {**schemas.ENTITIES.columns, "mine": "string"}
    (row,) = tables.read(spark, config, "entities").collect()
    assert (row["form"], row["mine"], row["unverified"]) == ("Zeus", "a note", None)


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
    sizes = spark.table(catalog.full_name(config, "class_sizes")).collect()
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


def test_views_are_replaced_only_if_their_definition_changes(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    tables.replace_views(spark, config)
    name = catalog.full_name(config, "suspects")

    def definition() -> str:
        return spark.sql(f"SHOW CREATE TABLE {name}").collect()[0][0]

    assert "0.9D" in definition()
    spark.sql(f"CREATE OR REPLACE VIEW {name} AS SELECT 1 AS mine")
    tables.replace_views(spark, config)
    assert "mine" in definition(), "no statement ran"
    lower = config.evaluation.model_copy(update={"suspect_threshold": 0.5})
    tables.replace_views(spark, config.model_copy(update={"evaluation": lower}))
    assert "0.5D" in definition()


def test_create_refuses_tables_of_another_schema_version(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    name = catalog.full_name(config, "stages")
    spark.sql(f"ALTER TABLE {name} UNSET TBLPROPERTIES ('{catalog_properties.VERSION_PROPERTY}')")
    message = (
        f"the tables have schema version 1, this coinspark needs {schemas.VERSION}; set `warehouse` to a new"
    )
    with pytest.raises(InputError, match=message):
        tables.create(spark, config)
    with pytest.raises(InputError, match=message):
        tables.exists(spark, config)


def test_create_refuses_a_warehouse_that_has_only_nights(spark: SparkSession, config: Config) -> None:
    spark.sql(f"CREATE NAMESPACE {config.catalog.name}.{config.catalog.namespace}")
    spark.sql(f"CREATE TABLE {catalog.full_name(config, 'nights')} (night string) USING iceberg")
    with pytest.raises(InputError, match="have schema version 1"):
        tables.create(spark, config)


def test_create_refuses_a_column_of_another_type(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    name = catalog.full_name(config, "confusion")
    columns = {**schemas.CONFUSION.columns, "n": "string"}
    spark.sql(f"DROP TABLE {name}")
    spark.sql(f"CREATE TABLE {name} ({', '.join(f'`{n}` {k}' for n, k in columns.items())}) USING iceberg")
    with pytest.raises(
        InputError, match="table confusion: the column n has the type string, this coinspark needs bigint"
    ):
        tables.create(spark, config)


def test_create_refuses_the_catalog_of_another_warehouse(
    spark: SparkSession, config: Config, tmp_path: Path
) -> None:
    """Two configurations on one catalog and namespace; a copied catalog file has the same effect."""
    tables.create(spark, config)
    other = config.model_copy(update={"warehouse": str(tmp_path / "other")})
    for check in (tables.create, tables.exists):
        with pytest.raises(
            InputError, match=f"other: the tables .* belong to the warehouse file://{config.warehouse}"
        ):
            check(spark, other)
    link = tmp_path / "link"
    link.symlink_to(config.warehouse)
    tables.create(spark, config.model_copy(update={"warehouse": str(link)}))


@pytest.mark.parametrize("name", ["stages", "coins"])
def test_missing_files_of_a_table_are_one_line(spark: SparkSession, config: Config, name: str) -> None:
    tables.create(spark, config)
    folder = Path(config.warehouse, config.catalog.namespace, name)
    shutil.rmtree(folder / "metadata")
    spark.catalog.clearCache()
    with pytest.raises(
        InputError, match=rf"the catalog knows the table .*{name}, but its file \S*{folder}"
    ) as error:
        tables.create(spark, config)
    assert "\n" not in str(error.value)
