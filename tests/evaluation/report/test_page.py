"""The report: self-contained, escaped, complete, written atomically."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from coinspark.evaluation import table1
from coinspark.evaluation.comparison import compare
from coinspark.evaluation.report import fingerprint
from coinspark.evaluation.report import page as report
from coinspark.evaluation.report.gather import Page
from coinspark.evaluation.report.sections import SECTIONS
from coinspark.warehouse.files import Location
from tests import evaluation_tables
from tests.html_page import Reader


@pytest.fixture(scope="module")
def html(page: Page) -> str:
    return report.render(page, evaluation_tables.CONFIG)


def test_page_is_well_formed_and_loads_nothing(html: str) -> None:
    reader = Reader(html)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in reader.tags}
    for _, attributes in reader.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "srcset"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/jpeg;base64,"))
    assert "url(" not in html and "@import" not in html
    assert sum(tag == "h1" for tag, _ in reader.tags) == 1


def test_hostile_mint_name_is_escaped(html: str) -> None:
    assert "<script" not in html.lower()
    assert any(evaluation_tables.HOSTILE in text for text in Reader(html).texts)


def test_images_have_alternative_texts_and_tables_have_headers(html: str) -> None:
    reader = Reader(html)
    images = [attributes for tag, attributes in reader.tags if tag == "img"]
    assert len(images) == 5 * 4  # five designs, four examples each
    assert all("Laureate head" in (image["alt"] or "") for image in images)
    assert all(attributes.get("aria-label") for tag, attributes in reader.tags if tag == "svg")
    assert sum(tag == "table" for tag, _ in reader.tags) == sum(tag == "thead" for tag, _ in reader.tags)


def test_page_shows_every_section_that_has_values(html: str, page: Page) -> None:
    ids = [item.section.id for item in page.sections]
    assert ids == [name for name in SECTIONS if name not in ("clusters", "deepcluster")]
    links = [attributes.get("href") for tag, attributes in Reader(html).tags if tag == "a"]
    assert links == [f"#{section_id}" for section_id in ids]
    text = Reader(html).text
    for part in (
        "CNN Architecture",
        "HOG + linear SVM",
        "Majority class",
        "rolled up to mints",
        "Layer “designs”, its own classes",
        "Highest attraction",
        "No coin is in two splits",
        "missing side",
        "5a" * 32,
        "photos/7_obverse.jpg",
        "Evidence: obverse Philetairos; reverse Asklepios",
        "Laureate head of Philetairos",
        "build_20260105",
    ):
        assert part in text, part


def test_report_is_written_atomically(
    build: Callable[[str], DataFrame], page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "gather", lambda tables, config, name: page)
    path = tmp_path / "reports" / "build.html"
    file = Location.of(path)
    assert report.write_report(build, evaluation_tables.CONFIG, file, "build_20260105") == file
    before = path.read_text(encoding="utf-8")

    def full(self: Path, *_: object, **__: object) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        report.write_report(build, evaluation_tables.CONFIG, file, "build_20260105")
    assert [file.name for file in path.parent.iterdir()] == ["build.html"]
    assert path.read_text(encoding="utf-8") == before


def test_report_is_current_until_build_settings_or_code_change(
    build: Callable[[str], DataFrame], page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "gather", lambda tables, config, name: page)
    config, path = evaluation_tables.CONFIG, Location.of(tmp_path / "build.html")
    assert not fingerprint.is_current(path, config, "build_1")
    report.write_report(build, config, path, "build_1")
    assert fingerprint.is_current(path, config, "build_1")
    assert not fingerprint.is_current(path, config, "build_2")
    fewer = config.evaluation.model_copy(update={"examples_per_class": 1})
    assert not fingerprint.is_current(path, config.model_copy(update={"evaluation": fewer}), "build_1")
    with monkeypatch.context() as patch:
        patch.setattr(fingerprint, "code_version", lambda *modules: "other code")
        assert not fingerprint.is_current(path, config, "build_1")
    with monkeypatch.context() as patch:
        patch.setattr(fingerprint, "file_hash", lambda path: "another template")
        assert not fingerprint.is_current(path, config, "build_1")
    path.write_text("cut")
    assert not fingerprint.is_current(path, config, "build_1")


def test_table1_and_report_show_the_same_comparison(build: Callable[[str], DataFrame], page: Page) -> None:
    values = page.sections[0].values
    assert compare(build, evaluation_tables.CONFIG) == values["comparison"]
    text = table1.render(build, evaluation_tables.CONFIG)
    assert text.splitlines()[4].startswith("VGG16             Mints  designs*")
    assert len(table1.render(build, evaluation_tables.CONFIG, "csv").splitlines()) == 5
