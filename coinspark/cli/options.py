"""Options that several commands share."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coinspark.config import Config, load
from coinspark.core.formatting import escape_controls

Files = Annotated[
    list[Path] | None,
    typer.Option("--config", "-c", metavar="FILE", help="YAML file; repeat it to merge several in order."),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override one key: --set training.epochs=3"),
]
AcceptLoss = Annotated[
    bool, typer.Option("--accept-loss", help="Publish even if many rows are rejected or coins are lost.")
]
Force = Annotated[bool, typer.Option("--force", help="Compute everything again.")]
VerifyFiles = Annotated[
    bool,
    typer.Option(
        "--verify-files", help="Compare photos, weights and other files by bytes, not by size and times."
    ),
]
BuildTag = Annotated[
    str | None,
    typer.Option(
        "--build", metavar="NAME", help="Tag of a build, or `latest`. Default: the published tables."
    ),
]


class Format(StrEnum):
    """Output format of rows."""

    table = "table"
    csv = "csv"
    json = "json"


class Engine(StrEnum):
    """What runs an SQL query."""

    duckdb = "duckdb"
    spark = "spark"


def configuration(files: list[Path] | None, overrides: list[str] | None, accept_loss: bool = False) -> Config:
    """The configuration from --config, --set and --accept-loss."""
    return load(files or [], [*(overrides or []), *(["ingest.accept_loss=true"] if accept_loss else [])])


def query_configuration(files: list[Path] | None, overrides: list[str] | None) -> Config:
    """The configuration from --config and --set, as far as queries of the tables need it."""
    return load(files or [], overrides or [], ("name", "warehouse", "catalog", "spark", "evaluation"))


def show(text: str) -> None:
    """Print a result; on a terminal with the control characters of its values escaped."""
    print(escape_controls(text, keep="\n") if sys.stdout.isatty() else text)
