"""Readers are an extension point: a source kind from outside coinspark needs a module and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coinspark.config import Config, load
from coinspark.core.errors import ConfigError
from coinspark.ingest.listing import SourceListings, reader_modules
from coinspark.ingest.readers import READERS

TOY = '''
from coinspark.config import Source
from coinspark.ingest.duplicates import deduplicate
from coinspark.ingest.readers.reader import Reader
from coinspark.ingest.records import Record

calls = []

class LinesSource(Source):
    """A text file with a coin and its mint on each line."""

    file: str
    photos: str = "none"

def read(source):
    calls.append(source.name)
    lines = open(f"{source.root}/{source.file}").read().splitlines()
    shared = {"medium": source.medium, "source": source.name, "licence": None, "origin": source.file}
    rows = [line.split() for line in lines]
    return deduplicate([Record(coin_id=coin, mint=mint, types=(), **shared) for coin, mint in rows], [])

READER = Reader(LinesSource, read)
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Name of a module outside coinspark that defines a reader."""
    name = f"toy_reader_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(TOY)
    (tmp_path / "coins.txt").write_text("1 Roma\n2 Siscia\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def configure(folder: Path, module: str, **keys: Any) -> Config:
    source = {"kind": f"{module}:READER", "name": "toy", "root": str(folder), "file": "coins.txt"} | keys
    return load([], [f"sources=[{source}]"])


def test_a_reader_outside_coinspark_lists_its_coins(toy: str, tmp_path: Path) -> None:
    config = configure(tmp_path, toy)
    assert config.model_dump(mode="json")["sources"][0]["file"] == "coins.txt"
    assert Config.model_validate(config.model_dump(mode="json")) == config
    listing = SourceListings(config).combined()
    assert [(record.coin_id, record.mint) for record in listing.records] == [("1", "Roma"), ("2", "Siscia")]
    assert reader_modules(config) == (toy,)


def test_the_state_of_a_source_changes_with_its_listing(toy: str, tmp_path: Path) -> None:
    config = configure(tmp_path, toy)
    before = SourceListings(config).state()
    assert SourceListings(config).state() == before
    (tmp_path / "coins.txt").write_text("1 Roma\n2 Ticinum\n")
    assert SourceListings(config).state() != before


def test_state_and_combined_read_a_source_once(toy: str, tmp_path: Path) -> None:
    listings = SourceListings(configure(tmp_path, toy))
    listings.state()
    listings.combined()
    assert __import__(toy).calls == ["toy"]


def test_an_unknown_key_of_a_reader_outside_coinspark_is_named(toy: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'sources\.0\.fil'; did you mean 'file'\?"):
        configure(tmp_path, toy, fil="x")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{kind: museum, root: a}", "sources.0: unknown source kind 'museum'; known: folders, manifest"),
        ("{kind: manifst, root: a}", "unknown source kind 'manifst'; did you mean 'manifest'?"),
        ("{root: a}", "sources.0: set `kind` to a source kind; known: folders, manifest"),
        ("{kind: no.such:READER, root: a}", "source kind 'no.such:READER' cannot be imported"),
        ("{kind: folders, root: a, side: both}", "sources.0.side: Input should be 'obverse', 'reverse'"),
        ("{kind: folders, root: a, path: b}", "unknown key 'sources.0.path'"),
        (
            "{kind: manifest, root: a, path: b, columns: {min: c}}",
            "'sources.0.columns.min'; did you mean 'mint'?",
        ),
    ],
)
def test_an_invalid_source_is_named_in_the_error(source: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load([], [f"sources=[{source}]"])
    assert message in str(error.value)


def test_each_registered_reader_has_settings_with_a_kind() -> None:
    for kind in READERS:
        assert "kind" in READERS[kind].settings.model_fields
