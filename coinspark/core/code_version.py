"""Version of the code behind a result: source files found by following imports, and library versions."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from coinspark import __version__

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT.name
FRAME = ("core", "config", "warehouse", "pipeline")
"""Packages that run a stage but do not decide its result. Settings enter a fingerprint by their values."""


def code_version(*modules: str) -> str:
    """SHA-256 hex of the code that these modules run: their import closure and its library versions.

    Comments, docstrings and formatting do not count. Modules of `FRAME` do not count either.

    Args:
        modules: Dotted names; those outside coinspark count by their own source alone.
    """
    closure = sorted(import_closure(modules))
    libraries = {name for module in closure for name in _imports(module)[1]}
    total = sha256(json.dumps(library_versions(libraries), sort_keys=True).encode())
    for module in closure:
        total.update(f"{module}\0{_source_hash(module)}\0".encode())
    return total.hexdigest()


@lru_cache(maxsize=1)
def package_version() -> str:
    """Version of coinspark with a hash of all its source files, such as `0.1.0-3f9a12c4`."""
    total = sha256()
    for file in sorted(ROOT.rglob("*.py")):
        total.update(f"{file.relative_to(ROOT).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return f"{__version__}-{total.hexdigest()[:8]}"


def import_closure(modules: Iterable[str]) -> set[str]:
    """The modules and all modules of coinspark that they import, directly or not, without those of `FRAME`.

    A string constant that is a module's dotted name counts as an import: worker programs are named that way.
    A registry entry (`module:ATTRIBUTE`) does not: a stage names the entries that its configuration selects.
    """
    closure: set[str] = set()
    waiting = list(modules)
    while waiting:
        if (module := waiting.pop()) not in closure:
            closure.add(module)
            waiting += _imports(module)[0]
    return closure


def library_versions(libraries: Iterable[str]) -> dict[str, list[str]]:
    """Installed versions of the distributions that provide these top-level packages, if there are any."""
    known = _distributions()
    return {
        name: sorted({metadata.version(dist) for dist in known[name]}) for name in libraries if name in known
    }


@lru_cache(maxsize=1)
def _distributions() -> dict[str, list[str]]:
    return {name: list(dists) for name, dists in metadata.packages_distributions().items()}


@lru_cache(maxsize=1024)
def _path(module: str) -> Path | None:
    """The source file of a module; a package is its `__init__.py`. None where there is none."""
    if module.split(".")[0] == PACKAGE:
        path = ROOT.parent.joinpath(*module.split("."))
        return next(
            (file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None
        )
    found = importlib.util.find_spec(module)
    return Path(found.origin) if found and found.origin else None


@lru_cache(maxsize=1024)
def _tree(module: str) -> ast.Module:
    path = _path(module)
    if path is None:
        raise ModuleNotFoundError(f"no source file for the module {module}")
    return ast.parse(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=1024)
def _imports(module: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Modules of coinspark that count, and top-level names of other libraries, that a module imports."""
    ours, libraries = set[str](), set[str]()
    for name in _named(_tree(module)):
        top, _, rest = name.partition(".")
        if top == PACKAGE:
            if rest.split(".")[0] not in FRAME and _path(name) is not None:
                ours.add(name)
        elif top not in sys.stdlib_module_names:
            libraries.add(top)
    return tuple(sorted(ours)), tuple(sorted(libraries))


def _named(tree: ast.Module) -> Iterable[str]:
    """Dotted names that the source imports; of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module.split(".")[0] == PACKAGE:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith(f"{PACKAGE}.")
        ):
            yield node.value


@lru_cache(maxsize=1024)
def _source_hash(module: str) -> str:
    """SHA-256 hex of the syntax tree without docstrings."""
    tree = ast.parse(ast.unparse(_tree(module)))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body[:1] = [] if len(body) > 1 else [ast.Pass()]
    return sha256(ast.dump(tree).encode()).hexdigest()


def _is_docstring(node: object) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
