"""The code version follows imports and syntax, not comments or the packages that only run a stage."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from coinspark.core import code_version as versions


@pytest.fixture
def version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Write a module from outside coinspark and return its code version."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def of(source: str) -> str:
        (tmp_path / "toy_module.py").write_text(source, encoding="utf-8")
        for cache in (versions._path, versions._tree, versions._imports, versions._source_hash):
            cache.cache_clear()
        sys.modules.pop("toy_module", None)
        return versions.code_version("toy_module")

    return of


def test_closure_follows_imports_in_functions_and_named_programs() -> None:
    closure = versions.import_closure(["coinspark.training.classifier.stage"])
    assert "coinspark.training.classifier.fit" in closure  # only named: `Job.program`
    assert "coinspark.training.shards" in closure
    assert not {name for name in closure if name.split(".")[1] in versions.FRAME}


def test_closure_of_splits_does_not_hold_training() -> None:
    closure = versions.import_closure(["coinspark.classes.splits.stage"])
    assert not {name for name in closure if name.startswith(("coinspark.training", "coinspark.vision"))}


def test_comments_docstrings_and_layout_do_not_count(version: Callable[[str], str]) -> None:
    plain = version("def f(x):\n    return x + 1\n")
    same = version('def f( x ):\n    """Add."""\n    # why\n    return (x + 1)\n')
    assert version("def f(x):\n    return x + 2\n") != plain
    assert same == plain


def test_imported_code_and_libraries_count(version: Callable[[str], str]) -> None:
    alone = version("def f(x):\n    return x\n")
    with_library = version("import numpy\n\ndef f(x):\n    return x\n")
    assert with_library != alone
    assert versions.library_versions(["numpy"]) == {"numpy": [__import__("numpy").__version__]}
    assert versions.library_versions(["no_such_library"]) == {}
