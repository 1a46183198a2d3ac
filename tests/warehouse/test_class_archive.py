"""The archive of Spark's classes: it is used where it is valid, and changes no class path of the user."""

from __future__ import annotations

from pathlib import Path

import pyspark
import pytest
from pyspark.sql import SparkSession

from coinspark.warehouse import class_archive

JARS = f"{Path(pyspark.__file__).parent}/jars/*"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "classes.jsa"
    file.touch()
    monkeypatch.setattr(class_archive, "archive_file", lambda: file)
    return file


def test_jvm_of_a_session_maps_the_archive(spark: SparkSession) -> None:
    if not class_archive.archive_file().is_file():
        pytest.skip("setup could not write the archive")
    process = spark._jvm.java.lang.ProcessHandle.current().pid()  # type: ignore[union-attr]
    mapped = {Path(line.split()[-1]).name for line in Path(f"/proc/{process}/maps").read_text().splitlines()}
    assert class_archive.archive_file().name in mapped


@pytest.mark.parametrize(
    ("settings", "class_path", "options"),
    [
        ({}, JARS, ""),
        ({"spark.driver.extraClassPath": "/nlp/*"}, f"{JARS}:/nlp/*", ""),
        ({"spark.driver.defaultJavaOptions": "-Xss4m"}, JARS, "-Xss4m "),
    ],
)
def test_archive_is_added_to_the_settings(
    archive: Path, settings: dict[str, str], class_path: str, options: str
) -> None:
    assert class_archive.launch_settings(settings, "/nlp/*") == {
        "spark.driver.extraClassPath": class_path,
        "spark.driver.defaultJavaOptions": f'{options}"-XX:SharedArchiveFile={archive}"',
    }


def test_class_path_of_the_user_stays_before_the_jars_of_spark(archive: Path) -> None:
    assert class_archive.launch_settings({"spark.driver.extraClassPath": "patch.jar"}, "/nlp/*") == {}


def test_without_an_archive_the_settings_stay(archive: Path) -> None:
    archive.unlink()
    assert class_archive.launch_settings({}, "/nlp/*") == {}
