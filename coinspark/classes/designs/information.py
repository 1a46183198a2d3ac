"""Informativeness of entity names, in bits, estimated from the descriptions alone.

Two facts make a name informative: few designs show it, over all mints (`owl` against `head`), and the names
of its category narrow down a design (an animal more than an object, which often accompanies a person). Inside
one mint a name that is on every coin tells nothing more, such as the griffin of Abdera. No list of
uninformative words is needed.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import fsum, log2

MIN_WEIGHT = 0.1
"""Weight of a category whose names never vary, such as in a collection of one design."""

Side = tuple[tuple[str, str, tuple[str, ...]], ...]
"""The entities of one side of a coin: (name, category, kinds), each name once."""
Sides = tuple[Side, Side]
"""Obverse and reverse."""


@dataclass(frozen=True)
class Design:
    """Coins of one mint and type with the same descriptions.

    Attributes:
        type: '' without a single type.
        key: Identifies the descriptions.
        described: Whether there is any description.
        coins: A count.
    """

    mint: str
    type: str
    key: str
    obverse: Side
    reverse: Side
    described: bool
    coins: int


@dataclass(frozen=True)
class InformationModel:
    """Informativeness over all mints.

    Attributes:
        bits: Name, also of a kind → bits.
        mean: Mean of `bits` over all mentions.
        weight: Category → bits per mention.
        category: Name → category.
        kinds: Name → the kinds it belongs to, such as emperor for Caracalla.
    """

    bits: Mapping[str, float]
    mean: float
    weight: Mapping[str, float]
    category: Mapping[str, str]
    kinds: Mapping[str, frozenset[str]]


@lru_cache(maxsize=100_000)
def parse_side(text: str | None) -> Side:
    """A side from its JSON: a list of {name, category, kinds}."""
    entities = json.loads(text or "[]")
    return tuple((item["name"], item["category"], tuple(item.get("kinds") or ())) for item in entities)


@lru_cache(maxsize=100_000)
def names(side: Side) -> frozenset[str]:
    """The names of a side and of their kinds."""
    return frozenset(name for name, _, _ in side) | frozenset(kind for _, _, kinds in side for kind in kinds)


def estimate(designs: Iterable[Design]) -> InformationModel:
    """Estimate the informativeness of every name over all mints. Each mint counts equally.

    bits(name) = weight(category of the name) · −log2(mean over mints of the share of designs that show the
    name)

    Example: mint A has the designs head–owl and head–bull, mint B has head–head. `owl` is on half of the
    designs of A and on none of B, 1/4 on average, so its bits are weight(ANIMAL) · 2. `head` is on all
    designs and has 0 bits.
    """
    mints: dict[str, set[Sides]] = defaultdict(set)
    category: dict[str, str] = {}
    kinds: dict[str, frozenset[str]] = {}
    for design in designs:
        if design.described:
            mints[design.mint].add((design.obverse, design.reverse))
            for name, own_category, own_kinds in (*design.obverse, *design.reverse):
                category[name] = min(own_category, category.get(name, own_category))
                kinds[name] = frozenset(own_kinds)
    for name in sorted(kinds):
        for kind in sorted(kinds[name]):
            category.setdefault(kind, category[name])

    weight = category_weights(mints.values())
    design_shares: dict[str, list[float]] = defaultdict(list)
    mentions: dict[str, list[float]] = defaultdict(list)
    for own in mints.values():
        for name, n in Counter(name for sides in own for name in _names_of_design(sides)).items():
            design_shares[name].append(n / len(own))
        for name, n in Counter(name for sides in own for side in sides for name in names(side)).items():
            mentions[name].append(n / len(own))
    bits = {
        name: weight[category[name]] * -log2(min(1.0, fsum(shares) / len(mints)))
        for name, shares in design_shares.items()
    }
    mean = _mean(bits, {name: fsum(shares) for name, shares in mentions.items()})
    return InformationModel(bits, mean, weight, category, kinds)


def in_mint(
    groups: Iterable[tuple[frozenset[str], frozenset[str]]], model: InformationModel
) -> tuple[dict[str, float], float]:
    """The bits of each name in one mint, and their mean over the mint's mentions.

    They are the mean of the bits over all mints and of the bits in this mint alone, weight · −log2(share of
    its types that show the name). A name on every type of the mint so keeps half of its bits.

    Args:
        groups: Obverse and reverse names of each type of the mint.
    """
    sides = list(groups)
    counts = Counter(name for obverse, reverse in sides for name in obverse | reverse)
    bits = {
        name: (model.bits[name] - model.weight[model.category[name]] * log2(n / len(sides))) / 2
        for name, n in counts.items()
    }
    return bits, _mean(bits, Counter(name for group in sides for side in group for name in side))


def category_weights(mints: Collection[set[Sides]]) -> dict[str, float]:
    """Category → bits per mention: the entropy of what a side shows of the category, divided by its mentions.

    Example: the reverses of a mint are owl, bull, head and head, one design each. Of the category ANIMAL they
    show {owl}, {bull}, nothing and nothing: 1.5 bits per design, 6 bits in all. There are 2 mentions, so an
    animal has 3 bits.

    Args:
        mints: The distinct designs of each mint. Entropies of obverses and reverses, and of all mints, add
            up.
    """
    bits: dict[str, list[float]] = defaultdict(list)
    mentions: Counter[str] = Counter()
    categories = sorted(
        {category for own in mints for sides in own for side in sides for _, category, _ in side}
    )
    for own in mints:
        for position in (0, 1):
            for category in categories:
                shown = Counter(_names_of_category(sides[position], category) for sides in own)
                bits[category].append(-fsum(n * log2(n / len(own)) for n in shown.values()))
                mentions[category] += sum(len(subset) * n for subset, n in shown.items())
    return {category: max(fsum(bits[category]) / mentions[category], MIN_WEIGHT) for category in categories}


def _names_of_design(sides: Sides) -> frozenset[str]:
    return names(sides[0]) | names(sides[1])


def _names_of_category(side: Side, category: str) -> frozenset[str]:
    return frozenset(name for name, own, _ in side if own == category)


def _mean(bits: Mapping[str, float], mentions: Mapping[str, float]) -> float:
    """Mean bits per mention; 0 without mentions."""
    total = fsum(mentions.values())
    return fsum(bits[name] * n for name, n in mentions.items()) / total if total else 0.0
