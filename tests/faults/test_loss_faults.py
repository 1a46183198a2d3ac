"""A source that lost its coins stops the build; published tables stay until the user accepts the loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.ingest import stage as ingest
from coinspark.pipeline.run import run as run_stage
from coinspark.warehouse import tables
from tests.coin_photos import configured, row, source, write_manifest


class Sources:
    """Two sources without photos, and the build of their tables."""

    def __init__(self, spark: SparkSession, config: Config, folder: Path) -> None:
        self._spark, self._config, self._folder = spark, config, folder
        tables.create(spark, config)
        self.write("museum", [row(n) for n in range(20)])
        self.write("dealer", [row(n) for n in range(12)])

    def write(self, name: str, rows: Iterable[Mapping[str, str]]) -> None:
        write_manifest(self._folder / name, rows)

    def build(self, *names: str, **settings: Any) -> bool:
        sources = [
            source(self._folder / name, name=name, prefix=f"{name}-", photos="none")
            for name in names or ("museum", "dealer")
        ]
        return run_stage(self._spark, configured(self._config, *sources, **settings), ingest.STAGE)

    def counts(self) -> dict[str, int]:
        """Source → published coins."""
        rows = tables.read(self._spark, self._config, "coins").groupBy("source").count().collect()
        return {row["source"]: row["count"] for row in rows}


@pytest.fixture
def sources(spark: SparkSession, config: Config, tmp_path: Path) -> Sources:
    return Sources(spark, config, tmp_path)


def test_a_source_that_lost_its_rows_or_coins_stops_the_build(sources: Sources) -> None:
    assert sources.build()
    published = {"museum": 20, "dealer": 12}
    assert sources.counts() == published
    lost_column = [row(n, mint="") for n in range(12)]
    several_reasons = [row(n, mint="") for n in range(3)] + [row(n, coin_id="") for n in range(3, 7)]
    several_reasons += [row(n) for n in range(7, 12)]
    losses: list[tuple[list[dict[str, str]], str]] = [
        (lost_column, r"source 'dealer': 12 of 12 rows cannot be used \(12 no_mint\).*columns"),
        (several_reasons, r"source 'dealer': 7 of 12 rows .*\(4 no_coin_id, 3 no_mint\)"),
        ([row(n) for n in range(9)], r"source 'dealer': 9 coins, 12 in .*max_loss_share \(0.2\)"),
    ]
    for rows, message in losses:
        sources.write("dealer", rows)
        with pytest.raises(InputError, match=f"{message}.*--accept-loss"):
            sources.build()
        assert sources.counts() == published
    with pytest.raises(
        InputError, match=r"'dealer', which the configuration does not name any more: 0 coins"
    ):
        sources.build("museum")
    sources.write("dealer", [row(n) for n in range(10)])
    assert sources.build(), "a loss of a sixth is below the limit"
    assert sources.counts() == {"museum": 20, "dealer": 10}


def test_an_accepted_loss_is_published_and_not_reported_again(
    sources: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sources.build()
    sources.write("dealer", [row(n, mint="") for n in range(11)] + [row(11)])
    assert sources.build(accept_loss=True)
    assert sources.counts() == {"museum": 20, "dealer": 1}
    notices = capsys.readouterr().err
    assert "11 of 12 rows cannot be used" in notices and "1 coins, 12 in" in notices
    assert not sources.build(), "the option is no setting of the tables"
    sources.write("dealer", [row(n, mint="") for n in range(11)] + [row(11), row(12)])
    assert sources.build(), "rejects of the previous build are not counted"
    assert sources.counts() == {"museum": 20, "dealer": 2}


def test_a_first_build_without_a_coin_stops(sources: Sources) -> None:
    for name in ("museum", "dealer"):
        sources.write(name, [row(n, mint="") for n in range(3)])
    with pytest.raises(InputError, match="no coin of 'museum', 'dealer' can be used"):
        sources.build()
