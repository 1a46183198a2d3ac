"""The report of a build: one self-contained HTML page that says first whether the layers helped, then shows why.

Jinja escapes everything that comes from the tables; the figures escape their own texts; no script, nothing from outside.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml
from markupsafe import Markup

from coinspark.classes.kinds import KINDS
from coinspark.config import Config
from coinspark.core import atomic_files
from coinspark.evaluation import agreement, cluster_quality, table1
from coinspark.evaluation.metrics import BASELINES, Key
from coinspark.evaluation.report import figures, gather
from coinspark.evaluation.report.coin_cards import Tables
from coinspark.evaluation.report.gather import Page, Size
from coinspark.evaluation.scores import Matrix

SHOWN = 24
"""Rows of a long table shown at once; the rest is folded away."""


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix as shown: its title, figure, most frequent mix-ups, and scores, most attracting class first."""

    title: str
    note: str
    figure: Markup
    matrix: Matrix

    @property
    def images(self) -> int:
        """Test images in it."""
        return int(self.matrix.counts.sum())


def write_report(tables: Tables, config: Config, path: Path, build: str) -> Path:
    """Write the page of `build` to `path`, whole or not at all; `tables` gives each published table by name."""
    page = render(gather.gather(tables, config, build), config)
    return atomic_files.write_text(path, page)


