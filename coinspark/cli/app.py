"""The command line: one command per stage, and commands to build, query and inspect."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from coinspark import __version__
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
from coinspark.config.visible import visible_settings
from coinspark.core import atomic_files, exits
from coinspark.core.progress import say
from coinspark.core.registry import resolve
from coinspark.nightly import STAGES, Build
from coinspark.pipeline.stage import Stage
from coinspark.warehouse.files import Location

SUMMARIES = {
    "classes": "coinspark.classes.summary:render",
    "clusters": "coinspark.evaluation.cluster_summary:render",
}
"""What a stage's command prints after it ran: a function of a table reader and the configuration."""

app = typer.Typer(
    help="Build tables, classifiers and a report from coin photos and descriptions.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 100},
)


@app.callback()
def _help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


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
def sql(
    query: Annotated[str, typer.Argument(help="A SELECT over tables and views; SHOW and DESCRIBE work too.")],
    config: Files = None,
    set_: Overrides = None,
    build: BuildTag = None,
    format: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.table,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, help="Maximum number of rows. Default: 1,000 of a table, otherwise all."
        ),
    ] = None,
) -> None:
    """Query the tables with SQL.

    Example: coinspark sql "SELECT split, class, count(*) FROM splits GROUP BY 1, 2"
    """
    from coinspark.warehouse import sql as queries

    settings = configuration(config, set_)
    for line in queries.run(settings, query, build, format.value, limit):
        show(line)


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


@app.command("spark-conf")
def spark_conf(
    config: Files = None,
    set_: Overrides = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write all settings to this file, which only you can read.")
    ] = None,
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Print settings that may be secrets, too.")
    ] = False,
) -> None:
    """Print the Spark settings, for spark-sql and spark-submit.

    Settings that may be secrets are left out; a note names them.
    """
    from coinspark.warehouse import properties
    from coinspark.warehouse.session import spark_settings

    settings = spark_settings(configuration(config, set_))
    if out is not None:
        atomic_files.write_text(out, properties.to_text(settings), private=True)
        say(f"{out}: {len(settings)} settings written; only you can read the file")
        return
    hidden = [] if secrets else properties.hidden(settings)
    typer.echo(properties.to_text({key: settings[key] for key in settings if key not in hidden}), nl=False)
    if hidden:
        say(
            f"spark-conf: left out, since they may be secrets: {', '.join(hidden)}; "
            "--out FILE writes them to a file that only you can read, --secrets prints them"
        )


@app.command()
def check(config: Files = None, set_: Overrides = None) -> None:
    """Check the configuration and print it with all defaults. Values that may be secrets are masked."""
    import yaml

    shown = visible_settings(configuration(config, set_))
    typer.echo(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True).rstrip())


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def _relative(file: Location) -> str:
    """The path relative to the current folder if it is below it; the URI if it is not on a local disk."""
    path = file.local
    return str(path.relative_to(Path.cwd()) if path and path.is_relative_to(Path.cwd()) else file)


def main() -> None:
    """Entry point. Exit codes: 2 for wrong usage, 1 for a CoinsparkError, 130 after Ctrl-C."""
    exits.handle_signals()
    atomic_files.exclude_other_users()
    with exits.exit_codes():
        try:
            code = app(standalone_mode=False)
        except TyperException as error:
            typer.echo(f"coinspark: {error.format_message()}; see coinspark --help", err=True)
            sys.exit(2)
        if code == 130:  # Typer's result for KeyboardInterrupt
            raise KeyboardInterrupt
        sys.exit(code or 0)


if __name__ == "__main__":
    main()
