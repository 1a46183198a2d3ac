"""The sections of the report, and sections from outside the package."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from coinspark.config import Config
from coinspark.core.errors import ConfigError
from coinspark.evaluation.report import page as report
from coinspark.evaluation.report.gather import GatheredSection, gather_section, section_names
from coinspark.evaluation.report.sections import SECTIONS, classes, provenance, splits
from coinspark.evaluation.report.source import ClassSize, ReportSource
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import MOVED_CLASSES
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


def test_layer_that_is_not_the_reference_is_named(source: ReportSource) -> None:
    comparison = replace(source.comparison, reference=("gone", "vgg16"))
    changed = ReportSource(source.tables, source.config, source.build)
    changed.__dict__["comparison"] = comparison
    section = gather_section("confusion", changed)
    assert section is not None
    titles = [item.title for item in section.values["confusions"]]
    assert "Layer “mint”" in titles and "Reference layer" not in titles


def test_comparison_of_one_split_claims_nothing_and_marks_fitted_layers(source: ReportSource) -> None:
    section = gather_section("comparison", source)
    assert section is not None
    html = render("comparison", section.values)
    text = Reader(html).text
    assert "The intervals are of this split; a claim needs at least 5 folds" in text
    assert "* designs: fitted on all coins, test coins included: class selection." in text
    assert "designs*" in text and "of this split; no claim." in text
    assert 'class="better"' not in html and 'class="worse"' not in html and "significant" not in text
    assert "over split units (coins with all their photos)" in text


def test_sections_without_values_are_not_shown(source: ReportSource) -> None:
    assert gather_section("clusters", source) is None and gather_section("deepcluster", source) is None


def test_moved_classes_are_listed_with_their_reason() -> None:
    moved = [
        _moved("designs", "Pergamon", "Pergamon/bee", 7, "Pergamon", "7 coins, fewer than 20"),
        _moved("mint", "Assos", "Assos", 9, None, "9 coins, fewer than 20"),
    ]
    text = Reader(render("splits", {"moved": moved, "folds": 1, "repeats": 1, "shown": 24})).text
    assert "Pergamon/bee 7 merged into Pergamon 7 coins, fewer than 20" in text
    assert "Assos 9 dropped 9 coins, fewer than 20" in text


def test_moved_classes_are_ordered_by_mint_and_size(source: ReportSource, spark: SparkSession) -> None:
    rows = [
        _moved("mint", "Assos", "Assos", 9, None, ""),
        _moved("designs", "Pergamon", "Pergamon/bee", 7, "Pergamon", ""),
        _moved("designs", "Pergamon", "Pergamon/owl", 12, "Pergamon", ""),
    ]
    frame = local_frame(spark, rows, MOVED_CLASSES.ddl)
    changed = replace(source, tables=lambda name: frame if name == "moved_classes" else source.tables(name))
    values = splits.gather(changed)
    assert [row["class"] for row in values["moved"]] == ["Pergamon/owl", "Pergamon/bee", "Assos"]


def _moved(layer: str, mint: str, name: str, coins: int, new_class: str | None, reason: str) -> Row:
    return Row(layer=layer, mint=mint, **{"class": name}, coins=coins, new_class=new_class, reason=reason)


def test_texts_of_a_build_with_folds_and_without_rejects() -> None:
    text = Reader(render("splits", {"moved": [], "folds": 5, "repeats": 1, "shown": 24})).text
    assert "Every coin is tested exactly once." in text and "No class was merged or dropped" in text
    text = Reader(render("splits", {"moved": [], "folds": 5, "repeats": 2, "shown": 24})).text
    assert "Every coin is tested exactly once in each repeat." in text
    text = Reader(render("splits", {"moved": [], "folds": 1, "repeats": 5, "shown": 24})).text
    assert "tested exactly once" not in text and "images to test in every fold" in text
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
                    "spark.executor.memory": "8g",
                }
            },
        }
    )
    text = render("provenance", provenance.gather(replace(source, config=config)))
    assert not re.search("hunter[2-5]", text) and "spark.executor.memory: 8g" in text


TOY = """
from coinspark.evaluation.report.section import ReportSection
from coinspark.warehouse.local_frame import local_frame

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
