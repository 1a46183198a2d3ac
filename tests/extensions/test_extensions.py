"""Extension points: a build whose reader, layer kind, backbone and report section are outside coinspark."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark import nightly
from coinspark.config import Config, load
from coinspark.core.errors import ConfigError
from coinspark.warehouse import tables
from tests import builds
from tests.training_shards import striped_image

HERE = "tests.extensions"
MINTS = {"Abdera": 36, "Byzantion": 16, "Perinthos": 16}


def configure(folder: Path, config: Config) -> Config:
    """conf/test.yaml with the extensions, and with tables in the namespace of `config`."""
    (folder / "photos").mkdir()
    for n, mint in enumerate(MINTS):
        for number in range(MINTS[mint]):
            (folder / "photos" / f"{mint}-{number}.jpg").write_bytes(striped_image(3 * number + n, 64, 128))
    overrides = [
        f"sources=[{{kind: '{HERE}.toy_reader:READER', root: '{folder}/photos', separator: '-'}}]",
        "entities.lists=null",
        f"layers=[{{name: mint, kind: mint}}, "
        f"{{name: halves, kind: '{HERE}.toy_layer:KIND', split: {{largest: 1}}, min_coins: 8}}]",
        f"training.model='{HERE}.toy_backbone:BACKBONE'",
        "training.baselines=false",
        f"evaluation.sections=[comparison, '{HERE}.toy_section:SECTION']",
        f"warehouse='{folder}/warehouse'",
    ]
    return load([builds.TEST], overrides).model_copy(update={"catalog": config.catalog})


@pytest.mark.slow
def test_build_with_extensions_uses_each_of_them(spark: SparkSession, config: Config, tmp_path: Path) -> None:
    build_config = configure(tmp_path, config)
    report = nightly.run_build(build_config).report.read_text()
    coins = tables.read(spark, build_config, "coins").collect()
    assert Counter(coin["mint"] for coin in coins) == MINTS
    rows = tables.read(spark, build_config, "classes").where("layer = 'halves'").collect()
    assert Counter(row["class"] for row in rows) == {
        "Abdera/even": 18,
        "Abdera/odd": 18,
        "Byzantion": 16,
        "Perinthos": 16,
    }
    runs = tables.read(spark, build_config, "runs").collect()
    assert {(run["layer"], run["model"]) for run in runs} == {
        (layer, f"{HERE}.toy_backbone:BACKBONE") for layer in ("mint", "halves")
    }
    predictions = tables.read(spark, build_config, "predictions")
    assert {row["run_id"] for row in predictions.select("run_id").distinct().collect()} >= {
        run["run_id"] for run in runs
    }
    assert "Toy network" in report
    assert 'id="toy"' in report and "Abdera has 36 coins." in report


@pytest.mark.parametrize(
    "override",
    [
        "sources=[{kind: 'tests.extensions.gone:READER', root: a}]",
        "layers=[{name: halves, kind: 'tests.extensions.gone:KIND'}]",
        "training.model='tests.extensions.gone:BACKBONE'",
        "evaluation.sections=['tests.extensions.gone:SECTION']",
    ],
)
def test_extension_that_cannot_be_imported_is_an_error_of_the_configuration(override: str) -> None:
    with pytest.raises(ConfigError, match=r"tests\.extensions\.gone"):
        load([builds.TEST], [override])
