"""A stage runs if something it depends on has changed; it publishes all its tables or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.core.errors import AuditError
from coinspark.core.hashing import file_hash
from coinspark.pipeline import run as runner
from coinspark.pipeline import stage
from coinspark.pipeline.scratch import scratch_folder
from coinspark.warehouse import schemas, tables
from coinspark.warehouse.local_frame import local_frame


def build(context: stage.Context) -> Mapping[str, DataFrame]:
    """Every coin's class is its mint."""
    coins = context.read("coins")
    return {
        "classes": coins.selectExpr(
            "'mint' AS layer", "coin_id", "medium", "mint", "mint AS class", "'' AS evidence"
        )
    }


TOY = stage.Stage(
    name="toy",
    help="Each coin in the class of its mint.",
    reads=lambda config: ("coins",),
    writes=("classes",),
    settings=lambda config: config.layers,
    build=build,
)

OTHER_CODE = (".".join(("coinspark", "classes", "summary")),)
"""A module that counts for the code version; its dotted name as a constant would always count here."""


def run(spark: SparkSession, config: Config, toy: stage.Stage = TOY, force: bool = False) -> bool:
    return runner.run(spark, config, toy, force)


def put_coins(spark: SparkSession, config: Config, *mints: str) -> None:
    rows = [
        (str(n), "original", mint, ["t"], "s", None, None, None, None, [], None, None)
        for n, mint in enumerate(mints)
    ]
    frame = local_frame(spark, rows, schemas.COINS.ddl)
    tables.publish(spark, config, tables.stage(spark, config, "coins", frame))


