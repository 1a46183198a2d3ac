"""The lexicon engine on distinct designs: `python -m tests.bench.bench_entities [runs]`.

It is compared with one compiled regular expression of the same forms in a plain loop. The designs are those
of COINSPARK_REAL_DATA, otherwise synthetic texts. Spark runs and its Python workers are warm. Target
ratio: 0.7.
"""

from __future__ import annotations

import csv
import hashlib
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

from pyspark.sql import DataFrame

from coinspark.config import load
from coinspark.entities.engines import lexicon_engine
from coinspark.entities.lexicon import forms as lexicon_forms
from coinspark.entities.lexicon import lists
from coinspark.entities.lexicon.forms import Form
from coinspark.warehouse.session import start
from tests.bench import REAL


def main(runs: int = 3) -> float:
    """Print both times and their ratio (plain loop over engine), and return the median ratio."""
    texts, forms = _real() or _synthetic()
    with tempfile.TemporaryDirectory() as folder:
        spark = start(load([], [f"warehouse={folder}"]))
        rows = [(hashlib.sha256(text.encode()).hexdigest()[:16], "en", text) for text in texts]
        schema = "text_id string, language string, text string"
        frame = spark.createDataFrame(rows, schema).repartition(1).cache()
        frame.count()
        pattern = _alternation(forms)
        _annotate(frame, forms)  # warm up
        ratios = []
        for _ in range(runs):
            engine = _seconds(lambda: _annotate(frame, forms))
            plain = _seconds(
                lambda: [
                    [(match.span(), match.group()) for match in pattern.finditer(text)] for text in texts
                ]
            )
            ratios.append(plain / engine)
            print(f"engine {engine:6.2f} s   regular expression {plain:6.2f} s   ratio {plain / engine:5.2f}")
        spark.stop()
    print(
        f"entities: {len(texts):,} designs, {len(forms):,} forms: ratio {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}, {runs} runs; target 0.70)"
    )
    return statistics.median(ratios)


def _annotate(frame: DataFrame, forms: tuple[Form, ...]) -> None:
    lexicon_engine.annotate(frame, {}, forms).write.format("noop").mode("overwrite").save()


def _seconds(work: Callable[[], object]) -> float:
    start_time = time.perf_counter()
    work()
    return time.perf_counter() - start_time


def _alternation(forms: tuple[Form, ...]) -> re.Pattern[str]:
    texts = {form.form for form in forms if form.language == "en"}
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    return re.compile(r"\b(?:" + "|".join(map(re.escape, longest_first)) + r")\b", re.IGNORECASE)


def _real() -> tuple[list[str], tuple[Form, ...]] | None:
    folder = REAL / "designs"
    if not folder.is_dir():
        return None
    with (folder / "designs.csv").open(encoding="utf-8", newline="") as lines:
        texts = [row["text_en"] or row["text_de"] for row in csv.DictReader(lines)]
    return texts, lexicon_forms.resolve(lists.read(folder))[0]


def _synthetic() -> tuple[list[str], tuple[Form, ...]]:
    names = [
        f"{a}{b}{c}"
        for a in "bdfgklmnprst"
        for b in ("ara", "elo", "imi", "oru")
        for c in ("s", "n", "ta", "ion", "us", "x")
    ]
    forms = tuple(
        Form("en", f"{first} {second}" if n % 5 == 0 else first, False, first, "OBJECT", None)
        for n, (first, second) in enumerate(zip(names * 8, names[7:] * 8, strict=False))
    )
    texts = [
        " ".join(
            names[(n * k) % len(names)] + (" standing left," if k % 3 else " of the") for k in range(1, 12)
        )
        for n in range(15_472)
    ]
    return texts, tuple(dict.fromkeys(forms))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
