"""The Spark NLP engine: one Spark ML pipeline per language, trained on the texts that the lexicon annotated.

As in the spaCy engine, a list matches the unambiguous names of the training texts (TextMatcher), and a
network finds other names: NerDL, two LSTMs and a conditional random field over word vectors
(`ner/word_vectors.py`) and word shapes. It runs on the Java side, without Python workers.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from py4j.java_gateway import JavaPackage
from pyspark.ml import Pipeline, PipelineModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.core.errors import ConfigError
from coinspark.entities import frames
from coinspark.entities.engines import sparknlp_pipeline as parts
from coinspark.entities.engines.engine import Models, TrainedEngine, TrainingData
from coinspark.entities.lexicon.forms import Form
from coinspark.entities.ner import augment, unverified, word_vectors
from coinspark.entities.ner.annotated import AnnotatedText, Span
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import ENTITIES

NAME = "sparknlp"
_VECTOR_SIZES = (100, 128, 256, 300, 384, 512, 768, 1024)  # for which Spark NLP ships a TensorFlow graph
_BATCH, _LEARNING_RATE, _DROPOUT = 32, 2e-3, 0.5
_MAX_VARIANTS = 4  # augmented copies of each text; all are in memory at once, so further epochs repeat them
_PIPELINES = "reader", "recogniser"  # folders; words are replaced by shapes between the two


def train(data: TrainingData, folder: Location, say: Callable[[str], None]) -> None:
    """Train the pipelines and write them to `folder`.

    TensorFlow's threads sum in any order, so that two trainings differ in the last digits.
    """
    spark = spark_session()
    say(f"entities  Spark NLP, {data.language}: {data.settings.epochs} epochs of {len(data.texts):,} texts")
    texts = sorted(data.texts, key=lambda text: text.text)
    variants, known_words = _augmented_texts(texts, data)
    with tempfile.TemporaryDirectory() as temporary:
        files = Path(temporary)
        vectors = _word_vectors(spark, texts, data, known_words)
        stages = [
            *parts.tokenizer_stages(),
            parts.embeddings_stage(vectors, files / "vectors.txt"),
            *parts.matcher_stages(spark, texts, files),
        ]
        reader = Pipeline(stages=stages).fit(parts.text_frame(spark, texts[:1]))
        tokens = parts.with_shapes(reader.transform(parts.text_frame(spark, variants)))
        recogniser = _fit_recogniser(parts.with_labels(tokens), data)
        for name, pipeline in zip(_PIPELINES, (reader, recogniser), strict=True):
            pipeline.write().overwrite().save((folder / name).uri)
    unverified.write_phrases(texts, folder)


def find(folder: Location, texts: Sequence[str]) -> list[list[Span]]:
    """Spans that the pipelines of this folder find in each text."""
    frame = local_frame(spark_session(), list(enumerate(texts)), "number int, text string")
    spans: list[list[Span]] = [[] for _ in texts]
    for row in transform(folder, frame, "number").collect():
        number = row["number"]
        spans[number] = parts.merge_chunks(texts[number], row["known"], row["predicted"])
    return spans


def annotate(texts: DataFrame, models: Models, forms: tuple[Form, ...]) -> DataFrame:
    """ENTITIES rows of the texts (see `Engine`)."""
    keys = ("text_id", "language", "text")
    no_chunks = F.lit(None).cast(parts.CHUNKS)
    chunks = texts.select(*keys, no_chunks.alias("known"), no_chunks.alias("predicted")).where("false")
    spread = texts.repartition(texts.sparkSession.sparkContext.defaultParallelism * 2)
    for language, folder in sorted(models.items()):
        own = spread.where(F.col("language") == language)
        chunks = chunks.unionByName(transform(folder, own, *keys))

    def merge_batches(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            columns = batch["text"], batch["known"], batch["predicted"]
            spans = [parts.merge_chunks(*row) for row in zip(*columns, strict=True)]
            yield frames.entity_rows(NAME, batch, spans, forms, models)

    return chunks.mapInPandas(merge_batches, ENTITIES.ddl)


def transform(folder: Location, texts: DataFrame, *keys: str) -> DataFrame:
    """Run the pipelines of a folder.

    Args:
        folder: Folder of the pipelines.
        texts: A frame with the column text and the keys.
        keys: Columns to keep.

    Returns:
        The keys, and CHUNKS columns `known` (matchers) and `predicted` (network).
    """
    reader, recogniser = (_load((folder / name).uri, spark_session()) for name in _PIPELINES)
    tokens = parts.with_shapes(reader.transform(texts))
    return recogniser.transform(tokens).select(
        *keys,
        parts.known_chunks(tokens).alias("known"),
        parts.chunk_offsets(F.col("chunk")).alias("predicted"),
    )


def spark_session() -> SparkSession:
    """The active session. Raises ConfigError if it was started without Spark NLP's jars."""
    spark = SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
    jvm: Any = spark.sparkContext._jvm
    if isinstance(jvm.com.johnsnowlabs.nlp.DocumentAssembler, JavaPackage):  # py4j: no such class
        raise ConfigError(
            "entities.engines: sparknlp needs Spark NLP's jars, which this Spark session does not have; "
            "`make setup` fetches them, spark.sparknlp_jars names another folder, spark-submit needs "
            "--driver-class-path 'FOLDER/*' (local master) or --jars (cluster)"
        )
    return spark


