"""The stage `entities`: entities in the distinct texts of the coins, and proposals of unlisted names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.hashing import file_hash
from coinspark.entities.engines import ENGINES, lexicon_engine
from coinspark.entities.engines.engine import Models, TrainedEngine
from coinspark.entities.lexicon import forms as lexicon_forms
from coinspark.entities.lexicon import lists
from coinspark.entities.lexicon.forms import Collision, Form
from coinspark.entities.ner import recognisers
from coinspark.entities.review import proposals, verdicts
from coinspark.entities.review.verdicts import Verdicts
from coinspark.ingest.readers import READERS
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import ENTITIES, PROPOSALS


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """ENTITIES and PROPOSALS frames.

    Raises:
        InputError: Lists, verdicts, designs or a pretrained model cannot be read or have an unexpected hash.
    """
    settings, spark = context.config.entities, context.spark
    no_entities = local_frame(spark, [], ENTITIES.ddl)
    no_proposals = local_frame(spark, [], PROPOSALS.ddl)
    if settings.lists is None:
        context.notice("entities: no lists are configured (entities.lists), so no entities are found")
        return {ENTITIES.name: no_entities, PROPOSALS.name: no_proposals}
    decided = verdicts.read(settings.verdicts)
    if settings.verdicts is not None:
        context.notice(f"entities: {settings.verdicts}: {decided.summary()}")
    forms = load_forms(settings.lists, decided, context.notice)
    texts = distinct_texts(context.read("coins"), settings.languages)
    trained = _trained(context.config)
    untrained = [name for name in settings.engines if name not in trained]
    if not trained:
        entities = _union(_annotate(name, texts, forms) for name in untrained)
        return {ENTITIES.name: entities, PROPOSALS.name: no_proposals}
    # Both tables use the same texts and spans: each engine runs once.
    texts = texts.persist()
    models = _models(context, trained, texts, forms)
    listed = lexicon_engine.annotate(texts, {}, forms).persist()
    found = _union(_annotate(name, texts, forms, models[name]) for name in trained).persist()
    others = [listed if name == lexicon_engine.NAME else _annotate(name, texts, forms) for name in untrained]
    return {
        ENTITIES.name: _union([found, *others]),
        PROPOSALS.name: proposals.propose(found, listed, texts, forms, decided.refused),
    }


def _trained(config: Config) -> list[str]:
    """The configured engines that learn from texts."""
    return [name for name in config.entities.engines if isinstance(ENGINES[name], TrainedEngine)]


def load_forms(folder: str, decided: Verdicts, notice: Callable[[str], None]) -> tuple[Form, ...]:
    """Forms of the lists and of accepted proposals; reports their number and their collisions."""
    entries = lists.read(folder) + decided.entries
    forms, collisions = lexicon_forms.resolve(entries)
    accepted = f" and {len(decided.entries)} accepted proposals" if decided.entries else ""
    notice(f"entities: {len(entries)} entries with {len(forms)} forms from {folder}{accepted}")
    for line in _collision_lines(collisions):
        notice(line)
    return forms


def _collision_lines(collisions: Sequence[Collision]) -> list[str]:
    """How many forms several entries claim, and which of them are not searched for."""
    if not collisions:
        return []
    ambiguous = [
        f"{collision.form} ({collision.language}: {', '.join(collision.claims)})"
        for collision in collisions
        if collision.owner is None
    ]
    lines = [
        f"entities: {len(collisions)} forms belong to several entries, "
        f"{len(collisions) - len(ambiguous)} of them resolved"
    ]
    if ambiguous:
        lines.append(f"entities: ambiguous, not searched for: {'; '.join(ambiguous)}")
    return lines


def distinct_texts(coins: DataFrame, languages: Sequence[str]) -> DataFrame:
    """(text_id, language, text): the distinct, non-empty descriptions in these languages."""
    return (
        coins.select(F.explode("descriptions").alias("d"))
        .select("d.text_id", "d.language", "d.text")
        .where(F.col("language").isin(list(languages)) & (F.length("text") > 0))
        .dropDuplicates(["text_id"])
    )


def _models(
    context: Context, engines: Sequence[str], texts: DataFrame, forms: tuple[Form, ...]
) -> dict[str, dict[str, Location]]:
    """Engine → language → folder of its model, which is trained first if it is missing or damaged."""
    rows = texts.select("language", "text").collect()
    descriptions = [(row["language"], row["text"]) for row in rows]
    models = {
        name: recognisers.model_folders(
            context.config, name, descriptions, forms, context.say, context.notice, context.force
        )
        for name in engines
    }
    folders = [folder for by_language in models.values() for folder in by_language.values()]
    recognisers.record_used(context.config, folders)
    return models


def _annotate(
    name: str, texts: DataFrame, forms: tuple[Form, ...], models: Models | None = None
) -> DataFrame:
    """ENTITIES rows of an engine with its models."""
    return ENGINES[name].annotate(texts, models or {}, forms).withColumn("engine", F.lit(name))


def _union(frames: Iterable[DataFrame]) -> DataFrame:
    return reduce(DataFrame.unionByName, frames)


def _outside(config: Config) -> object:
    """State outside tables and configuration: lists, verdicts and the recognisers' designs."""
    settings = config.entities
    if settings.lists is None:
        return None
    file = Path(settings.verdicts) if settings.verdicts else None
    decided = file_hash(file) if file and file.is_file() else None
    return [lists.lists_hash(settings.lists), decided, recognisers.outside(config)]


def _check(config: Config) -> None:
    """Raise InputError if the lists, the verdicts or the designs cannot be read.

    A reader with a state of its own may write the lists below its root, as that of synthetic coins does: they
    may be missing yet.
    """
    if config.entities.lists is None:
        return
    folder = Path(config.entities.lists)
    roots = [source.root for source in config.sources if READERS[source.kind].state is not None]
    if folder.exists() or not any(folder.is_relative_to(root) for root in roots):
        lists.read(folder)
    verdicts.read(config.entities.verdicts)
    recognisers.training_texts(config, ())


STAGE = Stage(
    name="entities",
    help="Find entities in descriptions; propose unlisted names.",
    reads=lambda config: ("coins",),
    writes=(ENTITIES.name, PROPOSALS.name),
    settings=lambda config: [config.entities, config.seed],
    build=build,
    outside=_outside,
    check=_check,
    modules=lambda config: tuple(ENGINES.module(name) for name in config.entities.engines),
    files=lambda config, read: recognisers.used_models(config) if _trained(config) else {},
)
