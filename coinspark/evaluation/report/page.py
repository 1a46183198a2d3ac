"""The report of a build: one self-contained HTML page without scripts or external resources.

Jinja escapes everything that comes from the tables; the figures escape their own texts.
"""

from __future__ import annotations

import jinja2
from markupsafe import Markup

from coinspark.config import Config
from coinspark.evaluation.cluster_members import Tables
from coinspark.evaluation.report.filters import FILTERS
from coinspark.evaluation.report.fingerprint import comment, report_fingerprint
from coinspark.evaluation.report.gather import GatheredSection, Page, gather
from coinspark.warehouse.files import Location


def write_report(tables: Tables, config: Config, file: Location, build: str) -> Location:
    """Write the report of `build` to `file` atomically; returns `file`. `tables` returns a table by name."""
    html = render(gather(tables, config, build), config)
    file.write_text(f"{html.rstrip()}\n{comment(report_fingerprint(config, build))}")
    return file


def render(page: Page, config: Config) -> str:
    """The report as HTML."""
    sections = [(item.section, render_section(item, config)) for item in page.sections]
    template = _environment(__name__).get_template("page.html")
    return template.render(page=page, sections=sections, config=config)


def render_section(item: GatheredSection, config: Config) -> Markup:
    """The body of a section as HTML."""
    template = _environment(item.module).get_template(item.section.template)
    return Markup(template.render(**item.values, config=config))  # noqa: S704


def _environment(module: str) -> jinja2.Environment:
    """Jinja with the templates of the report and those in the folder of `module`."""
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(module, ""), jinja2.PackageLoader("coinspark.evaluation.report")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    return environment