def test_stage_is_skipped_until_something_changes(
    spark: SparkSession, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    tables.create(spark, config)
    put_coins(spark, config, "Rome", "Ostia")
    assert run(spark, config)
    assert not run(spark, config)
    assert "unchanged, skipped" in capsys.readouterr().err
    assert run(spark, config, force=True)
    more = config.model_copy(update={"layers": (config.layers[0].model_copy(update={"min_coins": 7}),)})
    assert run(spark, more)
    assert run(spark, config, replace(TOY, outside=lambda config: "another listing"))
    assert run(spark, config)
    assert run(spark, config, replace(TOY, modules=lambda config: OTHER_CODE))
    run(spark, config)
    put_coins(spark, config, "Rome", "Ostia", "Rome")
    assert run(spark, config)
    assert tables.read(spark, config, "classes").count() == 3


def test_unchanged_rows_keep_their_snapshot(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    put_coins(spark, config, "Rome", "Ostia")
    run(spark, config)
    before = tables.snapshot(spark, config, "classes")
    assert run(spark, config, force=True)
    assert tables.snapshot(spark, config, "classes") == before
    assert not run(spark, config)


def test_table_changed_by_another_program_is_built_again(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    put_coins(spark, config, "Rome")
    run(spark, config)
    empty = local_frame(spark, [], schemas.CLASSES.ddl)
    tables.publish(spark, config, tables.stage(spark, config, "classes", empty))
    assert run(spark, config)
    assert tables.read(spark, config, "classes").count() == 1


def test_failed_audit_of_one_table_publishes_none(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    put_coins(spark, config, "Rome")

    def build_two(context: stage.Context) -> Mapping[str, DataFrame]:
        good = build(context)["classes"]
        bad = local_frame(
            spark, [("mint", 0, None, "original", "Rome", "Rome", "train", "1")], schemas.SPLITS.ddl
        )
        return {"classes": good, "splits": bad}

    with pytest.raises(AuditError, match="table splits: null in the key"):
        run(spark, config, replace(TOY, writes=("classes", "splits"), build=build_two))
    assert tables.read(spark, config, "classes").count() == 0
    assert tables.read(spark, config, "stages").count() == 0


@pytest.mark.fault(3, 4)
@pytest.mark.parametrize("published", [0, 1, 2])
def test_run_that_died_while_publishing_is_published_and_not_built_again(
    spark: SparkSession,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    published: int,
) -> None:
    """It dies before the first of two tables, between them, and after the last."""
    tables.create(spark, config)
    put_coins(spark, config, "Rome")
    builds_of_toy, left = list[str](), [published]

    def build_two(context: stage.Context) -> Mapping[str, DataFrame]:
        builds_of_toy.append("built")
        splits = [("mint", 0, "0", "original", "Rome", "Rome", "train", "1")]
        return {**build(context), "splits": local_frame(spark, splits, schemas.SPLITS.ddl)}

    publish = tables.publish

    def dying(*arguments: Any) -> int:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        snapshot = publish(*arguments)
        if not left[0] and published == 2:
            raise KeyboardInterrupt
        return snapshot

    toy = replace(TOY, name="two", writes=("classes", "splits"), build=build_two)
    with monkeypatch.context() as patch:
        patch.setattr(tables, "publish", dying)
        with pytest.raises(KeyboardInterrupt):
            run(spark, config, toy)
    counts = [tables.read(spark, config, name).count() for name in ("classes", "splits")]
    assert counts == [int(published > 0), int(published > 1)]
    assert run(spark, config, toy) == (published < 2)
    assert ("published what was built before" in capsys.readouterr().err) == (published < 2)
    assert [tables.read(spark, config, name).count() for name in ("classes", "splits")] == [1, 1]
    assert builds_of_toy == ["built"]
    assert not run(spark, config, toy)


def test_interrupted_publication_of_other_inputs_is_built_again(
    spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.create(spark, config)
    put_coins(spark, config, "Rome")

    def die(*arguments: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tables, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            run(spark, config)
    put_coins(spark, config, "Rome", "Ostia")
    assert run(spark, config)
    assert tables.read(spark, config, "classes").count() == 2


def test_killed_build_leaves_its_scratch_folder_to_the_next(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    put_coins(spark, config, "Rome")
    seen: list[bool] = []

    def killed_once(context: stage.Context) -> Mapping[str, DataFrame]:
        done = context.scratch / "part"
        seen.append(done.exists())
        done.write_bytes(b"")
        if not seen[-1]:
            raise KeyboardInterrupt
        return build(context)

    toy = replace(TOY, name="killed_once", build=killed_once)
    with pytest.raises(KeyboardInterrupt):
        run(spark, config, toy)
    assert run(spark, config, toy)
    assert seen == [False, True]
    assert not scratch_folder(config, "killed_once").exists()
    seen.clear()
    with pytest.raises(KeyboardInterrupt):
        run(spark, config, toy, force=True)
    with pytest.raises(KeyboardInterrupt):
        run(spark, config, toy, force=True)
    assert seen == [False, False], "a forced run reuses nothing"


def test_stage_runs_again_where_a_file_of_its_rows_is_damaged(
    spark: SparkSession, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stage writes a file per mint, and again only those that are missing or damaged."""
    config = config.model_copy(update={"warehouse": str(tmp_path)})
    tables.create(spark, config)
    put_coins(spark, config, "Rome", "Ostia")
    hashes = {f"{mint}.bin": sha256(mint.encode()).hexdigest() for mint in ("Ostia", "Rome")}
    written: list[str] = []

    def write_files(context: stage.Context) -> Mapping[str, DataFrame]:
        for name, expected in hashes.items():
            file = tmp_path / name
            if not file.exists() or file_hash(file) != expected:
                file.write_bytes(name.removesuffix(".bin").encode())
                written.append(name)
        return build(context)

    toy = replace(TOY, name="files", build=write_files, files=lambda config, read: hashes)
    assert run(spark, config, toy) and not run(spark, config, toy)
    assert written == ["Ostia.bin", "Rome.bin"]
    (tmp_path / "Rome.bin").write_bytes(b"Rom")
    assert run(spark, config, toy) and not run(spark, config, toy)
    assert "Rome.bin is missing or damaged; built again" in capsys.readouterr().err
    for name in hashes:
        (tmp_path / name).unlink()
    assert run(spark, config, toy) and not run(spark, config, toy)
    assert "Ostia.bin and 1 more files are missing or damaged" in capsys.readouterr().err
    assert written == ["Ostia.bin", "Rome.bin", "Rome.bin", "Ostia.bin", "Rome.bin"]


def test_stage_is_outdated_until_it_has_run_with_these_settings_inputs_and_files(
    spark: SparkSession, config: Config, tmp_path: Path
) -> None:
    config = config.model_copy(update={"warehouse": str(tmp_path)})
    tables.create(spark, config)
    put_coins(spark, config, "Rome")
    assert runner.why_outdated(spark, config, TOY) == "it has not run yet"
    run(spark, config)
    assert runner.why_outdated(spark, config, TOY) is None
    newer_photos = replace(TOY, outside=lambda config: "another listing")
    assert runner.why_outdated(spark, config, newer_photos) is None, "they are of the next build"

    other = config.model_copy(update={"layers": (config.layers[0].model_copy(update={"min_coins": 7}),)})
    assert runner.why_outdated(spark, other, TOY) == "its settings or code have changed since it ran"
    code = replace(TOY, modules=lambda config: OTHER_CODE)
    assert runner.why_outdated(spark, config, code) == "its settings or code have changed since it ran"
    lost = replace(TOY, files=lambda config, read: {"weights.npz": "0" * 64})
    assert runner.why_outdated(spark, config, lost) == "weights.npz is missing or damaged"

    put_coins(spark, config, "Rome", "Ostia")
    changed = "the table coins, which it reads, has changed since it ran"
    assert runner.why_outdated(spark, config, TOY) == changed
    run(spark, config)
    empty = local_frame(spark, [], schemas.CLASSES.ddl)
    tables.publish(spark, config, tables.stage(spark, config, "classes", empty))
    assert runner.why_outdated(spark, config, TOY) == "its last run did not publish all of its tables"


def test_reading_an_undeclared_table_raises(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    put_coins(spark, config, "Rome")

    def read_undeclared(context: stage.Context) -> Mapping[str, DataFrame]:
        return {"classes": context.read("splits")}

    with pytest.raises(
        RuntimeError, match="stage toy reads the table splits, but declares only classes, coins"
    ):
        run(spark, config, replace(TOY, build=read_undeclared))
