"""`coinspark STAGE`, `coinspark nightly`, `coinspark sql`, `coinspark table1`: the commands, thin over the modules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from coinspark import __version__, ending, names
from coinspark.options import Files, Force, Format, Night, Overrides, configuration

app = typer.Typer(
    help="Turn a museum's photographs and descriptions of coins into trained, checked, queryable knowledge.",
    invoke_without_command=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)


@app.callback()
def _help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def nightly(config: Files = None, set_: Overrides = None, force: Force = False) -> None:
    """The whole chain: every stage that must run, one tag over all tables, the comparison, the report."""
    from coinspark import nightly as night
    from coinspark.evaluation import table1 as comparison
    from coinspark.session import start

    settings = configuration(config, set_)
    path = night.run_night(settings, force)
    spark = start(settings)
    typer.echo(comparison.render(night.read_at(spark, settings, path.stem), settings))
    typer.echo(f"\nThe report: {_near(path)}")


def _stage_command(name: str, text: str) -> None:
    def command(config: Files = None, set_: Overrides = None, force: Force = False) -> None:
        from coinspark import nightly as night

        settings = configuration(config, set_)
        spark = night.run_stages(settings, night.up_to(settings, name), force)
        if name == "classes":
            from coinspark.classes import summary

            typer.echo(summary.render(night.read_at(spark, settings, None), settings))
        if name == "clusters":
            from coinspark.evaluation import clusters

            typer.echo(clusters.render(night.read_at(spark, settings, None), settings))

    app.command(name, help=text)(command)


_BEFORE = "What comes before it runs too, where it must."
for _name, _text in {
    "ingest": "Sources → coins, images, rejects.",
    "classes": "Entities and clusters → class layers, with a table of the new classes and their sizes.",
    "splits": "Class layers → training, validation and test side.",
    "train": "Splits → trained VGG16 models.",
    "evaluate": "Models → predictions, confusion, metrics.",
    "deepcluster": "Pictures → a network that has learnt from them alone, in rounds of clustering.",
    "features": "Pictures → features, vectors of a network's convolutions.",
    "clusters": "Features → clusters of each mint that a layer of clusters splits.",
}.items():
    _stage_command(_name, f"{_text} {_BEFORE}")
app.add_typer(names.app, name="entities", help=f"Descriptions → entities, proposals. {_BEFORE}")


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="A SELECT over tables and views; SHOW and DESCRIBE too.")],
    config: Files = None, set_: Overrides = None, night: Night = None,
    format: Annotated[Format, typer.Option("--format", help="How to print the rows.")] = Format.table,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows at most; more are counted, not printed.")] = 1000,
) -> None:
    """Ask the tables: coinspark sql "SELECT split, class, count(*) FROM splits GROUP BY 1, 2"."""
    from coinspark import query as ask

    settings = configuration(config, set_)
    typer.echo(ask.run(settings, query, night, format.value, limit))


@app.command()
def table1(
    config: Files = None, set_: Overrides = None, night: Night = None,
    format: Annotated[Format, typer.Option("--format", help="How to print the rows.")] = Format.table,
) -> None:
    """The paper's Table 1 for this collection: every layer, trained and compared."""
    from coinspark import query as ask
    from coinspark.evaluation import table1 as comparison
    from coinspark.nightly import read_at

    settings = configuration(config, set_)
    spark, at = ask.open_night(settings, night)
    typer.echo(comparison.render(read_at(spark, settings, at), settings, format.value))


@app.command("spark-conf")
def spark_conf(config: Files = None, set_: Overrides = None) -> None:
    """Print this configuration's Spark settings, as spark-sql, spark-submit and beeline read them."""
    from coinspark.session import settings

    for key, value in sorted(settings(configuration(config, set_)).items()):
        typer.echo(f"{key} {value}")


@app.command()
def check(config: Files = None, set_: Overrides = None) -> None:
    """Check the configuration alone and print it whole, defaults and all."""
    import yaml

    whole = configuration(config, set_).model_dump(mode="json")
    typer.echo(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True).rstrip())


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def _near(path: Path) -> Path:
    """The path from here where it lies below, else whole."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main() -> None:
    """The entry point: wrong usage ends with exit code 2, faults that the user can mend with 1, Ctrl-C with 130."""
    ending.listen()
    with ending.ended():
        try:
            code = app(standalone_mode=False)
        except TyperException as error:
            typer.echo(f"coinspark: {error.format_message()}; see coinspark --help", err=True)
            sys.exit(2)
        if code == 130:  # what Typer makes of KeyboardInterrupt
            raise KeyboardInterrupt
        sys.exit(code or 0)


if __name__ == "__main__":
    main()
