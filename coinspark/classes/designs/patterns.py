"""Patterns: the combinations of obverse and reverse names among which the classes of a mint are selected.

A pattern has at most two names per side. A coin fits it if it shows all of them. As a numismatist would, a
pattern names each side by its most informative name, and by a second one only where that distinguishes it
from another pattern.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from coinspark.classes.designs.information import Design, InformationModel, in_mint, names

Mask = npt.NDArray[np.bool_]
NameSet = tuple[str, ...]

MIN_INFORMATION = 0.5
"""Names with a smaller share of the mean information name no class, such as head, wreath or hand."""
MIN_LEAD_SHARE = 0.25
"""The first name of a side must be its most informative one on this share of the pattern's coins.

Otherwise a frequent attribute, such as a figure at somebody's feet, would name the class."""
MIN_PATTERN_INFORMATION = 1.5
"""Information of a pattern's first names together, at least, in multiples of the mint's mean per mention."""


@dataclass(frozen=True)
class CoinGroup:
    """Coins that go into one class together: those of a type, or of one design if they have no single type.

    Attributes:
        key: See `group_key`.
        coins: Number of coins; 0 if none of them is described.
        described: Number of described coins.
        obverse, reverse: Names that the most frequent description shows.
    """

    key: tuple[str, str]
    coins: int
    described: int
    obverse: frozenset[str]
    reverse: frozenset[str]


@dataclass(frozen=True)
class Pattern:
    """Names of both sides.

    Example: Athena has 4 bits, owl 5, helmet 2 and shield 3. Athena–owl is worth 9; any–owl is worth 5, of
    which half count. Athena+helmet–Athena+shield is worth 4 + 3: a name on both sides counts once, and there
    the better of the second names counts too. Its rank is 7 + (2 + 3) / 8.

    Attributes:
        worth: Bits of the first names of both sides.
        rank: Specificity: `worth` plus 1/8 of the bits of second names.
    """

    obverse: NameSet
    reverse: NameSet
    worth: float
    rank: float

    @property
    def value(self) -> float:
        """Bits that count for the selection: `worth`, or half of it if only one side has a name."""
        return self.worth if self.obverse and self.reverse else self.worth / 2

    @property
    def name(self) -> str:
        """Name of the class, such as `Philetairos–Athena`, `any–Nike` or `Athena+owl–Zeus`."""
        return f"{'+'.join(self.obverse) or 'any'}–{'+'.join(self.reverse) or 'any'}"

    def fits(self, obverse: frozenset[str], reverse: frozenset[str]) -> bool:
        """Whether a coin with these names fits the pattern."""
        return obverse.issuperset(self.obverse) and reverse.issuperset(self.reverse)


def coin_groups(designs: Sequence[Design]) -> list[CoinGroup]:
    """The groups of one mint, sorted by key. A type shows what most of its described coins show."""
    by_key: dict[tuple[str, str], list[Design]] = defaultdict(list)
    for design in designs:
        by_key[group_key(design)].append(design)
    groups = []
    for key, own in sorted(by_key.items()):
        typical = max(own, key=lambda design: (design.described, design.coins, design.key))
        described = sum(design.coins for design in own if design.described)
        coins = sum(design.coins for design in own) if described else 0
        groups.append(CoinGroup(key, coins, described, names(typical.obverse), names(typical.reverse)))
    return groups


def group_key(design: Design) -> tuple[str, str]:
    """(type, '') of a design with a single type, otherwise ('', key of the design)."""
    return (design.type, "") if design.type else ("", design.key)


@dataclass(frozen=True)
class SideIndex:
    """One side of all groups of a mint. Masks are boolean arrays over the groups.

    Attributes:
        masks: Name → the groups that show it, the most informative name first.
        leaders: For each group, its most informative name with the kinds of that name; empty without any
            name.
        name_sets: Sets of no, one or two names that enough coins show, with the groups that show them.
    """

    masks: dict[str, Mask]
    leaders: list[frozenset[str]]
    name_sets: list[tuple[NameSet, Mask]]


