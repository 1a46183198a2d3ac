"""The entities stage on distinct designs against one compiled alternation of the same forms in a bare loop.

    python -m tests.bench.bench_entities [runs]        (COINSPARK_REAL_DATA names the folder of the real designs)

Without the real designs it takes synthetic texts. Spark is up and its Python workers are warm; wanted is a ratio of 0.7.
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

from coinspark.config import load
from coinspark.entities.engines import lexicon_engine
from coinspark.entities.lexicon import lists
from coinspark.warehouse.session import start
from tests.bench import REAL


def main(runs: int = 3) -> float:
    """Print both times and their ratio (bare loop over stage, with its spread), and give the median ratio."""
    texts, forms = _real() or _synthetic()
    with tempfile.TemporaryDirectory() as place:
        spark = start(load([], [f"warehouse={place}"]))
        rows = [(hashlib.sha256(text.encode()).hexdigest()[:16], "en", text) for text in texts]
        frame = (
            spark.createDataFrame(rows, "text_id string, language string, text string").repartition(1).cache()
        )
        frame.count()
        pattern = _alternation(forms)
        _stage(lexicon_engine.annotate(frame, forms).write.format("noop").mode("overwrite").save)
        ratios = []
        for _ in range(runs):
            stage = _stage(lexicon_engine.annotate(frame, forms).write.format("noop").mode("overwrite").save)
            bare = _stage(lambda: [[(m.span(), m.group()) for m in pattern.finditer(text)] for text in texts])
            ratios.append(bare / stage)
            print(f"stage {stage:6.2f} s   alternation {bare:6.2f} s   ratio {bare / stage:5.2f}")
        spark.stop()
    print(
        f"entities: {len(texts):,} designs, {len(forms):,} forms: ratio {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}, {runs} runs; wanted 0.70)"
    )
    return statistics.median(ratios)


def _stage(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _alternation(forms: tuple[lists.Form, ...]) -> re.Pattern[str]:
    longest = sorted({one.form for one in forms if one.language == "en"}, key=lambda form: (-len(form), form))
    return re.compile(r"\b(?:" + "|".join(map(re.escape, longest)) + r")\b", re.IGNORECASE)


def _real() -> tuple[list[str], tuple[lists.Form, ...]] | None:
    place = REAL / "designs"
    if not place.is_dir():
        return None
    with (place / "designs.csv").open(encoding="utf-8", newline="") as lines:
        texts = [row["text_en"] or row["text_de"] for row in csv.DictReader(lines)]
    return texts, lists.resolve(lists.read(place))[0]


def _synthetic() -> tuple[list[str], tuple[lists.Form, ...]]:
    names = [
        f"{a}{b}{c}"
        for a in "bdfgklmnprst"
        for b in ("ara", "elo", "imi", "oru")
        for c in ("s", "n", "ta", "ion", "us", "x")
    ]
    forms = tuple(
        lists.Form("en", f"{one} {two}" if n % 5 == 0 else one, False, one, "OBJECT", None)
        for n, (one, two) in enumerate(zip(names * 8, names[7:] * 8, strict=False))
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
