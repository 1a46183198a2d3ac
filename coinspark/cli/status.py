"""`coinspark status`: the newest build and the newest attempts, without Spark."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from coinspark.cli.options import Files, Overrides, query_configuration, show
from coinspark.core.progress import say

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class StatusFormat(StrEnum):
    """Output format of the status."""

    text = "text"
    json = "json"
    prometheus = "prometheus"


def time_span(text: str) -> timedelta:
    """The time span of `90m`, `26h` or `2d`. Raises typer.BadParameter for other texts."""
    if not (match := re.fullmatch(r"([1-9]\d{0,5})([smhd])", text)):
        raise typer.BadParameter(f"{text!r}: expected a number and a unit (s, m, h, d), such as 26h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def status(
    config: Files = None,
    set_: Overrides = None,
    max_age: Annotated[
        timedelta | None,
        typer.Option(
            "--max-age",
            metavar="TIME",
            parser=time_span,
            help="Exit with 1 if no build has succeeded for this time: 26h, 2d.",
        ),
    ] = None,
    format: Annotated[StatusFormat, typer.Option("--format", help="Output format.")] = StatusFormat.text,
) -> None:
    """Show the last build and the last attempt to build; starts no Spark.

    Exits with 1, and names the reason, if no build was published or found unchanged within --max-age, if the
    last attempt failed or was killed, or if the tables cannot be read.
    """
    from coinspark.cli import status_formats  # loads DuckDB and pyiceberg: not for every command
    from coinspark.warehouse.status import read

    settings, now = query_configuration(config, set_), datetime.now(UTC)
    current = read(settings)
    alarms = current.alarms(now, max_age)
    if format is StatusFormat.json:
        show(status_formats.as_json(current, now, alarms))
    elif format is StatusFormat.prometheus:
        show(status_formats.as_metrics(current, settings.name, alarms))
    else:
        show(status_formats.as_text(current, now))
    for line in alarms:
        say(f"status: {line}")
    if alarms:
        raise typer.Exit(1)
