"""The commands that build: `nightly`, `publish`, one per stage, and `table1`. They need Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coinspark.cli import entities
from coinspark.cli.options import (
    AcceptLoss,
    BuildTag,
    Files,
    Force,
    Format,
    Overrides,
    VerifyFiles,
    configuration,
    show,
)
from coinspark.config import Config
from coinspark.core.registry import resolve
from coinspark.nightly import STAGES, Build
from coinspark.pipeline.stage import Stage
from coinspark.warehouse.files import Location

SUMMARIES = {
    "classes": "coinspark.classes.summary:render",
    "clusters": "coinspark.evaluation.cluster_summary:render",
}
"""What a stage's command prints after it ran: a function of a table reader and the configuration."""

app = typer.Typer(add_completion=False)


@app.command()
def nightly(
    config: Files = None,
    set_: Overrides = None,
    force: Force = False,
    verify_files: VerifyFiles = False,
    accept_loss: AcceptLoss = False,
) -> None:
    """Run all stages that are not up to date; write the report.

    Tags the build over all tables and prints the comparison of the layers.
    """
    from coinspark.nightly import run_build

    settings = configuration(config, set_, accept_loss)
    _show_build(run_build(settings, force, verify_files), settings)


@app.command()
def publish(config: Files = None, set_: Overrides = None, verify_files: VerifyFiles = False) -> None:
    """Publish what the stages have built, as the last step of nightly; run no stage.

    Refuses if a stage of the build is not up to date, and names it.
    """
    from coinspark.nightly import publish_build

    settings = configuration(config, set_)
    _show_build(publish_build(settings, verify_files), settings)


def _show_build(build: Build, settings: Config) -> None:
    from coinspark.evaluation import table1 as comparison
    from coinspark.nightly import read_at

    typer.echo(comparison.render(read_at(build.spark, settings, build.name), settings))
    typer.echo(f"\nReport: {_relative(build.report)}")


def _add_stage_command(stage: Stage) -> None:
    def command(
        config: Files = None,
        set_: Overrides = None,
        force: Force = False,
        verify_files: VerifyFiles = False,
        accept_loss: AcceptLoss = False,
    ) -> None:
        from coinspark.nightly import read_at, run_up_to

        settings = configuration(config, set_, accept_loss)
        spark = run_up_to(settings, stage.name, force, verify_files)
        if stage.name in SUMMARIES:
            typer.echo(resolve(SUMMARIES[stage.name])(read_at(spark, settings, None), settings))

    app.command(
        stage.name, help=f"{stage.help} Stages that it depends on run first if they are not up to date."
    )(command)


for _stage in STAGES:
    if _stage.name == "entities":
        app.add_typer(entities.app, name=_stage.name, help=_stage.help)
    else:
        _add_stage_command(_stage)


@app.command()
def table1(
    config: Files = None,
    set_: Overrides = None,
    build: BuildTag = None,
    format: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.table,
) -> None:
    """Compare all trained layers (the paper's Table 1)."""
    from coinspark.evaluation import table1 as comparison
    from coinspark.nightly import read_at
    from coinspark.warehouse import sql as queries

    settings = configuration(config, set_)
    spark, tag = queries.open_build(settings, build)
    show(comparison.render(read_at(spark, settings, tag), settings, format.value))


def _relative(file: Location) -> str:
    """The path relative to the current folder if it is below it; the URI if it is not on a local disk."""
    path = file.local
    return str(path.relative_to(Path.cwd()) if path and path.is_relative_to(Path.cwd()) else file)
