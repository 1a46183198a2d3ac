"""A section of the report: what it reads and the template that shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from coinspark.evaluation.report.source import ReportSource


@dataclass(frozen=True)
class ReportSection:
    """A section of the report, registered in `report.sections`.

    Attributes:
        id: HTML id of the section, the target of links to it.
        title: Heading of the section and its entry in the navigation.
        gather: Returns the values of the template, or None if the build has nothing to show. Values are
            plain: no frames.
        template: A Jinja template in the folder of the section's module. It renders the body below the
            heading; besides the values it sees `config`. Jinja escapes all values.
    """

    id: str
    title: str
    gather: Callable[[ReportSource], Mapping[str, Any] | None]
    template: str
