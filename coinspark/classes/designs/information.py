"""How telling a name is, in bits, from the descriptions alone: no list of words that mean little is typed in.

Across mints: the rarer a name is in the designs of all mints, the more it tells (`head` 0.5 bits, `owl` 5); and a name tells
as much more as the names of its category do (an animal narrows a design by some 4 bits a mention, an object by 1.5: hands,
wreaths and spears come along with somebody). In the mint: a griffin on every coin of Abdera tells nothing there.
DESIGN.md, section 4, "Classes"; issue "The main job", point 3.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import fsum, log2

Side = tuple[tuple[str, str, tuple[str, ...]], ...]
"""The entities of one side of a coin: (name, category, kinds), each name once."""


@dataclass(frozen=True)
class Design:
    """What coins of one mint and type have in common: both sides' entities; `described` is False without any text."""

    mint: str
    type: str
    key: str
    obverse: Side
    reverse: Side
    described: bool
    coins: int


@dataclass(frozen=True)
class Telling:
    """Across all mints: the bits of each name (kinds too), their mean over mentions, bits a mention of each category tells."""

    bits: Mapping[str, float]
    mean: float
    weight: Mapping[str, float]
    category: Mapping[str, str]
    kinds: Mapping[str, frozenset[str]]


@lru_cache(maxsize=100_000)
def side(text: str | None) -> Side:
    """A side from the JSON that Spark makes of it: a list of {name, category, kinds}."""
    return tuple(
        (one["name"], one["category"], tuple(one.get("kinds") or ())) for one in json.loads(text or "[]")
    )


@lru_cache(maxsize=100_000)
def names(one: Side) -> frozenset[str]:
    """The names of a side, and the kinds they are of: Caracalla is an emperor too."""
    return frozenset(name for name, _, _ in one) | frozenset(kind for _, _, kinds in one for kind in kinds)


def measure(designs: Iterable[Design]) -> Telling:
    """How telling every name is over all mints; each mint counts the same, however many coins it has."""
    mints: dict[str, set[tuple[Side, Side]]] = defaultdict(set)
    category: dict[str, str] = {}
    kinds: dict[str, frozenset[str]] = {}
    for design in designs:
        if design.described:
            mints[design.mint].add((design.obverse, design.reverse))
            for name, kind_of, more in (*design.obverse, *design.reverse):
                category[name] = min(kind_of, category.get(name, kind_of))
                kinds[name] = frozenset(more)
    for name in sorted(kinds):
        for kind in sorted(kinds[name]):
            category.setdefault(kind, category[name])
    weight = _weights(mints)
    shares: dict[str, list[float]] = defaultdict(list)
    for found in mints.values():
        counts = Counter(name for one in found for name in names(one[0]) | names(one[1]))
        for name, n in counts.items():
            shares[name].append(n / len(found))
    bits = {
        name: weight[category[name]] * -log2(min(1.0, fsum(parts) / len(mints)))
        for name, parts in shares.items()
    }
    mentions: dict[str, list[float]] = defaultdict(list)
    for found in mints.values():
        for name, n in Counter(name for one in found for part in one for name in names(part)).items():
            mentions[name].append(n / len(found))
    return Telling(
        bits, _mean(bits, {name: fsum(parts) for name, parts in mentions.items()}), weight, category, kinds
    )


def inside(
    units: Iterable[tuple[frozenset[str], frozenset[str]]], telling: Telling
) -> tuple[dict[str, float], float]:
    """The bits of each name in one mint (the mean of what it tells there and across mints), and their mean over mentions.

    `units` are the mint's types, each with the names of its obverse and of its reverse.
    """
    all_units = list(units)
    counts = Counter(name for obverse, reverse in all_units for name in obverse | reverse)
    bits = {
        name: (telling.bits[name] - telling.weight[telling.category[name]] * log2(n / len(all_units))) / 2
        for name, n in counts.items()
    }
    return bits, _mean(bits, Counter(name for unit in all_units for part in unit for name in part))


def _mean(bits: Mapping[str, float], mentions: Mapping[str, float]) -> float:
    total = fsum(mentions.values())
    return fsum(bits[name] * n for name, n in mentions.items()) / total if total else 0.0


def _weights(mints: Mapping[str, set[tuple[Side, Side]]]) -> dict[str, float]:
    """Category → bits a mention tells: the entropy of the category's names on a side, over mentions, in all mints."""
    bits: dict[str, list[float]] = defaultdict(list)
    mentions: Counter[str] = Counter()
    categories = sorted(
        {kind for found in mints.values() for one in found for part in one for _, kind, _ in part}
    )
    for found in mints.values():
        for position in (0, 1):
            for category in categories:
                sets = Counter(
                    frozenset(n for n, kind, _ in one[position] if kind == category) for one in found
                )
                total = sum(sets.values())
                bits[category].append(-fsum(n * log2(n / total) for n in sets.values()))
                mentions[category] += sum(len(names_) * n for names_, n in sets.items())
    # A collection of one design has no entropy; its names still count for something.
    return {category: max(fsum(bits[category]) / mentions[category], 0.1) for category in categories}
