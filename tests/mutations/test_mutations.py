"""The list of mutations fits the code: each changes one place, and its tests exist."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.builds import ROOT
from tests.mutations import MUTATIONS
from tests.mutations.mutation import Mutation
from tests.mutations.run import check

README = Path(__file__).with_name("README.md")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.fault)
def test_code_of_a_mutation_occurs_once_and_its_replacement_can_be_parsed(mutation: Mutation) -> None:
    original = (ROOT / "coinspark" / mutation.file).read_text(encoding="utf-8")
    changed = mutation.apply(original)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(original))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.fault)
def test_tests_of_a_mutation_exist(mutation: Mutation) -> None:
    for file, _, name in (test.partition("::") for test in mutation.tests):
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert not name or name in names, f"{file} has no test {name}"


def test_table_of_the_readme_lists_every_mutation_as_noticed() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    rows = [line.strip("|").split(" | ") for line in lines if line.startswith("| ") and ".py` | `" in line]
    assert [(row[0].strip(), row[1]) for row in rows] == [
        (each.fault, f"`{each.file}`") for each in MUTATIONS
    ]
    assert len(MUTATIONS) >= 20


def test_fault_that_no_test_notices_survives(tmp_path: Path) -> None:
    """Two tests of a small project: one checks the sum, the other one nothing."""
    for name, text in {
        "coinspark/__init__.py": "",
        "coinspark/sums.py": "def add(a: int, b: int) -> int:\n    return a + b\n",
        "tests/pytest.ini": "[pytest]\n",
        "tests/test_sum.py": "from coinspark.sums import add\n\ndef test_sum():\n    assert add(2, 3) == 5\n",
        "tests/test_nothing.py": "from coinspark.sums import add\n\ndef test_nothing():\n    add(2, 3)\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    results = [
        check(Mutation("difference", "sums.py", code, "a - b", (test,)), tmp_path)
        for code, test in (("a + b", "test_sum.py"), ("a + b", "test_nothing.py"), ("a * b", "test_sum.py"))
    ]
    assert [result.test for result in results] == ["test_sum.py::test_sum", None, None]
    assert [result.killed for result in results] == [True, False, False]
    assert "occurs 0 times" in results[2].error
    assert "a + b" in (tmp_path / "coinspark" / "sums.py").read_text(encoding="utf-8")
