"""`coinspark entities`: the stage, and the subcommands `evaluate` and `proposals`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coinspark.cli.options import BuildTag, Files, Force, Format, Overrides, VerifyFiles, configuration, show
from coinspark.config import Config
from coinspark.core import spreadsheet
from coinspark.core.csv_rows import SEPARATORS
from coinspark.core.errors import ConfigError, InputError
from coinspark.core.formatting import format_rows
from coinspark.core.progress import say

app = typer.Typer(invoke_without_command=True)


class Protocol(StrEnum):
    """Evaluation protocols."""

    published = "published"
    unseen = "unseen"


class Separator(StrEnum):
    """Names of the separators in `csv_rows.SEPARATORS`."""

    comma = "comma"
    semicolon = "semicolon"
    tab = "tab"


def with_engines(set_: list[str] | None, engines: list[str]) -> list[str]:
    """The overrides of `--set`, then these engines in this order of priority.

    Raises:
        ConfigError: `--set` has engines or their priority, which `--engine` replaces.
    """
    for override in set_ or []:
        if override.partition("=")[0] in ("entities.engines", "entities.priority"):
            raise ConfigError(
                f"--set {override}: has no effect: --engine sets the engines; remove one of them"
            )
    return [*(set_ or []), f"entities.engines={engines}", "entities.priority=[]"]


@app.callback()
def entities(
    context: typer.Context,
    config: Files = None,
    set_: Overrides = None,
    force: Force = False,
    verify_files: VerifyFiles = False,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            "--engine", metavar="NAME", help="Engine to use instead of entities.engines; may be repeated."
        ),
    ] = None,
) -> None:
    """Find entities in the descriptions, and propose unlisted names.

    Stages that it depends on run first if they are not up to date.
    """
    if context.invoked_subcommand is not None:
        if config or set_ or force or verify_files or engine:
            raise typer.BadParameter(f"give the options after `{context.invoked_subcommand}`")
        return
    from coinspark.nightly import run_up_to

    settings = configuration(config, with_engines(set_, engine) if engine else set_)
    run_up_to(settings, "entities", force, verify_files)


@app.command()
def evaluate(
    protocol: Annotated[
        Protocol,
        typer.Option(
            "--protocol", help="published: 75/25 split of the texts; unseen: names held out, 5 folds."
        ),
    ],
    engine: Annotated[str, typer.Option("--engine", help="Trained engine to evaluate.")] = "spacy",
    config: Files = None,
    set_: Overrides = None,
    format: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.table,
    false_positives: Annotated[
        Path | None, typer.Option("--false-positives", help="CSV file to write the false positives to.")
    ] = None,
) -> None:
    """Measure recall and precision of a trained engine against the entity lists.

    The texts are those of entities.recogniser.designs, or the descriptions in the warehouse if that is not
    set. Unverified entities count neither as found nor as false: curators decide on them.
    """
    from coinspark.entities.engines.engine import trained_engine
    from coinspark.entities.ner import recognisers
    from coinspark.entities.ner.evaluate import COLUMNS, FALSE_COLUMNS, Evaluation
    from coinspark.warehouse import session

    settings = configuration(config, with_engines(set_, list(dict.fromkeys(["lexicon", engine]))))
    trained = trained_engine(engine)
    if trained.needs_spark:
        session.start(settings)
    descriptions = () if settings.entities.recogniser.designs else _descriptions(settings)
    texts = recognisers.training_texts(settings, descriptions)
    rows, false = Evaluation(settings, engine, trained, protocol.value, say).run(texts)
    if false_positives is not None:
        spreadsheet.write(false_positives, FALSE_COLUMNS, false)
        say(f"{false_positives}: {len(false):,} false positives written")
    show(format_rows(COLUMNS, rows, format.value))


@app.command()
def proposals(
    config: Files = None,
    set_: Overrides = None,
    build: BuildTag = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="New CSV file to write; without it the CSV is printed.")
    ] = None,
    separator: Annotated[
        Separator, typer.Option("--separator", help="Separator of the CSV; German Excel needs semicolon.")
    ] = Separator.comma,
) -> None:
    """Export the proposed names as CSV for the curators.

    Fill in the column `verdict` (accept or refuse) and set entities.verdicts to the file.
    """
    from coinspark import nightly
    from coinspark.entities.review import verdicts
    from coinspark.warehouse import sql

    settings = configuration(config, set_)
    if out is not None and out.exists():
        raise InputError(f"{out}: the file exists and may contain verdicts; choose another name for --out")
    spark, tag = sql.open_build(settings, build)
    rows = nightly.read_at(spark, settings, tag)("proposals").collect()
    lines = verdicts.csv_rows(row.asDict(recursive=True) for row in rows)
    mark = SEPARATORS[separator.value]
    if out is None:
        show(spreadsheet.to_csv(verdicts.COLUMNS, lines, mark).rstrip("\n"))
        return
    spreadsheet.write(out, verdicts.COLUMNS, lines, mark)
    say(f"{out}: {len(rows):,} proposals written")


def _descriptions(settings: Config) -> list[tuple[str, str]]:
    """(language, text) of the distinct descriptions in the warehouse."""
    from coinspark.entities import stage
    from coinspark.warehouse import sql, tables

    spark, _ = sql.open_build(settings, None)
    texts = stage.distinct_texts(tables.read(spark, settings, "coins"), settings.entities.languages)
    return [(row["language"], row["text"]) for row in texts.select("language", "text").collect()]
