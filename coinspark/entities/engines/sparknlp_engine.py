"""The Spark NLP engine: a Spark ML pipeline trained on the lexicon's own finds. The only file that knows Spark NLP.

As in the spaCy engine the names of its own texts are had by heart (TextMatcher), and what is learnt is for the others: NerDL,
two LSTMs and a conditional random field over each word's vector (vectors.py) and its letters, in place of which it is shown the
word's shape. It runs on the Java side, without Python workers.
"""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from py4j.java_gateway import JavaPackage
from pyspark.ml import Pipeline, PipelineModel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.config import Recogniser
from coinspark.core.errors import ConfigError
from coinspark.core.hashing import file_hash
from coinspark.entities import spans
from coinspark.entities.lexicon.lists import CATEGORIES, Form
from coinspark.entities.ner import augment, unverified, word_vectors
from coinspark.entities.ner.annotated import Marked, Span, by_heart
from coinspark.warehouse.schemas import ENTITIES

NAME = "sparknlp"
_WIDTHS = (100, 128, 256, 300, 384, 512, 768, 1024)  # of word vectors that Spark NLP has a ready graph for
_BATCH, _RATE, _DROP = 32, 2e-3, 0.5
_DISGUISES = 4  # of each text at most: all are in memory at once; more passes show them again
_BETWEEN = r"(?<=[^\p{L}\p{M}\p{N}_])|(?=[^\p{L}\p{M}\p{N}_])"  # beside every sign that is in no word
_PARTS = "reader", "recogniser"  # the folder's pipelines; between them words become shapes
_CHUNKS = "array<struct<begin:int,end:int,category:string>>"
_MARKED = "text string, mentions array<struct<start:int,end:int,category:string>>"
_LABELS = """transform(token, t -> named_struct(
    'annotatorType', 'named_entity', 'begin', t.begin, 'end', t.end,
    'result', coalesce(get(transform(filter(mentions, m -> m.start <= t.begin and t.end < m.end),
                                     m -> concat(if(m.start = t.begin, 'B-', 'I-'), m.category)), 0), 'O'),
    'metadata', map('word', t.result), 'embeddings', cast(array() as array<float>)))"""