@lru_cache(maxsize=16)
def _load(uri: str, spark: SparkSession) -> PipelineModel:
    """A stored pipeline, loaded once per session."""
    return PipelineModel.load(uri)


def _augmented_texts(
    texts: Sequence[AnnotatedText], data: TrainingData
) -> tuple[list[AnnotatedText], dict[str, str]]:
    """The training texts in order, and for each invented word a known word whose vector it borrows."""
    rng = random.Random(data.seed)  # noqa: S311 - must be repeatable
    known_words: dict[str, str] = {}

    def remember(invented: str, known: str) -> None:
        known_words.setdefault(invented, known)

    replacement = augment.Replacement(
        augment.name_pool(texts),
        data.language,
        data.settings.replace_share,
        data.settings.invent_share,
        remember,
    )
    variants = [
        augment.replace_mentions(text, replacement, rng)
        for _ in range(min(data.settings.epochs, _MAX_VARIANTS))
        for text in rng.sample(texts, len(texts))
    ]
    return variants, known_words


def _word_vectors(
    spark: SparkSession, texts: Sequence[AnnotatedText], data: TrainingData, known_words: dict[str, str]
) -> word_vectors.WordVectors:
    """Lower-case word → vector, padded with zeros to a size that Spark NLP has a graph for.

    An invented word gets a vector near that of its known word.
    """
    settings = data.settings
    size = next(size for size in _VECTOR_SIZES if size >= settings.vector_size)
    all_texts = sorted({*data.unannotated, *(text.text for text in texts)})
    words = [[word.lower() for word in tokens] for tokens in parts.tokenize(spark, all_texts)]
    vectors = word_vectors.fit(words, settings.vector_size, data.seed) if settings.vector_size else {}
    rng = np.random.default_rng(data.seed)
    for invented, known in known_words.items():
        if invented.lower() not in vectors and (vector := vectors.get(known.lower())) is not None:
            vectors[invented.lower()] = word_vectors.with_noise(vector, settings.vector_noise, rng)
    padded = {word: np.pad(vector, (0, size - len(vector))) for word, vector in vectors.items()}
    return padded or {"": np.zeros(size, np.float32)}


def _fit_recogniser(tokens: DataFrame, data: TrainingData) -> PipelineModel:
    """NerDL, trained on labelled tokens, and the conversion of its tags to chunks."""
    from sparknlp.annotator import NerConverter, NerDLApproach

    network = (
        NerDLApproach()
        .setInputCols(["document", "token", "embeddings"])
        .setLabelColumn("label")
        .setOutputCol("ner")
        .setMaxEpochs(-(-data.settings.epochs // _MAX_VARIANTS))
        .setLr(_LEARNING_RATE)
        .setPo(0.0)
        .setBatchSize(_BATCH)
        .setDropout(_DROPOUT)
        .setRandomSeed(data.seed % 2**31)
        .setVerbose(4)
        .setEnableOutputLogs(False)
    ).fit(tokens)
    converter = NerConverter().setInputCols(["document", "token", "ner"]).setOutputCol("chunk")
    return PipelineModel(stages=[network, *Pipeline(stages=[converter]).fit(tokens).stages])


ENGINE = TrainedEngine(annotate, train, find, needs_spark=True)