class PatternSearch:
    """Searches the patterns of one mint.

    Attributes:
        coins: int64 array, the coins of each group.
        bits: Name → bits in this mint.
        mean: Mean of `bits` over the mint's mentions.
    """

    def __init__(self, groups: Sequence[CoinGroup], model: InformationModel, min_coins: int) -> None:
        """Index both sides of the groups by their informative names."""
        self.min_coins = min_coins
        self.coins = np.array([group.coins for group in groups], dtype=np.int64)
        described = [(group.obverse, group.reverse) for group in groups if group.described]
        self.bits, self.mean = in_mint(described, model)
        self.kinds = model.kinds
        threshold = MIN_INFORMATION * model.mean
        informative = sorted(name for name in self.bits if model.bits[name] >= threshold)
        self.sides = (
            self._index([group.obverse for group in groups], informative),
            self._index([group.reverse for group in groups], informative),
        )

    def candidates(self) -> tuple[list[Pattern], Mask]:
        """All patterns with enough coins and information, most specific first, and which groups fit them.

        The second value is a boolean array, patterns × groups. Of patterns that the same groups fit, only the
        shortest stays.
        """
        obverse_sets, reverse_sets = self.sides[0].name_sets, self.sides[1].name_sets
        obverse_fits = np.array([mask for _, mask in obverse_sets])
        reverse_fits = np.array([mask for _, mask in reverse_sets])
        coins = (obverse_fits * self.coins).astype(np.float64) @ reverse_fits.T.astype(np.float64)
        best: dict[bytes, tuple[tuple[bool, int, float, str], Pattern, Mask]] = {}
        for i, j in zip(*np.nonzero(coins >= self.min_coins), strict=True):
            mask = obverse_fits[i] & reverse_fits[j]
            pattern = self._pattern(obverse_sets[i][0], reverse_sets[j][0], mask)
            if pattern is None:
                continue
            one_sided = not (pattern.obverse and pattern.reverse)
            order = (one_sided, len(pattern.obverse) + len(pattern.reverse), -pattern.worth, pattern.name)
            key = mask.tobytes()
            if key not in best or order < best[key][0]:
                best[key] = (order, pattern, mask)
        ranked = sorted(best.values(), key=lambda entry: (-entry[1].rank, entry[0]))
        fits = np.array([mask for _, _, mask in ranked]).reshape(len(ranked), len(self.coins))
        return [pattern for _, pattern, _ in ranked], fits

    def by_information(self, name: str) -> tuple[float, str]:
        """Sort key of names: most informative first, ties by name."""
        return -self.bits[name], name

    def _index(self, sides: Sequence[frozenset[str]], informative: Sequence[str]) -> SideIndex:
        all_masks = {name: np.array([name in side for side in sides]) for name in informative}
        frequent = [name for name, mask in all_masks.items() if self._count(mask) >= self.min_coins]
        masks = {name: all_masks[name] for name in sorted(frequent, key=self.by_information)}
        name_sets: list[tuple[NameSet, Mask]] = [((), np.ones(len(sides), dtype=np.bool_))]
        name_sets += [((name,), mask) for name, mask in masks.items()]
        name_sets += [
            ((a, b), masks[a] & masks[b]) for a, b in combinations(masks, 2) if not self._related(a, b)
        ]
        name_sets = [(subset, mask) for subset, mask in name_sets if self._count(mask) >= self.min_coins]
        return SideIndex(masks, [self._leader(side) for side in sides], name_sets)

    def _count(self, mask: Mask) -> int:
        return int(self.coins[mask].sum())

    def _related(self, name: str, other: str) -> bool:
        """Whether one of the names is a kind of the other."""
        return name in self.kinds.get(other, ()) or other in self.kinds.get(name, ())

    def _leader(self, side: frozenset[str]) -> frozenset[str]:
        if not side:
            return frozenset()
        first = min(side, key=self.by_information)
        return self.kinds.get(first, frozenset()) | {first}

    def _pattern(self, obverse_set: NameSet, reverse_set: NameSet, mask: Mask) -> Pattern | None:
        """The pattern of the groups in `mask`, which show both name sets; None if it is not informative."""
        obverse = self._name_side(self.sides[0], obverse_set, mask)
        reverse = self._name_side(self.sides[1], reverse_set, mask)
        if obverse is None or reverse is None or not (obverse or reverse):
            return None
        worth = sum(self.bits[name] for name in sorted({*obverse[:1], *reverse[:1]}))
        if obverse[:1] == reverse[:1]:  # the same first name on both sides: distinguish them by a second one
            obverse += [] if obverse[1:] else self._second_name(self.sides[0], obverse[0], mask)
            reverse += [] if reverse[1:] else self._second_name(self.sides[1], reverse[0], mask)
            worth += max((self.bits[name] for name in obverse[1:] + reverse[1:]), default=0.0)
        if worth < MIN_PATTERN_INFORMATION * self.mean:
            return None
        # A second name makes a pattern more specific, but not more valuable.
        rank = worth + sum(self.bits[name] for name in sorted({*obverse[1:], *reverse[1:]})) / 8
        return Pattern(tuple(obverse), tuple(reverse), worth, rank)

    def _name_side(self, side: SideIndex, name_set: NameSet, mask: Mask) -> list[str] | None:
        """Names of one side for the groups in `mask`.

        These are the most informative common name, then the names of the name set. None if they are more than
        two, or if the first one is only an attribute on most of the coins.
        """
        common = _common_names(side, mask)[:1]
        chosen = common + [
            name for name in name_set if name not in common and not self._related(name, common[0])
        ]
        if len(chosen) > 2:
            return None
        if chosen:
            led = np.array([chosen[0] in leader for leader in side.leaders])
            if self._count(mask & led) < MIN_LEAD_SHARE * self._count(mask):
                return None
        return chosen

    def _second_name(self, side: SideIndex, first: str, mask: Mask) -> list[str]:
        """The most informative further name that all groups in `mask` show, as a list of at most one name."""
        common = _common_names(side, mask)
        return next(([name] for name in common if name != first and not self._related(name, first)), [])


def _common_names(side: SideIndex, mask: Mask) -> list[str]:
    """Names that all groups in `mask` show on this side, the most informative first."""
    return [name for name, shown in side.masks.items() if shown[mask].all()]
