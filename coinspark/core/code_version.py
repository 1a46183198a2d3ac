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
NEUTRAL = frozenset(
    f"{PACKAGE}.{name}"
    for name in (
        "core",
        "core.atomic_files",  # writes what it gets
        "core.code_version",  # a change changes every version anyway
        "core.errors",
        "core.exits",
        "core.progress",
        "core.registry",  # stages name the modules of the entries that they use
        "core.storage_errors",
        "core.worker_errors",
        "config",  # by values and used functions, see `_config_functions`
        "pipeline",
        "pipeline.graph",  # order of the stages, which their tables decide
        "pipeline.scratch",  # names of parts contain what decides their content
        "pipeline.stage",
        "pipeline.stored_files",  # files are compared by hashes that tables contain
        "warehouse",
        "warehouse.attempts",
        "warehouse.builds",  # tags of what stages have published
        "warehouse.catalog",
        "warehouse.catalog_properties",
        "warehouse.driver_options",
        "warehouse.environment",
        "warehouse.files",  # stores bytes as they are
        "warehouse.jvm",
        "warehouse.locations",
        "warehouse.lease",
        "warehouse.lease_entry",
        "warehouse.lease_log",
        "warehouse.object_storage",
        "warehouse.owner",
        "warehouse.properties",
        "warehouse.read_only",
        "warehouse.schemas",  # `pipeline.run` adds keys and columns of the tables that a stage writes
        "warehouse.session",
        "warehouse.sql",
        "warehouse.views",  # queries, replaced by each build
    )
)
"""Modules of the packages that run stages which cannot change a result. All others count if imported."""
_CONFIG = f"{PACKAGE}.config"
_CONFIG_VALUES = ("combinations", "loading", "plain_yaml", "renamed", "visible")
"""Modules of `config` whose functions read, check or show values; `visible` counts where it is imported."""


def code_version(*modules: str) -> str:
    """SHA-256 hex of the code that these modules run: their import closure and its library versions.

    Comments, docstrings and formatting do not count, nor do modules of `NEUTRAL`. Settings enter a
    fingerprint by their values; of the sections' functions those count whose names the modules use.

    Args:
        modules: Dotted names; those outside coinspark count by their own source alone.
    """
    closure = sorted(import_closure(modules))
    libraries = {name for module in closure for name in _imports(module)[1]}
    total = sha256(json.dumps(library_versions(libraries), sort_keys=True).encode())
    for module in closure:
        total.update(f"{module}\0{_source_hash(module)}\0".encode())
    for name, function in _config_functions(closure):
        total.update(f"{name}\0{_tree_hash(function)}\0".encode())
    return total.hexdigest()


@lru_cache(maxsize=1)
def package_version() -> str:
    """Version of coinspark with a hash of all its source files, such as `0.1.0-3f9a12c4`."""
    total = sha256()
    for file in sorted(ROOT.rglob("*.py")):
        total.update(f"{file.relative_to(ROOT).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return f"{__version__}-{total.hexdigest()[:8]}"


def import_closure(modules: Iterable[str]) -> set[str]:
    """The modules and all modules of coinspark that they import, directly or not, without NEUTRAL.

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
        top = name.partition(".")[0]
        if top == PACKAGE:
            if _counts(name) and _path(name) is not None:
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


def _counts(module: str) -> bool:
    """Whether a change of this module may change a result. A part of a neutral package is neutral too."""
    if module.startswith(f"{_CONFIG}."):
        return module == f"{_CONFIG}.visible"
    return module not in NEUTRAL and not module.startswith(f"{PACKAGE}.warehouse.schemas.")


def _config_functions(closure: Iterable[str]) -> list[tuple[str, ast.FunctionDef]]:
    """Functions of the configuration whose names these modules use, directly or through each other."""
    every = _all_config_functions()
    names = {name for module in closure for name in _used_names(module)}
    used: dict[str, ast.FunctionDef] = {}
    while new := {key: node for key, node in every.items() if node.name in names and key not in used}:
        used |= new
        names |= {name for node in new.values() for name in _names(node)}
    return sorted(used.items())


@lru_cache(maxsize=1)
def _all_config_functions() -> dict[str, ast.FunctionDef]:
    """`module.name` → function or method, without validators and class methods, which only check values or
    choose a class.
    """
    functions: dict[str, ast.FunctionDef] = {}
    for file in sorted(ROOT.joinpath("config").glob("*.py")):
        if file.stem in (*_CONFIG_VALUES, "__init__"):
            continue
        for node in ast.walk(_tree(f"{_CONFIG}.{file.stem}")):
            if isinstance(node, ast.FunctionDef) and not any(map(_is_check, node.decorator_list)):
                functions[f"{file.stem}.{node.name}"] = node
    return functions


def _is_check(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).startswith(("field_validator", "model_validator", "classmethod"))


@lru_cache(maxsize=1024)
def _used_names(module: str) -> frozenset[str]:
    return frozenset(_names(_tree(module)))


def _names(tree: ast.AST) -> set[str]:
    """Names and attributes that the code uses."""
    nodes = list(ast.walk(tree))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in nodes if isinstance(node, ast.Name)}


@lru_cache(maxsize=1024)
def _source_hash(module: str) -> str:
    return _tree_hash(_tree(module))


def _tree_hash(source: ast.AST) -> str:
    """SHA-256 hex of a syntax tree without docstrings."""
    tree = ast.parse(ast.unparse(source))
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
