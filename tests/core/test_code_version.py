"""The code version follows imports and syntax, not comments or modules that cannot change a result."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from coinspark.config import Config
from coinspark.core import code_version as versions
from coinspark.nightly import STAGES
from coinspark.pipeline import run as runner
from coinspark.warehouse import schemas


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Replace a text in a module of coinspark, as the code version reads it."""

    def replace_text(module: str, old: str, new: str) -> None:
        path, tree = versions._path(module), versions._tree
        assert path is not None
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        changed = ast.parse(text.replace(old, new))
        monkeypatch.setattr(versions, "_tree", lambda name: changed if name == module else tree(name))
        monkeypatch.setattr(versions, "_all_config_functions", versions._all_config_functions.__wrapped__)
        for name in ("_imports", "_source_hash", "_used_names"):
            cached = getattr(versions, name)
            monkeypatch.setattr(versions, name, partial(_uncached, cached, module))

    return replace_text


def _uncached(cached: Any, module: str, name: str) -> Any:
    """Call a cached function without its cache for this module."""
    return cached.__wrapped__(name) if name == module else cached(name)


@pytest.fixture
def version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Write a module from outside coinspark and return its code version."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def of(source: str) -> str:
        (tmp_path / "toy_module.py").write_text(source, encoding="utf-8")
        for function in vars(versions).values():
            if hasattr(function, "cache_clear") and function is not versions._distributions:
                function.cache_clear()
        sys.modules.pop("toy_module", None)
        return versions.code_version("toy_module")

    return of


def test_closure_follows_imports_in_functions_and_named_programs() -> None:
    closure = versions.import_closure(["coinspark.training.classifier.stage"])
    assert "coinspark.training.classifier.fit" in closure  # only named: `Job.program`
    assert "coinspark.training.shards" in closure
    assert not closure & versions.NEUTRAL


def test_closure_of_splits_does_not_hold_training() -> None:
    closure = versions.import_closure(["coinspark.classes.splits.stage"])
    assert not {name for name in closure if name.startswith(("coinspark.training", "coinspark.vision"))}


def test_comments_docstrings_and_layout_do_not_count(version: Callable[[str], str]) -> None:
    plain = version("def f(x):\n    return x + 1\n")
    same = version('def f( x ):\n    """Add."""\n    # why\n    return (x + 1)\n')
    assert version("def f(x):\n    return x + 2\n") != plain
    assert same == plain


def test_imported_code_and_libraries_count(
    version: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = version("def f(x):\n    return x\n")
    with_library = version("import numpy\n\ndef f(x):\n    return x\n")
    assert with_library != alone
    monkeypatch.setattr(versions, "library_versions", lambda names: {name: ["0.1"] for name in names})
    assert version("import numpy\n\ndef f(x):\n    return x\n") != with_library
    monkeypatch.undo()
    assert versions.library_versions(["numpy"]) == {"numpy": [__import__("numpy").__version__]}
    assert versions.library_versions(["no_such_library"]) == {}


CHANGES = {
    "which mints a layer splits": (
        "coinspark.config.layers",
        "limit is not None and coins > limit",
        "limit is not None and coins >= limit",
        {"clusters", "classes"},
    ),
    "the folds of all repeats": (
        "coinspark.config.splits",
        "self.folds * self.repeats",
        "self.folds * self.repeats + 0",
        {"splits"},
    ),
    "the size of images": (
        "coinspark.config.root",
        "self.training.size or self.ingest.sizes[0]",
        "self.ingest.sizes[0]",
        {"deepcluster", "features", "clusters", "train", "evaluate"},
    ),
    "a function that another function uses": (
        "coinspark.config.layers",
        "resolve(_KINDS)\n",
        "resolve(str(_KINDS))\n",
        {"deepcluster", "features", "clusters", "train", "evaluate"},
    ),
    "names of chunks": (
        "coinspark.pipeline.chunks",
        'int(row["rows_hash"]) for row in chunk) % 2**64',
        'int(row["rows_hash"]) for row in chunk) % 2**32',
        {"ingest", "deepcluster", "features"},
    ),
    "reading of CSV": (
        "coinspark.core.csv_rows",
        "any(map(str.strip, cells))",
        "any(cells)",
        {"ingest", "entities"},
    ),
    "the hash of rows": (
        "coinspark.warehouse.content",
        "return [value.isNull(), value]",
        "return [value]",
        {stage.name for stage in STAGES},
    ),
    "the table that a stage writes": (
        "coinspark.warehouse.tables",
        'wrong = "count > 1 OR "',
        'wrong = "count > 2 OR "',
        {stage.name for stage in STAGES},
    ),
    "a validator": ("coinspark.config.layers", "return registered(_KINDS, kind)", "return kind", set()),
    "a default": ("coinspark.config.layers", "Field(24, ge=1)", "Field(25, ge=1)", set()),
    "the text of an error": ("coinspark.core.progress", "def say(", "def say_it(", set()),
}


@pytest.mark.parametrize("what", CHANGES)
def test_changed_module_changes_the_stages_whose_result_it_can_change(
    change: Callable[[str, str, str], None], what: str
) -> None:
    """Every default reader, engine and layer kind is selected, so that its module counts."""
    kinds = [{"name": kind, "kind": kind} for kind in ("mint", "type", "entities", "clusters")]
    source = {"kind": "manifest", "root": "coins", "path": "coins.csv"}
    config = Config.model_validate({"layers": kinds, "sources": [source], "features": {"weights": None}})
    before = {stage.name: runner.definition(config, stage) for stage in STAGES}
    module, old, new, expected = CHANGES[what]
    change(module, old, new)
    after = {stage.name: runner.definition(config, stage) for stage in STAGES}
    assert {name for name in before if before[name] != after[name]} == expected


def test_columns_and_keys_of_a_table_count_for_the_stage_that_writes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = Config()
    before = {stage.name: runner.definition(config, stage) for stage in STAGES}
    for changed in (
        replace(schemas.SPLITS, columns={**schemas.SPLITS.columns, "weight": "float"}),
        replace(schemas.SPLITS, key=(*schemas.SPLITS.key, "class")),
    ):
        monkeypatch.setitem(schemas.TABLES, "splits", changed)
        after = {stage.name: runner.definition(config, stage) for stage in STAGES}
        assert [name for name in before if before[name] != after[name]] == ["splits"]


def test_neutral_modules_exist_and_none_is_a_part_of_a_stage() -> None:
    packages = {name.split(".")[1] for name in versions.NEUTRAL}
    assert packages == {"core", "config", "pipeline", "warehouse"}
    assert all(versions._path(name) is not None for name in versions.NEUTRAL)
