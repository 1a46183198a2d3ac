"""Documentation: links lead to existing files and headings, and the README stays short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("coinspark", "conf", "deploy", "jobs", "tests")
PAGES = sorted([ROOT / "README.md", *(path for name in FOLDERS for path in (ROOT / name).rglob("README.md"))])
SOURCES = sorted(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub builds them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_of_a_page_lead_to_files_and_headings(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if "://" not in target:
            name, _, anchor = target.partition("#")
            path = (page.parent / name) if name else page
            assert path.exists(), f"{relative(page)}: {target} does not exist"
            assert not anchor or anchor in anchors(path), f"{relative(page)}: {target} has no such heading"


def test_readme_has_at_most_200_lines() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


@pytest.mark.parametrize("source", SOURCES, ids=relative)
def test_module_names_no_document_outside_the_repository(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    names = {name for name in re.findall(r"\b[A-Z]+\.md\b", text) if name != "README.md"}
    assert not names
    assert "DESIGN section" not in text or source == Path(__file__)
