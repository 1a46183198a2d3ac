"""Each fault has a test that causes it; the protections and tests that README.md lists exist."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests import builds

FAULTS = range(1, 21)
README = Path(__file__).with_name("README.md")
PACKAGE = builds.ROOT / "coinspark"


def marked_tests() -> dict[int, set[str]]:
    """Tests by fault: `folder/file.py:function` of each function with the marker `fault`, below tests/."""
    marked = defaultdict[int, set[str]](set)
    for file in (builds.ROOT / "tests").rglob("test_*.py"):
        for function in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(function, ast.FunctionDef):
                for fault in _faults(function):
                    marked[fault].add(f"{file.relative_to(builds.ROOT / 'tests')}:{function.name}")
    return marked


def _faults(function: ast.FunctionDef) -> Iterator[int]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.fault":
            yield from map(ast.literal_eval, decorator.args)


def listed_protections() -> Iterator[tuple[int, list[str], list[str]]]:
    """Rows of the table of protections: fault, and `folder/file.py:name` of protections and of tests."""
    for line in README.read_text(encoding="utf-8").split("## Protections\n")[1].splitlines():
        cells = line.strip("|").split("|")
        if cells[0].strip().isdecimal():
            protections, _, tests = (re.findall(r"`([\w/]+\.py:\w+)`", cell) for cell in cells[1:])
            yield int(cells[0]), protections, tests


def test_each_fault_has_a_test() -> None:
    assert sorted(marked_tests()) == list(FAULTS), "mark its tests with @pytest.mark.fault(number)"


def test_each_fault_has_protections_that_a_test_covers() -> None:
    rows, marked = list(listed_protections()), marked_tests()
    assert sorted({fault for fault, _, _ in rows}) == list(FAULTS)
    for fault, protections, tests in rows:
        assert protections and tests, f"fault {fault}: name protections and tests as `folder/file.py:name`"
        for test in tests:
            assert test in marked[fault], f"{test} does not exist or has no marker for fault {fault}"
        for file, _, name in (protection.partition(":") for protection in protections):
            tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
            assert name in _defined(tree), f"fault {fault}: {file} does not define {name}"


def _defined(tree: ast.Module) -> set[str]:
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
