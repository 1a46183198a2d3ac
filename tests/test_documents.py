"""Documentation: links resolve, YAML examples load, and the README stays short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coinspark.config import load
from tests.readme_commands import PAGES, ROOT

FOLDERS = ("coinspark", "conf", "deploy", "jobs", "tests")
SOURCES = sorted(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))
EXAMPLES = [
    pytest.param(page, example, id=f"{page.parent.name}-{index}")
    for page in PAGES
    for index, example in enumerate(
        re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    )
]


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


def write_modules(page: Path, example: str, folder: Path) -> None:
    """Write the Python examples of the page that the YAML example names as `module:ATTRIBUTE`."""
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for module, attribute in re.findall(r"\b([a-z_]+):([A-Z]+)\b", example):
        source = next(block for block in blocks if re.search(rf"^{attribute} =", block, re.MULTILINE))
        (folder / f"{module}.py").write_text(source, encoding="utf-8")


@pytest.mark.parametrize(("page", "example"), EXAMPLES)
def test_yaml_example_loads(
    page: Path, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(tmp_path))
    write_modules(page, example, tmp_path)
    file = tmp_path / "example.yaml"
    file.write_text(example, encoding="utf-8")
    load([file])