def render(page: Page, config: Config) -> str:
    """The page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("coinspark.evaluation.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "pct": _pct,
        "num": "{:,}".format,
        "pretty": _pretty,
        "metric": table1.metric_title,
        "minus": _minus,
    }
    environment.filters |= filters
    whole = page.comparison
    return environment.get_template("report.html").render(
        page=page,
        config=config,
        shown=SHOWN,
        headline=headline(whole),
        lede=lede(whole),
        verdicts=[_minus(table1.verdict(line)) for line in whole.lines if line.is_layer],
        counts_title=_counts_title(whole.mints),
        counts=table1.counts,
        forest=figures.forest(whole.lines),
        layers=_layers(page, config),
        curves=_curves(page),
        confusions=_confusions(page),
        base=_base_sizes(page, config),
        gone=_gone(page, config),
        rules={
            "gain": agreement.GAIN,
            "luck": agreement.LUCK,
            "telling": agreement.TELLING,
            "large": cluster_quality.LARGE,
        },
        learning=[(one, figures.rounds(one.rounds)) for one in page.learnt],
        settings=yaml.safe_dump(gather.settings(config), sort_keys=False, allow_unicode=True),
    )


def headline(whole: table1.Comparison) -> str:
    """Whether the layers helped, in a sentence."""
    layers = [line for line in whole.lines if line.is_layer and line.difference is not None]
    helped = [line for line in layers if line.difference and line.difference.low > 0]
    harmed = [line for line in layers if line.difference and line.difference.high < 0]
    if not layers:
        return "The plain mint model, with no layer to compare it with"
    if len(layers) == 1:
        name = layers[0].additional
        return (
            f"The layer “{name}” helped"
            if helped
            else f"The layer “{name}” did harm"
            if harmed
            else f"The layer “{name}” made no difference that can be told from chance"
        )
    if helped:
        return (
            f"{len(helped)} of {len(layers)} layers helped: {', '.join(line.additional for line in helped)}"
        )
    if len(harmed) == len(layers):
        return f"All {len(layers)} layers did harm"
    harm = f"; {', '.join(line.additional for line in harmed)} did harm" if harmed else ""
    return f"None of the {len(layers)} layers helped as far as these coins can tell{harm}"


def lede(whole: table1.Comparison) -> str:
    """What the headline rests on, with its numbers."""
    layers = [line for line in whole.lines if line.is_layer and line.difference is not None]
    plain = next((line for line in whole.lines if line.key == whole.base), None)
    if plain is None:
        return "No plain mint model was trained this build, so that no layer can be compared with one."
    right = _pct(plain.scores["mint", "top1"].value)
    if not layers:
        return f"It names the mint of {right} of {plain.coins:,} test coins at the first try."
    best = max(
        layers,
        key=lambda line: (
            (line.difference.low > 0, line.difference.value) if line.difference else (False, 0.0)
        ),
    )
    which = "the layer" if len(layers) == 1 else f"the best of them, “{best.additional}”,"
    assert best.difference is not None
    return (
        f"The plain mint model names the mint of {right} of the test images at the first try; with {which} it is "
        f"{_pct(best.scores['mint', 'top1'].value)}, its classes rolled up to their mints: a difference of "
        f"{_points(best.difference)} on {best.coins:,} test coins."
    )


@dataclass(frozen=True)
class SplitMint:
    """A mint that a layer splits: its coins, and its classes with the rest that stayed, biggest first."""

    mint: str
    coins: int
    classes: Sequence[Size]


@dataclass(frozen=True)
class LayerPage:
    """An additional layer as shown: the mints that it splits, and the largest class of the plain and of this layer."""

    name: str
    mints: Sequence[SplitMint]
    before: int
    after: int


def _counts_title(mints: Sequence[str]) -> str:
    return f"Classes of {' / '.join(mints)}" if 1 <= len(mints) <= 3 else " ".join(table1.counts_title(mints))


def _layers(page: Page, config: Config) -> list[LayerPage]:
    found = []
    for layer in config.layers:
        sizes = page.sizes.get(layer.name, [])
        split = {size.mint for size in sizes if size.is_new}
        if not KINDS[layer.kind].splits_mints or not sizes:
            continue
        by_mint: dict[str, list[Size]] = defaultdict(list)
        for size in sizes:
            by_mint[size.mint].append(size)
        totals = {mint: sum(size.coins for size in held) for mint, held in by_mint.items()}
        mints = [SplitMint(mint, totals[mint], held) for mint, held in by_mint.items() if mint in split]
        found.append(LayerPage(layer.name, mints, max(totals.values()), max(size.coins for size in sizes)))
    return found


def _base_sizes(page: Page, config: Config) -> Sequence[Size]:
    return page.sizes.get(config.reference_layer or "", [])


def _curves(page: Page) -> list[tuple[str, Markup, Markup]]:
    """(layer, figure of the loss, figure of validation top-1) of every trained network."""
    grouped: dict[Key, list[gather.Run]] = defaultdict(list)
    for run in page.runs:
        grouped[run.layer, run.model].append(run)
    drawn = [
        (
            layer,
            figures.curves(runs, ["loss", "validation_loss"], "Loss: training solid, validation dashed"),
            figures.curves(runs, ["validation_top1"], "Top-1 on validation coins"),
        )
        for (layer, _), runs in grouped.items()
    ]
    return [one for one in drawn if one[1] or one[2]]


def _confusions(page: Page) -> list[Confusion]:
    """The matrices of the networks: the baseline's, then each layer's at both levels."""
    found = []
    for line in page.comparison.lines:
        if line.key[1] in BASELINES or line.class_type == "Types":
            continue
        for level in ("class", "mint") if line.is_layer else ("mint",):
            matrix = page.matrices[level].get(line.key)
            if matrix is None:
                continue
            title = (
                f"Layer “{line.additional}”, {'its own classes' if level == 'class' else 'rolled up to mints'}"
                if line.is_layer
                else "The plain mint model"
            )
            note = (
                "Framed: the classes of one mint. An error inside a frame is none once rolled up."
                if line.is_layer and level == "class"
                else ""
            )
            label = f"Confusion matrix, {title}: {len(matrix.names)} classes; the mix-ups are listed below it"
            found.append(
                Confusion(
                    title, note, figures.heat(matrix, page.mint_of if level == "class" else {}, label), matrix
                )
            )
    return found


def _gone(page: Page, config: Config) -> list[tuple[str, str, str, int, str, str]]:
    """(layer, mint, class, coins, where it went, why), as far as the sizes tell."""
    least = config.splits.min_coins
    by_type = {layer.name for layer in config.layers if KINDS[layer.kind].by_type}
    rows = []
    for row in page.gone:
        back = row["becomes"] is not None
        where = f"back into {row['becomes']}" if back else "out of the layer"
        if row["mint"] in config.splits.exclude_mints:
            why = "left out by setting"
        elif row["coins"] < least:
            why = f"fewer than {least} coins"
        elif back:
            why = "the rest of the mint would have been too thin, or no coin was left to test"
        else:
            why = (
                "no coin was left to test or to train"
                if row["layer"] in by_type
                else "its mint left every layer"
            )
        rows.append((row["layer"], row["mint"], row["class"], row["coins"], where, why))
    return rows


def _pct(share: float) -> str:
    return "–" if share != share else f"{100 * share:.1f} %"


def _points(score: table1.Score) -> str:
    """A difference in words: `+3.1 points (95 % interval −0.4 to +6.7)`."""
    text = (
        f"{100 * score.value:+.1f} points (95 % interval {100 * score.low:+.1f} to {100 * score.high:+.1f})"
    )
    return _minus(text)


def _minus(text: str) -> str:
    """A minus sign before every negative number, where the terminal has a hyphen."""
    return re.sub(r"(?<![\w])-(?=\d)", "−", text)


def _pretty(text: str) -> str:
    """JSON indented for reading; other texts as they are."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return text
    return json.dumps(value, indent=2, ensure_ascii=False)
