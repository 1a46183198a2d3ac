"""Import order of packages, libraries that only one module may import, and the length of modules."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "coinspark"
RANKS = {
    "core": 0,
    "config": 1,
    "warehouse": 2,
    "pipeline": 3,
    "synthetic": 4,
    "clustering": 4,
    "ingest": 5,
    "entities": 6,
    "vision": 6,
    "classes": 7,
    "training": 8,
    "evaluation": 9,
    "nightly": 10,
    "cli": 11,
}
"""A module may import from its own package and from packages of a lower rank."""
ONLY_IN = {
    "petastorm": {"training/feed.py"},
    "horovod": {"training/launch.py"},
    "pyiceberg": {
        "warehouse/duckdb_tables.py",
        "warehouse/iceberg_client.py",
        "warehouse/local_files.py",
        "warehouse/remote_files.py",
    },
    "duckdb": {"warehouse/duckdb_dialect.py", "warehouse/duckdb_sql.py", "warehouse/duckdb_tables.py"},
    "spacy": {"entities/engines/spacy_engine.py"},
    "thinc": {"entities/engines/spacy_engine.py"},
    "rapidfuzz": {"entities/lexicon/linking.py"},
    "sparknlp": {"entities/engines/sparknlp_engine.py", "entities/engines/sparknlp_pipeline.py"},
    "h5py": {"vision/weights.py"},
}
WITH_TENSORFLOW = ("training/", "vision/")
PLAIN = (
    "core/",
    "config/",
    "synthetic/",
    "ingest/captured_stderr.py",
    "ingest/decode.py",
    "ingest/decoder_loop.py",
    "ingest/header_limits.py",
    "ingest/jpeg_structure.py",
    "ingest/merged_image.py",
    "ingest/photo_error.py",
    "ingest/photo_formats.py",
    "ingest/pixels.py",
    "ingest/png_data.py",
    "ingest/tiff_data.py",
    "entities/lexicon/",
    "entities/ner/annotated.py",
    "entities/ner/augment.py",
    "entities/ner/word_vectors.py",
    "entities/ner/protocols.py",
    "clustering/kmeans.py",
    "clustering/seeds.py",
    "clustering/blocks.py",
    "clustering/collective.py",
    "clustering/sockets.py",
    "clustering/handshake.py",
    "clustering/pca.py",
    "clustering/numbering.py",
    "clustering/silhouette.py",
    "clustering/select_k.py",
    "clustering/loading.py",
    "classes/designs/",
    "warehouse/catalog_properties.py",
    "warehouse/duckdb_dialect.py",
    "warehouse/duckdb_sql.py",
    "warehouse/duckdb_tables.py",
    "warehouse/iceberg_client.py",
    "warehouse/jdbc_catalog.py",
    "warehouse/local_files.py",
    "warehouse/locations.py",
    "warehouse/remote_files.py",
    "warehouse/results.py",
    "warehouse/spark_literals.py",
    "warehouse/views.py",
    "vision/backbones/",
    "vision/network.py",
    "vision/preprocess.py",
    "vision/weights.py",
)
"""Packages and modules that must not import Spark."""
MODULES = sorted(ROOT.rglob("*.py"))


def imported(module: Path) -> set[str]:
    """Every dotted name that the module imports, at any level."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names |= {f"{node.module}.{name.name}" for name in node.names}
    return names


def relative(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_module_imports_only_from_own_and_lower_packages(module: Path) -> None:
    own = relative(module).removesuffix(".py").split("/")[0]
    imported_packages = {
        name.split(".")[1] for name in imported(module) if name.startswith("coinspark.")
    } & set(RANKS)
    if own in RANKS:
        wrong = {package for package in imported_packages - {own} if RANKS[package] >= RANKS[own]}
        assert not wrong, f"{relative(module)} imports {sorted(wrong)}"


def test_every_package_has_a_rank() -> None:
    flat = {relative(module).removesuffix(".py").split("/")[0] for module in MODULES} - {"__init__"}
    assert flat == set(RANKS)


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_library_is_imported_only_in_its_own_module(library: str) -> None:
    using = {
        relative(module)
        for module in MODULES
        if any(name.split(".")[0] == library for name in imported(module))
    }
    assert using <= ONLY_IN[library]


def test_tensorflow_is_imported_only_in_training_and_vision() -> None:
    using = {
        relative(module)
        for module in MODULES
        if any(name.split(".")[0] == "tensorflow" for name in imported(module))
    }
    assert {name for name in using if not name.startswith(WITH_TENSORFLOW)} == set()


@pytest.mark.parametrize(
    "module", [module for module in MODULES if relative(module).startswith(PLAIN)], ids=relative
)
def test_plain_module_does_not_import_spark(module: Path) -> None:
    assert not any(name.startswith("pyspark") for name in imported(module))


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_modules_have_at_most_300_lines(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 300
