"""The trained engines on Spark against the same models without our stage: `python -m tests.bench.bench_names [texts]`.

spaCy: `annotate` against `nlp.pipe(n_process=2)`, Spark and its workers up, the two bare processes started within their time,
as their user would start them. Spark NLP: `annotate` against the pipeline's own `transform`. Both on 5,000 distinct texts,
alternating, and once on ten times as many. The models are trained here, on a thousand designs in one pass: how well they find
is not asked. Last: what it saves to read each distinct text of the Corpus's coins once. Wanted: 0.9 each.
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
from coinspark.entities.engines import registry, spacy_engine, sparknlp_engine
from coinspark.entities.lexicon import automaton, lists
from coinspark.entities.lexicon.lists import Form
from coinspark.entities.ner import annotated, augment, recognisers
from coinspark.entities.ner.annotated import Marked
from coinspark.warehouse.session import start
from tests.bench import REAL
from tests.entities import synthetic_names

COUNT, RUNS, WANTED = 5_000, 3, 0.9


def main(count: int = COUNT) -> None:
    """Print a line a measurement, and the ratios last."""
    known, forms = _designs()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        spark = start(
            load(
                [],
                [
                    f"warehouse={place}",
                    "spark.master='local[2]'",
                    "spark.driver_memory=6g",
                    "entities.engines=[spacy,sparknlp]",
                ],
            )
        )
        few, many = _texts(known, count), _texts(known, 10 * count)
        said = []
        for engine, bare in (("spacy", _bare_spacy), ("sparknlp", _bare_sparknlp)):
            folder = place / engine
            registry.trained(engine).train(
                known[:1000], "en", Recogniser(passes=1), 1, folder, lambda line: None
            )
            ratios = [_pair(spark, engine, folder, forms, few, bare) for _ in range(RUNS)]
            more = _pair(spark, engine, folder, forms, many, bare)
            said.append(
                f"{engine} {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
                f"{10 * count:,} texts {more:.2f}"
            )
        saving = _saving(spark, place / "spacy", forms)
        spark.stop()
    print(f"names, {count:,} distinct texts: {'; '.join(said)}; wanted {WANTED} each{saving}")


def _pair(
    spark: SparkSession,
    engine: str,
    folder: Path,
    forms: tuple[Form, ...],
    texts: list[str],
    bare: Callable[[Path, DataFrame, list[str]], object],
) -> float:
    frame = _frame(spark, texts)
    stage = registry.trained(engine).annotate
    _seconds(lambda: _run(stage(frame.limit(200), {"en": str(folder)}, forms)))  # workers up, model loaded
    ours = _seconds(lambda: _run(stage(frame, {"en": str(folder)}, forms)))
    theirs = _seconds(lambda: bare(folder, frame, texts))
    print(
        f"  {engine:8} {len(texts):6,} texts: on Spark {len(texts) / ours:7,.0f} texts/s, bare {len(texts) / theirs:7,.0f} "
        f"texts/s, ratio {theirs / ours:.2f}",
        flush=True,
    )
    return theirs / ours


def _bare_spacy(folder: Path, frame: DataFrame, texts: list[str]) -> object:
    return [
        [(one.start_char, one.end_char, one.label_) for one in doc.ents]
        for doc in spacy.load(folder).pipe(texts, batch_size=256, n_process=2)
    ]


def _bare_sparknlp(folder: Path, frame: DataFrame, texts: list[str]) -> object:
    return _run(sparknlp_engine._chunks(folder, frame, "text_id"))


def _saving(spark: SparkSession, folder: Path, forms: tuple[Form, ...]) -> str:
    """Seconds over every description of the Corpus's coins, and over each distinct one once."""
    file = REAL / "corpus_nummorum" / "coins.csv"
    if not file.is_file():
        return ""
    with file.open(encoding="utf-8", newline="") as lines:
        every = [
            text
            for row in csv.DictReader(lines)
            for name, text in row.items()
            if name.endswith("_description") and text
        ]
    distinct = list(dict.fromkeys(every))
    took = [
        _seconds(
            lambda texts=texts: _run(spacy_engine.annotate(_frame(spark, texts), {"en": str(folder)}, forms))
        )
        for texts in (every, distinct)
    ]
    print(f"  {len(every):,} descriptions {took[0]:.1f} s, {len(distinct):,} distinct ones {took[1]:.1f} s")
    return f"; distinct texts take {took[1] / took[0]:.2f} of the time of all {len(every):,}"


def _designs() -> tuple[tuple[Marked, ...], tuple[Form, ...]]:
    if not (REAL / "designs").is_dir():
        return synthetic_names.designs(), synthetic_names.FORMS
    forms = lists.resolve(lists.read(REAL / "designs"))[0]
    texts = recognisers.designs(
        load([], [f"entities.recogniser.designs={REAL / 'designs' / 'designs.csv'}"]), ()
    )
    return annotated.mark(texts["en"], "en", automaton.compile_forms(forms)), forms


def _texts(known: tuple[Marked, ...], count: int) -> list[str]:
    """So many distinct texts: the designs, then the same with other names in them."""
    draw = random.Random(1)
    mask = augment.Mask(augment.pool(known), "en", 0.5, 0.3)
    found = dict.fromkeys(one.text for one in known)
    while len(found) < count:
        found |= dict.fromkeys(augment.disguise(one, mask, draw).text for one in known)
    return list(found)[:count]


def _frame(spark: SparkSession, texts: list[str]) -> DataFrame:
    rows = [
        (f"{hashlib.sha256(text.encode()).hexdigest()[:12]}{n}", "en", text) for n, text in enumerate(texts)
    ]
    frame = spark.createDataFrame(rows, "text_id string, language string, text string").repartition(4).cache()
    frame.count()
    return frame


def _run(frame: DataFrame) -> None:
    frame.write.format("noop").mode("overwrite").save()


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
