"""The command line: commands to query and inspect; those that build are in `builds`."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from coinspark import __version__
from coinspark.cli import status
from coinspark.cli.options import (
    BuildTag,
    Engine,
    Files,
    Format,
    Overrides,
    configuration,
    query_configuration,
    show,
)
from coinspark.config.visible import visible_settings
from coinspark.core import atomic_files, exits
from coinspark.core.progress import say
from coinspark.core.registry import resolve

_ENGINES = {Engine.duckdb: "coinspark.warehouse.duckdb_sql:run", Engine.spark: "coinspark.warehouse.sql:run"}


class _Commands(TyperGroup):
    """The commands of this module, which start at once, and those of `builds`, which import Spark first."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*_builds().list_commands(ctx), *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or _builds().get_command(ctx, cmd_name)


@cache
def _builds() -> TyperGroup:
    from coinspark.cli import builds

    return typer.main.get_group(builds.app)


app = typer.Typer(
    cls=_Commands,
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
def sql(
    query: Annotated[
        str, typer.Argument(help="A SELECT over tables and views. SHOW TABLES, DESCRIBE, EXPLAIN work too.")
    ],
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
    engine: Annotated[Engine, typer.Option("--engine", help="What runs the query.")] = Engine.duckdb,
) -> None:
    """Query the tables with Spark SQL, by DuckDB in a second or by Spark.

    DuckDB refuses the few expressions that it computes differently from Spark; --engine spark runs them.

    Example: coinspark sql "SELECT split, class, count(*) FROM splits GROUP BY 1, 2"
    """
    settings = (query_configuration if engine == Engine.duckdb else configuration)(config, set_)
    for line in resolve(_ENGINES[engine])(settings, query, build, format.value, limit):
        show(line)


@app.command()
def register(config: Files = None, set_: Overrides = None) -> None:
    """Let the tables of a copied or moved warehouse refer to its own files; the original stays as it is."""
    from coinspark.warehouse import registration

    settings = configuration(config, set_)
    count = registration.register(settings)
    say(f"{settings.warehouse}: {count} tables and views now refer to this folder")


app.command("status")(status.status)


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
