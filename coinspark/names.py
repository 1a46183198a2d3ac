"""`coinspark entities`: the stage, `evaluate` for the trained engines, `proposals` for the keepers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coinspark.config import Config
from coinspark.errors import InputError
from coinspark.options import Files, Force, Format, Night, Overrides, configuration
from coinspark.progress import progress, say

app = typer.Typer(invoke_without_command=True)


class Protocol(StrEnum):
    """How an engine is measured."""

    published = "published"
    unseen = "unseen"


class Trained(StrEnum):
    """The engines that learn."""

    spacy = "spacy"
    sparknlp = "sparknlp"


Engines = Annotated[list[str] | None, typer.Option("--engine", help="An engine instead of entities.engines; may be repeated.")]


@app.callback()
def entities(context: typer.Context, config: Files = None, set_: Overrides = None, force: Force = False,
             engine: Engines = None) -> None:
    """Descriptions → entities, proposals."""
    if context.invoked_subcommand is not None:
        return
    from coinspark import nightly

    chosen = [f"entities.engines={list(engine)}", "entities.trust=[]"] if engine else []
    nightly.run_stages(configuration(config, [*(set_ or []), *chosen]), ("ingest", "entities"), force)


@app.command()
def evaluate(
    protocol: Annotated[Protocol, typer.Option("--protocol", help="published: 75/25; unseen: names held out whole.")],
    engine: Annotated[Trained, typer.Option("--engine", help="Which engine.")] = Trained.spacy,
    config: Files = None, set_: Overrides = None,
    format: Annotated[Format, typer.Option("--format", help="How to print the rows.")] = Format.table,
    false: Annotated[Path | None, typer.Option("--false", help="Write what counted as false to this CSV, for reading.")] = None,
) -> None:
    """How good a trained engine is: on the designs of entities.recogniser.designs, or else on the coins' texts.

    Surmises, whose very words it was shown as no name, count neither as found nor as false: they are for the keepers to judge.
    """
    from coinspark import query, session
    from coinspark.entities import engines, recognise
    from coinspark.entities import evaluate as measure
    from coinspark.entities.marked import Marked, Span

    settings = configuration(config, [*(set_ or []), f"entities.engines=[lexicon,{engine.value}]", "entities.trust=[]"])
    learner = engines.trained(engine.value)
    if engine is Trained.sparknlp:
        session.start(settings)

    def find(train: Sequence[Marked], language: str, folder: Path, texts: Sequence[str]) -> list[list[Span]]:
        learner.train(train, language, settings.entities.recogniser, settings.seed, folder, progress, texts)
        return learner.find(folder, texts)

    known = recognise.designs(settings, () if settings.entities.recogniser.designs else _texts_of_coins(settings))
    rows, wrong = measure.run(settings, engine.value, protocol.value, known, find, say)
    if false is not None:
        false.write_text(query.render(measure.FALSE, wrong, "csv") + "\n", encoding="utf-8")
        say(f"{len(wrong):,} false finds in {false}")
    typer.echo(query.render(measure.COLUMNS, [tuple(row.values()) for row in rows], format.value))


@app.command()
def proposals(
    config: Files = None, set_: Overrides = None, night: Night = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the CSV here instead of printing it.")] = None,
) -> None:
    """The names that no list holds, as a CSV: fill in `verdict` (accept or refuse) and name the file in entities.verdicts."""
    from coinspark import query, tables
    from coinspark.entities import verdicts

    settings = configuration(config, set_)
    spark, at = query.open_night(settings, night)
    rows = tables.read(spark, settings, "proposals", tag=at).collect()
    ranked = sorted((row.asDict(recursive=True) for row in rows),
                    key=lambda row: (-row["texts"], row["language"], row["category"], row["name"]))
    text = verdicts.write(ranked)
    if out is None:
        typer.echo(text.rstrip("\n"))
        return
    if out.exists():
        raise InputError(f"{out} is there already, perhaps with verdicts in it; name another file")
    out.write_text(text, encoding="utf-8")
    say(f"{len(ranked):,} proposals in {out}")


def _texts_of_coins(settings: Config) -> list[tuple[str, str]]:
    from coinspark import query, tables
    from coinspark.entities import stage

    spark, _ = query.open_night(settings, None)
    texts = stage.distinct_texts(tables.read(spark, settings, "coins"), settings.entities.languages)
    return [(row["language"], row["text"]) for row in texts.select("language", "text").collect()]
