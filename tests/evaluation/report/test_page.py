"""The report: self-contained, escaped, whole or not at all, and saying what the numbers say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from coinspark.config import Config
from coinspark.evaluation import table1
from coinspark.evaluation.report import gather
from coinspark.evaluation.report import page as report
from coinspark.evaluation.table1 import Comparison, Line, Score
from tests import evaluation_tables as made
from tests.html_page import Reader


@pytest.fixture(scope="module")
def html(page: gather.Page) -> str:
    return report.render(page, made.CONFIG)


def test_page_is_well_formed_and_loads_nothing(html: str) -> None:
    read = Reader(html)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in read.tags}
    for _, attributes in read.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "srcset"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/jpeg;base64,"))
    assert "url(" not in html and "@import" not in html
    assert sum(tag == "h1" for tag, _ in read.tags) == 1


def test_a_mint_named_script_is_text(html: str) -> None:
    assert "<script" not in html.lower()
    assert any(made.HOSTILE in text for text in Reader(html).texts)


def test_pictures_have_alternative_texts_and_tables_have_headers(html: str) -> None:
    read = Reader(html)
    pictures = [attributes for tag, attributes in read.tags if tag == "img"]
    assert len(pictures) == 5 * 4  # five designs, four examples each
    assert all("Laureate head" in (picture["alt"] or "") for picture in pictures)
    assert all(attributes.get("aria-label") for tag, attributes in read.tags if tag == "svg")
    assert sum(tag == "table" for tag, _ in read.tags) == sum(tag == "thead" for tag, _ in read.tags)


def test_page_holds_what_the_issue_asks_for(html: str) -> None:
    text = Reader(html).text
    for part in (
        "CNN Architecture",
        "HOG + linear SVM",
        "Biggest mint",
        "rolled up to mints",
        "Layer “designs”, its own classes",
        "What draws the others",
        "No coin stands on two sides",
        "missing side",
        "5a" * 32,
        "photos/7_obverse.jpg",
        "In this class for: obverse Philetairos; reverse Asklepios",
        "Laureate head of Philetairos",
        "build_20260105",
    ):
        assert part in text, part


def test_gathered_sizes_and_examples(page: gather.Page) -> None:
    pergamon = [size for size in page.sizes["designs"] if size.mint == "Pergamon"]
    assert (
        sum(size.coins for size in pergamon) == 260 and pergamon[-1].name == "Pergamon" and len(pergamon) == 6
    )
    assert page.sizes["mint"][0] == gather.Size("mint", "Pergamon", "Pergamon", 260, 347, 243, 34, 70)
    assert page.audit == [] and page.coins == sum(made.SIZES.values())
    coins = page.examples["designs", "Pergamon/owl"]
    assert len({coin.coin_id for coin in coins}) == 4 and (coins[0].width, coins[0].height) == (128, 64)


def test_matrices_are_rolled_up(page: gather.Page) -> None:
    key = ("designs", "vgg16")
    assert len(page.matrices["class"][key].names) == 12 and len(page.matrices["mint"][key].names) == 7
    assert page.matrices["class"][key].counts.sum() == page.matrices["mint"][key].counts.sum() == 172


def test_report_is_written_whole_or_not_at_all(
    build: Callable[[str], DataFrame], page: gather.Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "gather", lambda tables, config, name: page)
    path = tmp_path / "reports" / "build.html"
    assert report.write_report(build, made.CONFIG, path, "build_20260105") == path
    before = path.read_text(encoding="utf-8")

    def full(self: Path, *_: object, **__: object) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        report.write_report(build, made.CONFIG, path, "build_20260105")
    assert [file.name for file in path.parent.iterdir()] == ["build.html"]
    assert path.read_text(encoding="utf-8") == before


def line(name: str, low: float, high: float) -> Line:
    shown = {("mint", "top1"): Score(0.7 + low, 0.6, 0.8)}
    return Line((name, "vgg16"), "VGG16", "Mints", name, 3, {}, shown, Score((low + high) / 2, low, high), 40)


def whole(*lines: Line) -> Comparison:
    plain = Line(
        ("mint", "vgg16"), "VGG16", "Mints", "None", 3, {}, {("mint", "top1"): Score(0.7, 0.6, 0.8)}, None, 40
    )
    return Comparison((plain, *lines), ("Pergamon",), 5, ("mint", "vgg16"))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "The plain mint model, with no layer to compare it with"),
        ([line("a", 0.01, 0.05)], "The layer “a” helped"),
        ([line("a", -0.05, -0.01)], "The layer “a” did harm"),
        ([line("a", -0.05, 0.01)], "The layer “a” made no difference that can be told from chance"),
        ([line("a", 0.01, 0.05), line("b", -0.1, 0.3)], "1 of 2 layers helped: a"),
        (
            [line("a", -0.05, 0.05), line("b", -0.3, -0.1)],
            "None of the 2 layers helped as far as these coins can tell; b did harm",
        ),
        ([line("a", -0.05, -0.01), line("b", -0.3, -0.1)], "All 2 layers did harm"),
    ],
)
def test_headline_says_whether_the_layers_helped(lines: list[Line], said: str) -> None:
    assert report.headline(whole(*lines)) == said


def test_lede_speaks_of_a_layer_that_helped_before_one_with_a_larger_number() -> None:
    text = report.lede(whole(line("sure", 0.01, 0.03), line("vague", -0.1, 0.3)))
    assert "“sure”" in text and "+2.0 points (95 % interval +1.0 to +3.0)" in text and "70.0 %" in text
    assert "−5.0 points" in report.lede(whole(line("a", -0.09, -0.01)))
    assert "No plain mint model" in report.lede(replace(whole(), base=None))


def test_what_went_back_is_said_with_its_reason(page: gather.Page) -> None:
    from pyspark.sql import Row

    gone = [
        Row(layer="designs", mint="Pergamon", **{"class": "Pergamon/bee"}, coins=7, becomes="Pergamon"),
        Row(layer="designs", mint="Pergamon", **{"class": "Pergamon/Nike"}, coins=30, becomes="Pergamon"),
        Row(layer="mint", mint="Assos", **{"class": "Assos"}, coins=9, becomes=None),
    ]
    text = Reader(report.render(replace(page, gone=gone), made.CONFIG)).text
    assert "Pergamon/bee 7 back into Pergamon fewer than 20 coins" in text
    assert "Pergamon/Nike 30 back into Pergamon the rest of the mint would have been too thin" in text
    assert "Assos 9 out of the layer fewer than 20 coins" in text


def test_a_broken_audit_is_shown(page: gather.Page) -> None:
    text = report.render(replace(page, audit=["layer mint, fold 0: coin 5 stands on two sides"]), made.CONFIG)
    assert "coin 5 stands on two sides" in text and "No coin stands on two sides" not in text


def test_secrets_of_the_configuration_are_not_printed(page: gather.Page) -> None:
    config = Config.model_validate(
        {
            **made.CONFIG.model_dump(mode="json"),
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
    text = report.render(page, config)
    assert not re.search("hunter[2-5]", text) and "spark.x: kept" in text


def test_a_night_with_folds_and_without_layers(page: gather.Page) -> None:
    lines = tuple(one for one in page.comparison.lines if not one.is_layer)
    alone = replace(page.comparison, lines=lines, mints=())
    bare = replace(page, folds=5, examples={}, runs=[], rejects=[], stages=[], comparison=alone)
    config = Config.model_validate({"layers": [{"name": "mint", "kind": "mint"}]})
    text = " ".join(Reader(report.render(bare, config)).texts)
    assert "Every coin is tested exactly once" in text and "Everything that came in went on" in text


def test_table1_reads_the_same_tables(build: Callable[[str], DataFrame], page: gather.Page) -> None:
    assert table1.compare(build, made.CONFIG) == page.comparison
    text = table1.render(build, made.CONFIG)
    assert text.splitlines()[4].startswith("VGG16             Mints  designs")
    assert len(table1.render(build, made.CONFIG, "csv").splitlines()) == 5