def train(
    marked: Sequence[Marked],
    language: str,
    settings: Recogniser,
    seed: int,
    folder: Path,
    say: Callable[[str], None],
    more: Sequence[str] = (),
) -> None:
    """Learn from these texts and write the pipeline to `folder`, which a cluster's workers must share.

    Of `more` texts it sees which words stand beside which, for the word vectors, and nothing else. Each text is
    shown in several disguises. TensorFlow's threads sum in any order: two trainings differ in the last digits.
    """
    spark = session()
    from sparknlp.annotator import NerConverter, NerDLApproach

    say(f"entities  Spark NLP, {language}: {settings.passes} passes over {len(marked):,} texts")
    texts = sorted(marked, key=lambda one: one.text)
    shown, lent = _disguised(texts, language, settings, seed)
    with tempfile.TemporaryDirectory() as place:
        known = _vectors(spark, sorted({*more, *(one.text for one in texts)}), settings, seed, lent)
        first = Pipeline(
            stages=[
                *_reader(),
                _embeddings(known, Path(place) / "vectors.txt"),
                *_by_heart(spark, texts, Path(place)),
            ]
        ).fit(_frame(spark, texts[:1]))
        ready = _shapes(first.transform(_frame(spark, shown))).withColumn(
            "label", F.expr(_LABELS).alias("label", metadata={"annotatorType": "named_entity"})
        )
        recogniser = (
            NerDLApproach()
            .setInputCols(["document", "token", "embeddings"])
            .setLabelColumn("label")
            .setOutputCol("ner")
            .setMaxEpochs(-(-settings.passes // _DISGUISES))
            .setLr(_RATE)
            .setPo(0.0)
            .setBatchSize(_BATCH)
            .setDropout(_DROP)
            .setRandomSeed(seed % 2**31)
            .setVerbose(4)
            .setEnableOutputLogs(False)
        ).fit(ready)
        chunks = NerConverter().setInputCols(["document", "token", "ner"]).setOutputCol("chunk")
        learnt = PipelineModel(stages=[recogniser, *Pipeline(stages=[chunks]).fit(ready).stages])
        for part, pipeline in zip(_PARTS, (first, learnt), strict=True):
            pipeline.write().overwrite().save((folder / part).absolute().as_uri())
    unverified.write(texts, folder)


def find(folder: Path, texts: Sequence[str]) -> list[list[Span]]:
    """The spans that the pipeline of this folder finds in each text."""
    frame = session().createDataFrame([(n, text) for n, text in enumerate(texts)], "n int, text string")
    found: list[list[Span]] = [[] for _ in texts]
    for row in _chunks(folder, frame, "n").collect():
        found[row["n"]] = _spans(texts[row["n"]], row["known"], row["chunks"])
    return found


def annotate(texts: DataFrame, folders: dict[str, str], forms: tuple[Form, ...]) -> DataFrame:
    """ENTITIES rows of `texts` (text_id, language, text; a row a distinct text), key (text_id, engine, start).

    `folders`: language → its pipeline. A span is linked to the entry that it names.
    """
    none = texts.select(
        "text_id",
        "language",
        "text",
        F.lit(None).cast(_CHUNKS).alias("known"),
        F.lit(None).cast(_CHUNKS).alias("chunks"),
    ).where("false")
    spread = texts.repartition(texts.sparkSession.sparkContext.defaultParallelism * 2)
    found = none
    for language, folder in sorted(folders.items()):
        own = spread.where(F.col("language") == language)
        found = found.unionByName(_chunks(Path(folder), own, "text_id", "language", "text"))

    def each(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            found = [_spans(*row) for row in zip(batch["text"], batch["known"], batch["chunks"], strict=True)]
            yield spans.rows(NAME, batch, found, forms, folders)

    return found.mapInPandas(each, ENTITIES.ddl)


def session() -> SparkSession:
    """The session, with Spark NLP's classes in it. Raises ConfigError that says how to get them where they are not."""
    spark = SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
    jvm: Any = spark.sparkContext._jvm
    if isinstance(
        jvm.com.johnsnowlabs.nlp.DocumentAssembler, JavaPackage
    ):  # py4j's way to say: no such class
        raise ConfigError(
            "entities.engines: sparknlp needs Spark NLP's jars, which this Spark session does not have. `make setup` fetches "
            "them; a session that coinspark starts for this engine takes them from spark.sparknlp_jars, to spark-submit they "
            "are given as --driver-class-path 'FOLDER/*' (locally) or --jars (on a cluster): see the README, \"Spark NLP\""
        )
    return spark


def _reader() -> list[Any]:
    """Text → document → tokens, with the places that they have in the text: words as the lexicon has them, and each other sign.

    By itself the tokenizer keeps corn-ears and lion's whole, and of names in them it can find none.
    """
    from sparknlp.annotator import Tokenizer
    from sparknlp.base import DocumentAssembler

    return [
        DocumentAssembler().setInputCol("text").setOutputCol("document").setCleanupMode("disabled"),
        Tokenizer().setSplitPattern(_BETWEEN).setInputCols(["document"]).setOutputCol("token"),
    ]


def _words(spark: SparkSession, texts: Sequence[str]) -> list[list[str]]:
    """The tokens of each text."""
    reader = Pipeline(stages=_reader()).fit(_frame(spark, []))
    rows = (
        reader.transform(_frame(spark, [Marked(text, ()) for text in texts])).select("token.result").collect()
    )
    return [row["result"] for row in rows]


def _disguised(
    texts: Sequence[Marked], language: str, settings: Recogniser, seed: int
) -> tuple[list[Marked], dict[str, str]]:
    """What an epoch shows, in order, and of each made-up word the known one that it stands for."""
    draw = random.Random(seed)  # noqa: S311 - draws that repeat are what is wanted
    lent: dict[str, str] = {}

    def like(word: str, known: str) -> None:
        lent.setdefault(word, known)

    mask = augment.Mask(augment.pool(texts), language, settings.swap, settings.invent, like)
    return [
        augment.disguise(one, mask, draw)
        for _ in range(min(settings.passes, _DISGUISES))
        for one in draw.sample(texts, len(texts))
    ], lent


def _vectors(
    spark: SparkSession, texts: Sequence[str], settings: Recogniser, seed: int, lent: dict[str, str]
) -> word_vectors.Vectors:
    """Lower-case word → vector, zeros up to a width that there is a graph for; a made-up word's is a known one's, blurred."""
    width = next(width for width in _WIDTHS if width >= settings.vectors)
    words = [[word.lower() for word in found] for found in _words(spark, texts)]
    made = word_vectors.make(words, settings.vectors, seed) if settings.vectors else {}
    noise = np.random.default_rng(seed)
    for word, known in lent.items():
        if word.lower() not in made and (of := made.get(known.lower())) is not None:
            made[word.lower()] = word_vectors.blurred(of, settings.blur, noise)
    padded = {word: np.pad(vector, (0, width - len(vector))) for word, vector in made.items()}
    return padded or {"": np.zeros(width, np.float32)}


def _embeddings(known: word_vectors.Vectors, file: Path) -> Any:
    from sparknlp.annotator import WordEmbeddings

    with file.open("w", encoding="utf-8") as opened:
        opened.writelines(
            f"{word} {' '.join(f'{x:.6g}' for x in vector)}\n" for word, vector in known.items()
        )
    return (  # Spark NLP keeps open what it has read under a reference: vectors of its own need one of their own
        WordEmbeddings()
        .setInputCols(["document", "token"])
        .setOutputCol("embeddings")
        .setCaseSensitive(False)
        .setStoragePath(str(file), "TEXT")
        .setDimension(len(next(iter(known.values()))))
        .setStorageRef(file_hash(file)[:16])
    )


def _frame(spark: SparkSession, texts: Sequence[Marked]) -> DataFrame:
    """(text, mentions), whose places count as Java does."""
    return spark.createDataFrame(
        [
            (
                one.text,
                [
                    (
                        len(_units(one.text[: mention.start])) // 2,
                        len(_units(one.text[: mention.end])) // 2,
                        mention.category,
                    )
                    for mention in one.mentions
                ],
            )
            for one in texts
        ],
        _MARKED,
    )


def _by_heart(spark: SparkSession, texts: Sequence[Marked], place: Path) -> list[Any]:
    """A matcher for each category's forms, which it reads from a file, their tokens with blanks between them."""
    from sparknlp.annotator import TextMatcher

    known = by_heart(texts)
    forms: dict[str, list[str]] = defaultdict(list)
    for category, words in zip(known.values(), _words(spark, list(known)), strict=True):
        forms[category].append(" ".join(words))
    matchers = []
    for category, of_it in forms.items():
        file = place / f"{category}.txt"
        file.write_text("\n".join(of_it), encoding="utf-8")
        matchers.append(
            TextMatcher()
            .setInputCols(["document", "token"])
            .setOutputCol(f"known_{category}")
            .setEntities(str(file))
            .setEntityValue(category)
            .setCaseSensitive(True)
        )
    return matchers


def _shapes(read: DataFrame) -> DataFrame:
    """The same, but what stands as a word beside its vector is its shape: `Xxxxx` for Athena, `xxx` for owl."""

    def shape(word: Column) -> Column:
        for kind, letter in (r"\p{Lu}", "X"), (r"\p{Ll}", "x"), (r"\p{Nd}", "d"), (r"(.)\1{4,}", "$1$1$1$1"):
            word = F.regexp_replace(word, kind, letter)
        return word

    shapes = F.transform(
        "embeddings",
        lambda seen: seen.withField(
            "metadata",
            F.transform_values(
                seen["metadata"], lambda key, value: F.when(key == "token", shape(value)).otherwise(value)
            ),
        ),
    )
    return read.withColumn(
        "embeddings", shapes.alias("embeddings", metadata=read.schema["embeddings"].metadata)
    )


def _chunks(folder: Path, texts: DataFrame, *keys: str) -> DataFrame:
    """`texts` (keys, text) → keys, what the pipeline knows and what it finds, places as Java counts them."""
    reader, recogniser = (_loaded(str(folder / part), session()) for part in _PARTS)
    read = _shapes(reader.transform(texts))
    known = [f"known_{category}" for category in CATEGORIES.values() if f"known_{category}" in read.columns]

    def places(chunks: Column) -> Column:
        return F.transform(
            chunks,
            lambda one: F.struct(
                one["begin"].alias("begin"),
                (one["end"] + 1).alias("end"),
                one["metadata"]["entity"].alias("category"),
            ),
        )

    return recogniser.transform(read).select(
        *keys,
        places(F.concat(*known)).cast(_CHUNKS).alias("known"),
        places(F.col("chunk")).cast(_CHUNKS).alias("chunks"),
    )


@lru_cache(maxsize=16)
def _loaded(folder: str, spark: SparkSession) -> PipelineModel:
    """A pipeline of a folder, once a session."""
    return PipelineModel.load(Path(folder).absolute().as_uri())


def _spans(text: str, known: Iterable[Any], found: Iterable[Any]) -> list[Span]:
    """The known ones, longer before shorter, and those of the found ones that leave them alone.

    Java counts UTF-16 units, of which a character beyond U+FFFF has two; a Span counts characters.
    """
    units = _units(text)
    plain = len(units) == 2 * len(text)

    def place(at: int) -> int:
        return at if plain else len(units[: 2 * at].decode("utf-16-le", "surrogatepass"))

    kept: list[Span] = []
    taken = bytearray(len(text))
    for one in (*sorted(known, key=lambda one: (one["begin"] - one["end"], one["begin"])), *found):
        span = Span(place(one["begin"]), place(one["end"]), one["category"])
        if not any(taken[span.start : span.end]):
            taken[span.start : span.end] = b"\1" * (span.end - span.start)
            kept.append(span)
    return sorted(kept)


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")
