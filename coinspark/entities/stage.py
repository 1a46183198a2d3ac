"""The stage `entities`: the coins' distinct texts → entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.entities import engine_lexicon, lists
from coinspark.schemas import ENTITIES
from coinspark.stage import Change, Context, Stage


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """{"entities": an ENTITIES frame}. Raises InputError where the lists are missing or lack a column."""
    settings = context.config.entities
    if settings.lists is None:
        context.say("entities: no lists are configured (entities.lists), so no entities are found")
        return {ENTITIES.name: context.spark.createDataFrame([], ENTITIES.ddl)}
    entries = lists.read(settings.lists)
    forms, collisions = lists.resolve(entries)
    context.say(f"entities: {len(entries)} entries, {len(forms)} forms from {settings.lists}")
    for line in told(collisions):
        context.say(line)
    texts = distinct_texts(context.read("coins"), settings.languages)
    return {ENTITIES.name: engine_lexicon.annotate(texts, forms)}


def distinct_texts(coins: DataFrame, languages: Sequence[str]) -> DataFrame:
    """(text_id, language, text): every distinct text of the coins' descriptions in these languages, once."""
    return (
        coins.select(F.explode("descriptions").alias("d")).select("d.text_id", "d.language", "d.text")
        .where(F.col("language").isin(list(languages)) & (F.length("text") > 0))
        .dropDuplicates(["text_id"])
    )


def told(collisions: Sequence[lists.Collision]) -> list[str]:
    """How many forms two entries claim, and which of them are found as neither."""
    if not collisions:
        return []
    lost = [f"{one.form} ({one.language}: {', '.join(one.claims)})" for one in collisions if one.kept is None]
    line = f"entities: {len(collisions)} forms are claimed twice, {len(collisions) - len(lost)} of them settled"
    return [line] + ([f"entities: found as neither: {'; '.join(lost)}"] if lost else [])


def outside(config: Config) -> str | None:
    """The digest of the list files: a changed list means that the stage must run."""
    return lists.digest(config.entities.lists) if config.entities.lists else None


STAGE = Stage(
    name="entities", reads=("coins",), writes=(ENTITIES.name,), settings=lambda config: config.entities,
    build=build, code=("entities",), outside=outside,
)
