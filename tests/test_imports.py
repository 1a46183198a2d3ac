"""Imports run down the house only: evaluation → training → classes → {entities, vision} → ingest → frame."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "coinspark"
BELOW = {
    "ingest": set[str](),
    "entities": {"ingest"},
    "vision": {"ingest"},
    "classes": {"ingest", "entities", "vision"},
    "training": {"ingest", "entities", "vision", "classes"},
    "evaluation": {"ingest", "entities", "vision", "classes", "training"},
}
CHAIN = {"nightly.py", "cli.py", "names.py", "jobs.py", "query.py"}  # on top of the house: they start the stages
SEAMS = {
    "petastorm": {"training/feed.py"}, "horovod": {"training/launch.py"}, "pyiceberg": set[str](),
    "spacy": {"entities/engine_spacy.py"}, "thinc": {"entities/engine_spacy.py"}, "rapidfuzz": {"entities/linking.py"},
    "sparknlp": {"entities/engine_sparknlp.py"},
    "tensorflow": {"training/feed.py", "training/fit.py", "training/model.py", "training/pixels.py", "training/predict.py",
                   "training/process.py", "training/deepcluster/learn.py", "training/deepcluster/pictures.py",
                   "vision/backbone.py", "vision/edges.py", "vision/features.py", "vision/pixels.py"},
    "h5py": {"vision/weights.py"},
}
MODULES = sorted(ROOT.rglob("*.py"))


def imported(module: Path) -> set[str]:
    """Every dotted name that the module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_a_module_imports_only_what_lies_below_it(module: Path) -> None:
    place = module.relative_to(ROOT)
    packages = {name.split(".")[1] for name in imported(module) if name.startswith("coinspark.")} & set(BELOW)
    if len(place.parts) > 1:
        own = place.parts[0]
        assert packages <= BELOW[own] | {own}, f"{place} imports from above"
    elif place.name not in CHAIN:
        assert not packages, f"{place} is frame, and imports {packages}"


@pytest.mark.parametrize("library", sorted(SEAMS))
def test_a_library_is_known_at_its_seam_only(library: str) -> None:
    using = {str(module.relative_to(ROOT)) for module in MODULES
             if any(name.split(".")[0] == library for name in imported(module))}
    assert using <= SEAMS[library]


def test_pixels_and_text_are_plain_python() -> None:
    for name in ("ingest/pixels.py", "ingest/sides.py", "ingest/synthetic.py", "entities/lexicon.py", "entities/lists.py",
                 "entities/marked.py", "entities/disguise.py", "entities/vectors.py", "entities/protocols.py",
                 "entities/linking.py", "vision/kmeans.py", "vision/seeds.py", "vision/blocks.py", "vision/team.py",
                 "vision/exchange.py", "vision/reduce.py", "vision/naming.py", "vision/silhouette.py",
                 "vision/division.py", "vision/backbone.py", "vision/network.py", "vision/pixels.py",
                 "vision/weights.py"):
        assert not any(found.startswith("pyspark") for found in imported(ROOT / name)), name


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_modules_stay_under_300_lines(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) < 300
