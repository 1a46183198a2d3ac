"""Faults of sources, lists and verdicts are named before Spark starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from coinspark import nightly
from coinspark.cli import app as cli
from coinspark.config import Config, load
from coinspark.core.errors import InputError
from tests.entities.synthetic_names import write_lists

COLUMNS = "{coin_id: id, mint: mint, obverse: obv, reverse: rev}"


class SparkStartedError(Exception):
    """Spark would have been started."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest with one coin and lists; a start of Spark raises SparkStartedError."""

    def start(config: Config) -> Any:
        raise SparkStartedError

    monkeypatch.setattr(nightly, "start", start)
    (tmp_path / "coins.csv").write_text("id;mint;obv;rev\n1;Pergamon;a.jpg;b.jpg\n", encoding="utf-8")
    (tmp_path / "lists").mkdir()
    write_lists(tmp_path / "lists", 3)
    return tmp_path


def configuration(folder: Path, *overrides: str) -> Config:
    source = f"{{kind: manifest, root: '{folder}', path: coins.csv, columns: {COLUMNS}}}"
    defaults = [f"sources=[{source}]", f"warehouse={folder}/warehouse", f"entities.lists={folder}/lists"]
    return load([], [*defaults, *(override.format(folder=folder) for override in overrides)])


RUNS: dict[str, Callable[[Config], Any]] = {
    "nightly": nightly.run_build,
    "classes": lambda config: nightly.run_up_to(config, "classes"),
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_sound_inputs_reach_spark(folder: Path, run: Callable[[Config], Any]) -> None:
    with pytest.raises(SparkStartedError):
        run(configuration(folder, "layers=[{{name: e, kind: entities}}]"))


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["sources=[]"], "sources: there are none"),
        (["sources=[{{kind: manifest, root: '{folder}/gone', path: coins.csv}}]"], "/gone: no such folder"),
        (
            ["sources=[{{kind: manifest, root: '{folder}', path: gone.csv}}]"],
            "gone.csv: cannot be read (No such file or directory)",
        ),
        (
            [
                "sources=[{{kind: manifest, root: '{folder}', path: coins.csv, "
                "columns: {{coin_id: id, mint: mnt}}}}]"
            ],
            "there is no column 'mnt' (columns.mint); did you mean 'mint'?",
        ),
        (["sources=[{{kind: folders, root: '{folder}/gone'}}]"], "/gone: no such folder"),
        (
            ["sources=[{{kind: published, root: '{folder}', layout: coins}}]"],
            "contains no mints; set `index`",
        ),
        (
            ["sources=[{{kind: published, root: '{folder}', index: coins.csv}}]"],
            "there is no column 'coin_id' (the index's coin_id)",
        ),
        (["entities.lists={folder}/gone"], "entities.lists: no list in"),
        (["entities.verdicts={folder}/coins.csv"], "no column 'verdict', 'name'"),
        (["entities.recogniser.designs={folder}/gone.csv"], "gone.csv cannot be read"),
    ],
)
def test_fault_is_named_before_spark_starts(
    folder: Path, run: Callable[[Config], Any], overrides: list[str], message: str
) -> None:
    with pytest.raises(InputError) as error:
        run(configuration(folder, "layers=[{{name: e, kind: entities}}]", *overrides))
    assert message in str(error.value)
    assert not (folder / "warehouse").exists()


def test_parquet_manifest_is_checked_by_its_schema(folder: Path) -> None:
    pd.DataFrame({"id": ["1"], "mint": ["Pergamon"], "obv": ["a.jpg"]}).to_parquet(folder / "coins.csv")
    with pytest.raises(InputError, match=r"there is no column 'rev' \(columns\.reverse\)"):
        nightly.run_build(configuration(folder))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_header_of_a_large_manifest_is_read_without_its_rows(folder: Path, encoding: str) -> None:
    rows = "".join(f"{number};Münzstätte;a.jpg;b.jpg\n" for number in range(5_000))
    (folder / "coins.csv").write_bytes(f"id;mint;obv;rev\n{rows}".encode(encoding) + b"\xff\xff\xff")
    source = (
        f"{{kind: manifest, root: '{folder}', path: coins.csv, encoding: {encoding}, columns: {COLUMNS}}}"
    )
    with pytest.raises(SparkStartedError):
        nightly.run_build(configuration(folder, f"sources=[{source.replace('{', '{{').replace('}', '}}')}]"))


@pytest.mark.parametrize("command", [["sql", "SELECT 1"], ["table1"], ["entities", "proposals"]])
def test_warehouse_that_does_not_exist_is_named_before_spark_starts(
    tmp_path: Path, command: list[str]
) -> None:
    with pytest.raises(InputError, match="/gone: no tables; run `coinspark nightly`"):
        CliRunner().invoke(cli.app, [*command, "--set", f"warehouse={tmp_path}/gone"], catch_exceptions=False)
    assert not (tmp_path / "gone").exists()


def test_lists_that_a_source_has_not_written_yet_are_not_missed(folder: Path) -> None:
    source = "sources=[{{kind: synthetic, root: '{folder}/drawn'}}]"
    with pytest.raises(SparkStartedError):
        nightly.run_build(configuration(folder, source, "entities.lists={folder}/drawn/lists"))
