"""The trained engines, compared with their models alone: `python -m tests.bench.bench_names [texts]`.

- spaCy: `annotate`, compared with `nlp.pipe(n_process=2)`. Spark and its workers run already; the time of the
  two plain processes includes their start.
- Spark NLP: `annotate`, compared with the `transform` of the same pipelines.

Both read 5,000 distinct texts several times, alternating, and ten times as many once. The models are trained
here for one epoch on a thousand designs; their quality does not matter. The last line states how much time is
saved by reading each distinct description of the Corpus Nummorum coins once. Target ratio: 0.9.
"""

from __future__ import annotations

import csv
import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import spacy
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Recogniser, load
from coinspark.entities.engines import spacy_engine, sparknlp_engine
from coinspark.entities.engines.engine import TrainingData, trained_engine
from coinspark.entities.lexicon import automaton, lists
from coinspark.entities.lexicon import forms as lexicon_forms
from coinspark.entities.lexicon.forms import Form
from coinspark.entities.ner import annotated, augment, recognisers
from coinspark.entities.ner.annotated import AnnotatedText
from coinspark.warehouse.files import Location
from coinspark.warehouse.session import start
from tests.bench import REAL
from tests.entities import synthetic_names

COUNT, RUNS, TARGET = 5_000, 3, 0.9
SETTINGS = (
    "spark.master='local[2]'",
    "spark.driver_memory=6g",
    "entities.lists=lists",
    "entities.engines=[spacy,sparknlp]",
)

Plain = Callable[[Path, DataFrame, list[str]], object]
"""Reads the texts with the model of a folder, without the engine's own `annotate`."""


def main(count: int = COUNT) -> None:
    """Print one line per measurement, and the ratios last."""
    designs, forms = _designs()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        spark = start(load([], [f"warehouse={folder}", *SETTINGS]))
        few, many = _texts(designs, count), _texts(designs, 10 * count)
        results = []
        for engine, plain in (("spacy", _plain_spacy), ("sparknlp", _plain_sparknlp)):
            model = folder / engine
            data = TrainingData(designs[:1000], "en", Recogniser(epochs=1), 1)
            trained_engine(engine).train(data, Location.of(model), lambda line: None)
            frame = _frame(spark, few)
            ratios = [_ratio(engine, model, forms, frame, few, plain) for _ in range(RUNS)]
            larger = _ratio(engine, model, forms, _frame(spark, many), many, plain)
            results.append(
                f"{engine} {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
                f"{10 * count:,} texts {larger:.2f}"
            )
        saving = _saving(spark, folder / "spacy", forms)
        spark.stop()
    print(f"names, {count:,} distinct texts: {'; '.join(results)}; target {TARGET} each{saving}")


def _ratio(
    engine: str, model: Path, forms: tuple[Form, ...], frame: DataFrame, texts: list[str], plain: Plain
) -> float:
    """Time of `plain` over time of the engine."""
    annotate, models = trained_engine(engine).annotate, {"en": Location.of(model)}
    _run(annotate(frame.limit(200), models, forms))  # start the workers, load the model
    on_spark = _seconds(lambda: _run(annotate(frame, models, forms)))
    without = _seconds(lambda: plain(model, frame, texts))
    print(
        f"  {engine:8} {len(texts):6,} texts: on Spark {len(texts) / on_spark:7,.0f} texts/s, "
        f"plain {len(texts) / without:7,.0f} texts/s, ratio {without / on_spark:.2f}",
        flush=True,
    )
    return without / on_spark


def _plain_spacy(model: Path, frame: DataFrame, texts: list[str]) -> object:
    return [
        [(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents]
        for doc in spacy.load(model).pipe(texts, batch_size=256, n_process=2)
    ]


def _plain_sparknlp(model: Path, frame: DataFrame, texts: list[str]) -> object:
    return _run(sparknlp_engine.transform(model, frame, "text_id"))


def _saving(spark: SparkSession, model: Path, forms: tuple[Form, ...]) -> str:
    """Time for the distinct descriptions of the Corpus Nummorum coins, relative to all descriptions."""
    file = REAL / "corpus_nummorum" / "coins.csv"
    if not file.is_file():
        return ""
    with file.open(encoding="utf-8", newline="") as lines:
        descriptions = [
            text
            for row in csv.DictReader(lines)
            for column, text in row.items()
            if column.endswith("_description") and text
        ]
    distinct = list(dict.fromkeys(descriptions))
    models = {"en": Location.of(model)}
    all_time, distinct_time = (
        _seconds(lambda texts=texts: _run(spacy_engine.annotate(_frame(spark, texts), models, forms)))
        for texts in (descriptions, distinct)
    )
    print(
        f"  {len(descriptions):,} descriptions {all_time:.1f} s, "
        f"{len(distinct):,} distinct ones {distinct_time:.1f} s"
    )
    return f"; distinct texts take {distinct_time / all_time:.2f} of the time of all {len(descriptions):,}"


def _designs() -> tuple[tuple[AnnotatedText, ...], tuple[Form, ...]]:
    if not (REAL / "designs").is_dir():
        return synthetic_names.designs(), synthetic_names.FORMS
    forms = lexicon_forms.resolve(lists.read(REAL / "designs"))[0]
    folder = REAL / "designs"
    config = load([], [f"entities.lists={folder}", f"entities.recogniser.designs={folder / 'designs.csv'}"])
    texts = recognisers.training_texts(config, ())
    return annotated.annotate_texts(texts["en"], "en", automaton.compile_forms(forms)), forms


def _texts(designs: tuple[AnnotatedText, ...], count: int) -> list[str]:
    """`count` distinct texts: the designs, then the designs with other names."""
    rng = random.Random(1)
    replacement = augment.Replacement(augment.name_pool(designs), "en", 0.5, 0.3)
    texts = dict.fromkeys(text.text for text in designs)
    while len(texts) < count:
        texts |= dict.fromkeys(augment.replace_mentions(text, replacement, rng).text for text in designs)
    return list(texts)[:count]


def _frame(spark: SparkSession, texts: list[str]) -> DataFrame:
    rows = [
        (f"{hashlib.sha256(text.encode()).hexdigest()[:12]}{number}", "en", text)
        for number, text in enumerate(texts)
    ]
    frame = spark.createDataFrame(rows, "text_id string, language string, text string").repartition(4).cache()
    frame.count()
    return frame


def _run(frame: DataFrame) -> None:
    frame.write.format("noop").mode("overwrite").save()


def _seconds(work: Callable[[], object]) -> float:
    start_time = time.perf_counter()
    work()
    return time.perf_counter() - start_time


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
