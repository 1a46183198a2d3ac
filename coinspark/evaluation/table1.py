"""The paper's Table 1 for any collection: its columns, and those it lacked, as text, CSV and JSON.

The paper gives top-1 and top-5 at the level of whatever classes a row was trained on, so that its rows cannot be
compared. Here every row also says what it comes to when classes are rolled up to their mints, how far that is from the
plain mint model, with a 95 % interval, and on how many coins it was tested.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from coinspark.classes.kinds import KINDS, LayerKind
from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.core.formatting import format_rows
from coinspark.evaluation.metrics import BASELINES, LEVELS, Key, baseline

ARCHITECTURES = {"vgg16": "VGG16", "hog-svm": "HOG + linear SVM", "majority": "Biggest mint"}


@dataclass(frozen=True)
class Score:
    """A share between 0 and 1, or a difference of two, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """A row of the table: one layer and model. `scores` by (level, metric), `counts` classes by split mint."""

    key: Key
    architecture: str
    class_type: str
    additional: str
    classes: int
    counts: Mapping[str, int]
    scores: Mapping[tuple[str, str], Score]
    difference: Score | None
    coins: int

    @property
    def is_layer(self) -> bool:
        """Whether this is a trained network with an additional class layer: what the comparison is about."""
        return self.additional != "None" and self.key[1] not in BASELINES


@dataclass(frozen=True)
class Comparison:
    """The whole table: its lines, the mints that layers split, biggest first, the `top` of top-k, and the baseline."""

    lines: tuple[Line, ...]
    mints: tuple[str, ...]
    top: int
    base: Key | None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics in the order in which they are printed."""
        return ("top1", f"top{self.top}", "macro_recall") if self.top > 1 else ("top1", "macro_recall")


def compare(tables: Callable[[str], DataFrame], config: Config) -> Comparison:
    """The comparison of the tables `metrics` and `splits`. Raises InputError before anything was evaluated."""
    rows = tables("metrics").collect()
    if not rows:
        raise InputError(
            "table1: nothing has been evaluated yet; run `coinspark nightly` (or `coinspark evaluate`)"
        )
    sizes = (
        tables("splits")
        .groupBy("layer", "mint", "class")
        .agg(F.countDistinct("coin_id").alias("n"))
        .collect()
    )
    return comparison(rows, sizes, config)


def comparison(metrics: Sequence[Row], sizes: Sequence[Row], config: Config) -> Comparison:
    """As `compare`, of collected rows: METRICS, and [layer, mint, class, n]."""
    kinds = {layer.name: KINDS[layer.kind] for layer in config.layers}
    by_type = {name for name, kind in kinds.items() if kind.by_type}
    order = {layer.name: i for i, layer in enumerate(config.layers)}
    keys = {(row["layer"], row["model"]) for row in metrics}
    base = baseline(config, sorted(keys))
    split = _split_mints([row for row in sizes if row["layer"] not in by_type])
    ranked = sorted(
        keys,
        key=lambda key: (
            key[1] in BASELINES,
            key[1] == "majority",
            key[0] not in by_type,
            key != base,
            order.get(key[0], 99),
            key,
        ),
    )
    lines = [
        _line(
            key,
            [row for row in metrics if (row["layer"], row["model"]) == key],
            [row for row in sizes if row["layer"] == key[0]],
            split,
            kinds.get(key[0]),
        )
        for key in ranked
    ]
    return Comparison(tuple(lines), tuple(split), config.evaluation.top, base)


def _split_mints(sizes: Sequence[Row]) -> list[str]:
    """The mints that some layer splits, the biggest first."""
    names = {(row["layer"], row["mint"], row["class"]) for row in sizes}
    several = {mint for layer, mint, name in names if name != mint}
    total = {mint: sum(row["n"] for row in sizes if row["mint"] == mint) for mint in several}
    return sorted(several, key=lambda mint: (-total[mint], mint))


def _line(
    key: Key, metrics: Sequence[Row], sizes: Sequence[Row], split: Sequence[str], kind: LayerKind | None
) -> Line:
    layer, model = key
    compared = [
        row
        for row in metrics
        if row["level"] == "mint" and row["metric"] == "top1" and row["difference"] is not None
    ]
    return Line(
        key=key,
        architecture=ARCHITECTURES.get(model, model),
        class_type="Types" if kind is not None and kind.by_type else "Mints",
        additional="None" if kind is not None and not kind.splits_mints else layer,
        classes=len({row["class"] for row in sizes}),
        counts={mint: len({row["class"] for row in sizes if row["mint"] == mint}) for mint in split},
        scores={
            (row["level"], row["metric"]): Score(row["value"], row["low"], row["high"]) for row in metrics
        },
        difference=Score(
            compared[0]["difference"], compared[0]["difference_low"], compared[0]["difference_high"]
        )
        if compared
        else None,
        coins=max(row["n"] for row in metrics),
    )


def render(tables: Callable[[str], DataFrame], config: Config, format: str = "table") -> str:
    """The comparison as an aligned `table` (under 120 columns), as `csv`, or as `json`, an object a line."""
    whole = compare(tables, config)
    if format == "table":
        return text(whole)
    columns, rows = flat(whole)
    return format_rows(columns, rows, format)


def flat(whole: Comparison) -> tuple[list[str], list[list[object]]]:
    """Columns and rows for machines: every value with its interval, shares between 0 and 1."""
    columns = [
        "architecture",
        "model",
        "class_type",
        "additional_layer",
        "layer",
        "classes",
        "split_mints",
        "test_coins",
    ]
    for level in LEVELS:
        for metric in whole.metrics:
            columns += [f"{level}_{metric}", f"{level}_{metric}_low", f"{level}_{metric}_high"]
    columns += ["difference", "difference_low", "difference_high"]
    rows: list[list[object]] = []
    for line in whole.lines:
        row: list[object] = [
            line.architecture,
            line.key[1],
            line.class_type,
            line.additional,
            line.key[0],
            line.classes,
            json.dumps(line.counts, ensure_ascii=False),
            line.coins,
        ]
        for level in LEVELS:
            for metric in whole.metrics:
                row += _parts(line.scores.get((level, metric)))
        rows.append([*row, *_parts(line.difference)])
    return columns, rows


def text(whole: Comparison) -> str:
    """The table for a terminal, with a line below it for what cannot be read from it, and the verdict on each layer."""
    heads = [
        ["CNN", "Architecture"],
        ["Class", "Type"],
        ["Additional", "Class Layer"],
        counts_title(whole.mints),
    ]
    heads += [["", metric_title(metric)] for _ in LEVELS for metric in whole.metrics]
    heads += [["difference rolled up", "Top-1, 95 % interval"], ["test", "coins"]]
    body = [
        [
            *_facts(line),
            *(_percent(line.scores.get((level, metric))) for level in LEVELS for metric in whole.metrics),
            points(line.difference),
            f"{line.coins:,}",
        ]
        for line in whole.lines
    ]
    below = [
        "",
        "classes: a mix-up between two classes of one mint is an error; rolled up to mints: it is none.",
    ]
    if whole.base:
        below += [f"difference: in points, to the plain mint model (layer {whole.base[0]}), coin by coin."]
    span = len(whole.metrics)
    table = _align(heads, body, {4: "at its own classes", 4 + span: "rolled up to mints"}, span)
    return "\n".join([*table, *below, *(verdict(line) for line in whole.lines if line.is_layer)])


def _facts(line: Line) -> list[str]:
    trivial = line.key[1] == "majority"
    return [line.architecture, line.class_type, line.additional, "" if trivial else counts(line)]


def counts(line: Line) -> str:
    """The numbers of classes of the split mints, in the table's order; beyond three mints their sum; none for types."""
    if line.class_type == "Types":
        return f"{line.classes} types"
    numbers = list(line.counts.values())
    return " / ".join(map(str, numbers)) if len(numbers) <= 3 else str(sum(numbers))


