"""The stage `entities`: the coins' distinct texts → entities, and proposals from what trained engines find beyond the lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.entities.engines import lexicon_engine, registry
from coinspark.entities.lexicon import lists
from coinspark.entities.lexicon.lists import Form
from coinspark.entities.ner import recognisers
from coinspark.entities.ner.annotated import Marked
from coinspark.entities.review import proposals, verdicts
from coinspark.entities.review.verdicts import Verdicts
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.warehouse.schemas import ENTITIES, PROPOSALS


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """ENTITIES and PROPOSALS frames. Raises InputError where lists, verdicts or a recogniser are not what was stated."""
    settings, spark = context.config.entities, context.spark
    none = {
        ENTITIES.name: spark.createDataFrame([], ENTITIES.ddl),
        PROPOSALS.name: spark.createDataFrame([], PROPOSALS.ddl),
    }
    if settings.lists is None:
        context.say("entities: no lists are configured (entities.lists), so no entities are found")
        return none
    word = verdicts.read(settings.verdicts)
    forms = listed(settings.lists, word, context.say)
    texts = distinct_texts(context.read("coins"), settings.languages)
    trained = [engine for engine in settings.engines if engine != lexicon_engine.NAME]
    if not trained:
        return {**none, ENTITIES.name: lexicon_engine.annotate(texts, forms)}
    # Both tables are made of the same texts and finds: each engine runs once over the texts.
    texts = texts.persist()
    by_list = lexicon_engine.annotate(texts, forms).persist()
    made = reduce(
        DataFrame.unionByName, [_engine(context, engine, texts, forms) for engine in trained]
    ).persist()
    every = made.unionByName(by_list) if lexicon_engine.NAME in settings.engines else made
    return {
        ENTITIES.name: every,
        PROPOSALS.name: proposals.propose(made, by_list, texts, forms, word.refused),
    }


def listed(folder: str, word: Verdicts, say: Callable[[str], None]) -> tuple[Form, ...]:
    """The forms of the lists and of what the keepers accepted; says what two entries claim."""
    entries = lists.read(folder) + word.entries
    forms, collisions = lists.resolve(entries)
    say(
        f"entities: {len(entries)} entries, {len(forms)} forms from {folder}"
        + (f", {len(word.entries)} of them accepted proposals" if word.entries else "")
    )
    for line in told(collisions):
        say(line)
    return forms


def _engine(context: Context, engine: str, texts: DataFrame, forms: tuple[Form, ...]) -> DataFrame:
    """The ENTITIES rows of a trained engine, which is trained first where it does not stand yet."""
    config, learner = context.config, registry.trained(engine)

    def train(marked: tuple[Marked, ...], language: str, folder: Path) -> None:
        learner.train(marked, language, config.entities.recogniser, config.seed, folder, context.say)

    known = [(row["language"], row["text"]) for row in texts.select("language", "text").collect()]
    return learner.annotate(
        texts, recognisers.folders(config, engine, known, forms, train, context.say), forms
    )


def distinct_texts(coins: DataFrame, languages: Sequence[str]) -> DataFrame:
    """(text_id, language, text): every distinct text of the coins' descriptions in these languages, once."""
    return (
        coins.select(F.explode("descriptions").alias("d"))
        .select("d.text_id", "d.language", "d.text")
        .where(F.col("language").isin(list(languages)) & (F.length("text") > 0))
        .dropDuplicates(["text_id"])
    )


def told(collisions: Sequence[lists.Collision]) -> list[str]:
    """How many forms two entries claim, and which of them are found as neither."""
    if not collisions:
        return []
    lost = [f"{one.form} ({one.language}: {', '.join(one.claims)})" for one in collisions if one.kept is None]
    line = (
        f"entities: {len(collisions)} forms are claimed twice, {len(collisions) - len(lost)} of them settled"
    )
    return [line] + ([f"entities: found as neither: {'; '.join(lost)}"] if lost else [])


def outside(config: Config) -> object:
    """What lies in no table: the lists, the verdicts, what the recognisers learn from or are."""
    if config.entities.lists is None:
        return None
    said = config.entities.verdicts
    word = Path(said).read_bytes().hex() if said and Path(said).is_file() else said
    return [lists.digest(config.entities.lists), word, recognisers.outside(config)]


STAGE = Stage(
    name="entities",
    help="Entities in the descriptions, and proposals of unlisted names.",
    reads=lambda config: ("coins",),
    writes=(ENTITIES.name, PROPOSALS.name),
    settings=lambda config: [config.entities, config.seed],
    build=build,
    outside=outside,
)
