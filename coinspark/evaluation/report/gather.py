"""The tables of a build → the values that the report shows: the header and the configured sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coinspark.config import Config
from coinspark.evaluation.cluster_members import Tables
from coinspark.evaluation.report import header
from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.sections import SECTIONS
from coinspark.evaluation.report.source import ReportSource


@dataclass(frozen=True)
class GatheredSection:
    """A section with the values of its template. `module` is the module that defines it."""

    section: ReportSection
    module: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """Everything that the report shows of a build.

    Attributes:
        headline: Whether the layers helped, in one sentence.
        summary: The numbers behind the headline.
        facts: Label and number of the facts below it.
    """

    build: str
    headline: str
    summary: str
    facts: Sequence[tuple[str, int]]
    sections: Sequence[GatheredSection]


def gather(tables: Tables, config: Config, build: str) -> Page:
    """The values of the report of a build.

    Raises InputError as `compare`.
    """
    source = ReportSource(tables, config, build)
    sections = [gather_section(name, source) for name in section_names(config)]
    return Page(
        build=build,
        headline=header.headline(source.comparison),
        summary=header.summary(source.comparison),
        facts=header.facts(source),
        sections=[section for section in sections if section is not None],
    )


def section_names(config: Config) -> Sequence[str]:
    """Names of the sections to show: `evaluation.sections`, or all registered ones."""
    names = config.evaluation.sections
    return tuple(SECTIONS) if names is None else names


def gather_section(name: str, source: ReportSource) -> GatheredSection | None:
    """The values of one section by its registered name; None if it has nothing to show."""
    section = SECTIONS[name]
    values = section.gather(source)
    return None if values is None else GatheredSection(section, SECTIONS.module(name), values)
