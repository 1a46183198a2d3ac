"""The options that commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coinspark.config import Config, load

Files = Annotated[
    list[Path] | None, typer.Option("--config", "-c", help="A YAML file; several are merged in order.")
]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="One key: --set training.epochs=3")]
Force = Annotated[bool, typer.Option("--force", help="Run even if nothing has changed.")]
BuildTag = Annotated[
    str | None, typer.Option("--build", help="A build's tag, or `latest`; without it the published tables.")
]


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


def configuration(files: list[Path] | None, overrides: list[str] | None) -> Config:
    """The configuration that --config and --set ask for."""
    return load(files or [], overrides or [])
