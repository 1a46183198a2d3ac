"""Parts of the Spark NLP pipeline: tokens, word vectors, word shapes, name matchers, and character offsets.

Offsets on the Java side count UTF-16 units; a character above U+FFFF has two of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pyspark.ml import Pipeline
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.core.hashing import file_hash
from coinspark.entities.lexicon.lists import CATEGORIES
from coinspark.entities.ner.annotated import AnnotatedText, Span, unambiguous_forms
from coinspark.entities.ner.word_vectors import WordVectors
from coinspark.warehouse.local_frame import local_frame

CHUNKS = "array<struct<begin:int,end:int,category:string>>"
_NON_WORD = (
    r"(?<=[^\p{L}\p{M}\p{N}_])|(?=[^\p{L}\p{M}\p{N}_])"  # before and after each character outside words
)
_TEXT_SCHEMA = "text string, mentions array<struct<start:int,end:int,category:string>>"
_LABELS = """transform(token, t -> named_struct(
    'annotatorType', 'named_entity', 'begin', t.begin, 'end', t.end,
    'result', coalesce(get(transform(filter(mentions, m -> m.start <= t.begin and t.end < m.end),
                                     m -> concat(if(m.start = t.begin, 'B-', 'I-'), m.category)), 0), 'O'),
    'metadata', map('word', t.result), 'embeddings', cast(array() as array<float>)))"""


def text_frame(spark: SparkSession, texts: Sequence[AnnotatedText]) -> DataFrame:
    """(text, mentions), with offsets in UTF-16 units."""
    rows = [
        (
            text.text,
            [
                (
                    _utf16_length(text.text[: mention.start]),
                    _utf16_length(text.text[: mention.end]),
                    mention.category,
                )
                for mention in text.mentions
            ],
        )
        for text in texts
    ]
    return local_frame(spark, rows, _TEXT_SCHEMA)


def tokenizer_stages() -> list[Any]:
    """Text → document → tokens: words as the lexicon delimits them, and every other character by itself.

    Spark NLP's default tokens include `corn-ears` and `lion's`, inside which no name can be found.
    """
    from sparknlp.annotator import Tokenizer
    from sparknlp.base import DocumentAssembler

    return [
        DocumentAssembler().setInputCol("text").setOutputCol("document").setCleanupMode("disabled"),
        Tokenizer().setSplitPattern(_NON_WORD).setInputCols(["document"]).setOutputCol("token"),
    ]


def tokenize(spark: SparkSession, texts: Sequence[str]) -> list[list[str]]:
    """Tokens of each text."""
    tokenizer = Pipeline(stages=tokenizer_stages()).fit(text_frame(spark, []))
    frame = text_frame(spark, [AnnotatedText(text, ()) for text in texts])
    return [row["result"] for row in tokenizer.transform(frame).select("token.result").collect()]


def embeddings_stage(vectors: WordVectors, file: Path) -> Any:
    """Annotator that looks up word vectors, ignoring case; `file` is written for Spark NLP to read."""
    from sparknlp.annotator import WordEmbeddings

    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(
            f"{word} {' '.join(f'{number:.6g}' for number in vector)}\n" for word, vector in vectors.items()
        )
    # Spark NLP caches vectors by their reference, so different vectors need different references.
    return (
        WordEmbeddings()
        .setInputCols(["document", "token"])
        .setOutputCol("embeddings")
        .setCaseSensitive(False)
        .setStoragePath(str(file), "TEXT")
        .setDimension(len(next(iter(vectors.values()))))
        .setStorageRef(file_hash(file)[:16])
    )


def matcher_stages(spark: SparkSession, texts: Sequence[AnnotatedText], folder: Path) -> list[Any]:
    """One matcher per category for the unambiguous names of the texts; its file is written to `folder`."""
    from sparknlp.annotator import TextMatcher

    categories = unambiguous_forms(texts)
    forms: dict[str, list[str]] = defaultdict(list)
    for category, tokens in zip(categories.values(), tokenize(spark, list(categories)), strict=True):
        forms[category].append(" ".join(tokens))
    matchers = []
    for category, lines in forms.items():
        file = folder / f"{category}.txt"
        file.write_text("\n".join(lines), encoding="utf-8")
        matchers.append(
            TextMatcher()
            .setInputCols(["document", "token"])
            .setOutputCol(_matcher_column(category))
            .setEntities(str(file))
            .setEntityValue(category)
            .setCaseSensitive(True)
        )
    return matchers


def _matcher_column(category: str) -> str:
    return f"known_{category}"


def with_labels(frame: DataFrame) -> DataFrame:
    """Add the column `label`: a B-, I- or O tag for each token, from the mentions."""
    return frame.withColumn(
        "label", F.expr(_LABELS).alias("label", metadata={"annotatorType": "named_entity"})
    )


def with_shapes(frame: DataFrame) -> DataFrame:
    """Replace the words beside their vectors by word shapes: `Xxxxx` for Athena, `xxx` for owl.

    NerDL reads the letters of these words; shapes keep it from memorising names.
    """

    def shape(word: Column) -> Column:
        for kind, letter in (r"\p{Lu}", "X"), (r"\p{Ll}", "x"), (r"\p{Nd}", "d"), (r"(.)\1{4,}", "$1$1$1$1"):
            word = F.regexp_replace(word, kind, letter)
        return word

    def with_shape(embedding: Column) -> Column:
        metadata = F.transform_values(
            embedding["metadata"], lambda key, value: F.when(key == "token", shape(value)).otherwise(value)
        )
        return embedding.withField("metadata", metadata)

    column = F.transform("embeddings", with_shape)
    return frame.withColumn(
        "embeddings", column.alias("embeddings", metadata=frame.schema["embeddings"].metadata)
    )


def known_chunks(frame: DataFrame) -> Column:
    """CHUNKS of all matchers."""
    columns = [_matcher_column(category) for category in CATEGORIES.values()]
    return chunk_offsets(F.concat(*(column for column in columns if column in frame.columns)))


def chunk_offsets(chunks: Column) -> Column:
    """CHUNKS of a column of Spark NLP annotations: begin, end (exclusive, in UTF-16 units) and category."""
    return F.transform(
        chunks,
        lambda chunk: F.struct(
            chunk["begin"].alias("begin"),
            (chunk["end"] + 1).alias("end"),
            chunk["metadata"]["entity"].alias("category"),
        ),
    ).cast(CHUNKS)


def merge_chunks(text: str, known: Iterable[Any], predicted: Iterable[Any]) -> list[Span]:
    """Non-overlapping spans: known names first, longer ones before shorter, then the predicted ones.

    Args:
        text: The text.
        known: Chunks of the matchers: begin and end in UTF-16 units, category.
        predicted: Chunks of the recogniser.
    """
    encoded = text.encode("utf-16-le", "surrogatepass")
    has_surrogates = len(encoded) != 2 * len(text)

    def character(unit: int) -> int:
        """Offset in characters of an offset in UTF-16 units."""
        return len(encoded[: 2 * unit].decode("utf-16-le", "surrogatepass")) if has_surrogates else unit

    longest_first = sorted(known, key=lambda chunk: (chunk["begin"] - chunk["end"], chunk["begin"]))
    spans: list[Span] = []
    taken = bytearray(len(text))
    for chunk in (*longest_first, *predicted):
        span = Span(character(chunk["begin"]), character(chunk["end"]), chunk["category"])
        if not any(taken[span.start : span.end]):
            taken[span.start : span.end] = b"\1" * (span.end - span.start)
            spans.append(span)
    return sorted(spans)


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
