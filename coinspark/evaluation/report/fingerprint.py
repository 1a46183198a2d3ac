"""Whether a written report is that of this build, configuration and code."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from coinspark.config import Config
from coinspark.core.code_version import code_version
from coinspark.core.hashing import digest, file_hash
from coinspark.evaluation.report.gather import section_names
from coinspark.evaluation.report.sections import SECTIONS
from coinspark.warehouse.files import Location


def report_fingerprint(config: Config, build: str) -> str:
    """SHA-256 hex of everything that decides a report: the build, the configuration, code and templates."""
    modules = [SECTIONS.module(name) for name in section_names(config)]
    templates = sorted({path for module in (__name__, *modules) for path in _templates(module)})
    code = code_version("coinspark.evaluation.report.page", *modules)
    return digest([build, config, code, [[path.name, file_hash(path)] for path in templates]])


def comment(fingerprint: str) -> str:
    """The last line of a report, by which `is_current` knows it."""
    return f"<!-- fingerprint {fingerprint} -->\n"


def is_current(file: Location, config: Config, build: str) -> bool:
    """Whether the file is the report that would be written now."""
    end = comment(report_fingerprint(config, build))
    try:
        return file.read_bytes().endswith(end.encode())
    except FileNotFoundError:
        return False


def _templates(module: str) -> list[Path]:
    """The templates beside a module, and in the folder `templates` beside it."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent
    return [*folder.glob("*.html"), *folder.glob("templates/*.html")]