def counts_title(mints: Sequence[str]) -> list[str]:
    """The heading over `counts`, in two lines that are as narrow as can be."""
    if len(mints) in (1, 2):
        return [f"{mints[0]} /", mints[1]] if len(mints) == 2 else [mints[0], "classes"]
    return ["Classes of the", f"{len(mints)} split mints"] if mints else ["", "Classes"]


def metric_title(metric: str) -> str:
    """`top5` is Top-5, `macro_recall` is Macro."""
    return f"Top-{metric[3:]}" if metric.startswith("top") else "Macro"


def verdict(line: Line) -> str:
    """In plain words whether the layer helped, as far as its test coins can tell."""
    if line.difference is None:
        return f"{line.additional}: there is no plain mint model to compare it with."
    found = f"{points(line.difference)} points of top-1 on {line.coins:,} test coins"
    if line.difference.low > 0:
        return f"{line.key[0]} helped: {found}."
    if line.difference.high < 0:
        return f"{line.key[0]} did harm: {found}."
    return f"{line.key[0]} made no difference that can be told from chance: {found}."


def points(score: Score | None) -> str:
    """A difference in percentage points with its interval: `+1.2 [-0.4, +2.9]`; empty where there is none."""
    if score is None:
        return ""
    return f"{100 * score.value:+.1f} [{100 * score.low:+.1f}, {100 * score.high:+.1f}]"


def _percent(score: Score | None) -> str:
    return f"{100 * score.value:.1f}%" if score else ""


def _parts(score: Score | None) -> list[object]:
    return [score.value, score.low, score.high] if score else [None, None, None]


def _align(
    heads: Sequence[Sequence[str]], body: Sequence[Sequence[str]], groups: Mapping[int, str], span: int
) -> list[str]:
    """Two lines of heads, a rule, the body; the first four columns left, the others right. Line breaks in names show.

    `groups`: column → the title that stands over it and the `span` - 1 columns after it.
    """
    lines = [[head[i] for head in heads] for i in (0, 1)] + [list(row) for row in body]
    shown = [
        ["".join(c if c.isprintable() else repr(c)[1:-1] for c in cell) for cell in line] for line in lines
    ]
    widths = [max(len(line[i]) for line in shown) for i in range(len(heads))]
    out = []
    for n, line in enumerate(shown):
        cells = [
            cell.ljust(width) if i < 4 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for at, title in sorted(groups.items(), reverse=True) if n == 0 else ():
            cells[at : at + span] = [title.center(sum(widths[at : at + span]) + 2 * (span - 1))]
        out.append("  ".join(cells).rstrip())
    return [*out[:2], "  ".join("─" * width for width in widths), *out[2:]]
