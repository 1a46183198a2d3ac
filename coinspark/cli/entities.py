"""`coinspark entities`: the stage, `evaluate` for the trained engines, `proposals` for the keepers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coinspark.cli.options import BuildTag, Files, Force, Format, Overrides, configuration
from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.core.formatting import format_rows
from coinspark.core.progress import progress, say

app = typer.Typer(invoke_without_command=True)


class Protocol(StrEnum):
    """How an engine is measured."""

    published = "published"
    unseen = "unseen"


class Trained(StrEnum):
    """The engines that learn."""

    spacy = "spacy"
    sparknlp = "sparknlp"


Engines = Annotated[
    list[str] | None, typer.Option("--engine", help="An engine instead of entities.engines; may be repeated.")
]


@app.callback()
def entities(
    context: typer.Context,
    config: Files = None,
    set_: Overrides = None,
    force: Force = False,
    engine: Engines = None,
) -> None:
    """Descriptions → entities, proposals."""
    if context.invoked_subcommand is not None:
        return
    from coinspark import nightly

    chosen = [f"entities.engines={list(engine)}", "entities.trust=[]"] if engine else []
    nightly.run_stages(configuration(config, [*(set_ or []), *chosen]), ("ingest", "entities"), force)


@app.command()
def evaluate(
    protocol: Annotated[
        Protocol, typer.Option("--protocol", help="published: 75/25; unseen: names held out whole.")
    ],
    engine: Annotated[Trained, typer.Option("--engine", help="Which engine.")] = Trained.spacy,
    config: Files = None,
    set_: Overrides = None,
    format: Annotated[Format, typer.Option("--format", help="How to print the rows.")] = Format.table,
    false: Annotated[
        Path | None, typer.Option("--false", help="Write what counted as false to this CSV, for reading.")
    ] = None,
) -> None:
    """How good a trained engine is: on the designs of entities.recogniser.designs, or else on the coins' texts.

    Unverified entities, whose very words it was shown as no name, count neither as found nor as false: they are for the keepers to judge.
    """
    from coinspark.entities.engines import registry
    from coinspark.entities.ner import evaluate as measure
    from coinspark.entities.ner import recognisers
    from coinspark.entities.ner.annotated import Marked, Span
    from coinspark.warehouse import session

    settings = configuration(
        config, [*(set_ or []), f"entities.engines=[lexicon,{engine.value}]", "entities.trust=[]"]
    )
    learner = registry.trained(engine.value)
    if engine is Trained.sparknlp:
        session.start(settings)

    def find(train: Sequence[Marked], language: str, folder: Path, texts: Sequence[str]) -> list[list[Span]]:
        learner.train(train, language, settings.entities.recogniser, settings.seed, folder, progress, texts)
        return learner.find(folder, texts)

    known = recognisers.designs(
        settings, () if settings.entities.recogniser.designs else _texts_of_coins(settings)
    )
    rows, wrong = measure.run(settings, engine.value, protocol.value, known, find, say)
    if false is not None:
        false.write_text(format_rows(measure.FALSE, wrong, "csv") + "\n", encoding="utf-8")
        say(f"{len(wrong):,} false finds in {false}")
    typer.echo(format_rows(measure.COLUMNS, [tuple(row.values()) for row in rows], format.value))


@app.command()
def proposals(
    config: Files = None,
    set_: Overrides = None,
    build: BuildTag = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the CSV here instead of printing it.")
    ] = None,
) -> None:
    """The names that no list holds, as a CSV: fill in `verdict` (accept or refuse) and name the file in entities.verdicts."""
    from coinspark.entities.review import verdicts
    from coinspark.warehouse import sql, tables

    settings = configuration(config, set_)
    spark, at = sql.open_build(settings, build)
    rows = tables.read(spark, settings, "proposals", tag=at).collect()
    ranked = sorted(
        (row.asDict(recursive=True) for row in rows),
        key=lambda row: (-row["texts"], row["language"], row["category"], row["name"]),
    )
    text = verdicts.write(ranked)
    if out is None:
        typer.echo(text.rstrip("\n"))
        return
    if out.exists():
        raise InputError(f"{out} is there already, perhaps with verdicts in it; name another file")
    out.write_text(text, encoding="utf-8")
    say(f"{len(ranked):,} proposals in {out}")


def _texts_of_coins(settings: Config) -> list[tuple[str, str]]:
    from coinspark.entities import stage
    from coinspark.warehouse import sql, tables

    spark, _ = sql.open_build(settings, None)
    texts = stage.distinct_texts(tables.read(spark, settings, "coins"), settings.entities.languages)
    return [(row["language"], row["text"]) for row in texts.select("language", "text").collect()]
