"""The sections of the report, and sections from outside the package."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import Row

from coinspark.config import Config
from coinspark.core.errors import ConfigError
from coinspark.evaluation.report import page as report
from coinspark.evaluation.report.gather import GatheredSection, gather_section, section_names
from coinspark.evaluation.report.sections import SECTIONS, classes, provenance, splits
from coinspark.evaluation.report.source import ClassSize, ReportSource
from tests import evaluation_tables
from tests.html_page import Reader


def render(name: str, values: Mapping[str, Any]) -> str:
    """The body of a section with these values."""
    item = GatheredSection(SECTIONS[name], SECTIONS.module(name), values)
    return str(report.render_section(item, evaluation_tables.CONFIG))


def test_every_section_has_the_id_of_its_entry() -> None:
    assert [SECTIONS[name].id for name in SECTIONS] == list(SECTIONS)


def test_class_sizes_are_those_of_the_split_mint(source: ReportSource) -> None:
    pergamon = [size for size in source.class_sizes["designs"] if size.mint == "Pergamon"]
    assert sum(size.coins for size in pergamon) == 260
    assert pergamon[-1].name == "Pergamon" and len(pergamon) == 6
    assert source.mints[0] == ClassSize("mint", "Pergamon", "Pergamon", 260, 347, 243, 34, 70)
    assert source.totals["coins"] == sum(evaluation_tables.SIZES.values())


def test_examples_are_different_coins(source: ReportSource) -> None:
    cards = classes.examples(source)["designs", "Pergamon/owl"]
    assert len({card.coin_id for card in cards}) == 4 and (cards[0].width, cards[0].height) == (128, 64)


def test_confusion_has_own_classes_and_rolled_up_mints(source: ReportSource) -> None:
    section = gather_section("confusion", source)
    assert section is not None
    matrices = {item.title: item.matrix for item in section.values["confusions"]}
    own, mints = (
        matrices[f"Layer “designs”, {level}"] for level in ("its own classes", "rolled up to mints")
    )
    assert (len(own.names), len(mints.names)) == (12, 7) and own.counts.sum() == mints.counts.sum() == 172
    assert len(matrices) == 3 and "Reference layer" in matrices


def test_sections_without_values_are_not_shown(source: ReportSource) -> None:
    assert gather_section("clusters", source) is None and gather_section("deepcluster", source) is None


def test_changed_classes_are_listed_with_a_reason() -> None:
    rows = [
        Row(layer="designs", mint="Pergamon", **{"class": "Pergamon/bee"}, coins=7, new_class="Pergamon"),
        Row(layer="designs", mint="Pergamon", **{"class": "Pergamon/Nike"}, coins=30, new_class="Pergamon"),
        Row(layer="mint", mint="Assos", **{"class": "Assos"}, coins=9, new_class=None),
    ]
    changes = [splits.describe(row, evaluation_tables.CONFIG) for row in rows]
    text = Reader(render("splits", {"changes": changes, "folds": 1, "shown": 24})).text
    assert "Pergamon/bee 7 merged into Pergamon fewer than 20 coins" in text
    assert "Pergamon/Nike 30 merged into Pergamon too few coins would remain in the mint" in text
    assert "Assos 9 removed from the layer fewer than 20 coins" in text


def test_changed_classes_are_those_that_differ_in_splits(source: ReportSource) -> None:
    table = source.tables
    dropped = table("splits").where("NOT (layer = 'designs' AND class = 'Pergamon/owl')")
    rows = splits.changed_classes(table("classes"), table("coins"), dropped).collect()
    owls = {coin.coin_id for coin in evaluation_tables.coins() if coin.name == "Pergamon/owl"}
    assert [tuple(row) for row in rows] == [("designs", "Pergamon", "Pergamon/owl", len(owls), None)]
    assert splits.changed_classes(table("classes"), table("coins"), table("splits")).count() == 0


def test_texts_of_a_build_with_folds_and_without_rejects() -> None:
    text = Reader(render("splits", {"changes": [], "folds": 5, "shown": 24})).text
    assert "Every coin is tested exactly once" in text and "No class was merged or removed" in text
    assert "No records rejected" in Reader(render("rejects", {"rejects": []})).text


def test_secrets_of_the_configuration_are_masked(source: ReportSource) -> None:
    config = Config.model_validate(
        {
            **evaluation_tables.CONFIG.model_dump(mode="json"),
            "catalog": {
                "properties": {"jdbc.password": "hunter2", "uri": "jdbc:postgresql://anna:hunter3@db/coins"}
            },
            "spark": {
                "conf": {
                    "spark.hadoop.fs.s3a.secret.key": "hunter4",
                    "spark.hadoop.fs.s3a.access.key": "hunter5",
                    "spark.x": "kept",
                }
            },
        }
    )
    text = render("provenance", provenance.gather(replace(source, config=config)))
    assert not re.search("hunter[2-5]", text) and "spark.x: kept" in text


TOY = """
from coinspark.evaluation.report.section import ReportSection

def gather(source):
    return {"build": source.build, "coins": source.tables("coins").count()}

SECTION = ReportSection("toy", "Toy section", gather, "toy.html")
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A section outside the package: one module and its template. Returns its name."""
    (tmp_path / "toy_section.py").write_text(TOY)
    (tmp_path / "toy.html").write_text("<p>{{ coins | number }} coins in {{ build }}, {{ config.name }}</p>")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "toy_section", raising=False)
    return "toy_section:SECTION"


def test_section_from_outside_the_package_is_shown(toy: str, source: ReportSource) -> None:
    config = Config.model_validate({"evaluation": {"sections": ["rejects", toy]}})
    assert section_names(config) == ("rejects", toy)
    item = gather_section(toy, source)
    assert item is not None
    coins = len(evaluation_tables.coins())
    assert report.render_section(item, evaluation_tables.CONFIG) == (
        f"<p>{coins} coins in build_20260105, collection</p>"
    )


def test_unknown_section_is_an_error_that_suggests_a_name(tmp_path: Path) -> None:
    from coinspark.config import load

    with pytest.raises(ConfigError, match="unknown report section 'reject'; did you mean 'rejects'"):
        load([], ["evaluation.sections=[reject]"])
