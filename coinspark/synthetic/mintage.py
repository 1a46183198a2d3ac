"""The coins of a collection: mints with a style of their own and unequal sizes, their types, and every coin.

Every random draw comes from the seed of the source and a stable key, so that the order of drawing does not
matter.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.random import Generator

from coinspark.synthetic.lettering import Layout
from coinspark.synthetic.motifs.catalogue import PERSONS, REVERSES
from coinspark.synthetic.settings import SyntheticSource

MINTS: tuple[tuple[str, str], ...] = (
    ("Pergamon", "ΠΕΡΓΑΜΗΝΩΝ"),
    ("Perinthos", "ΠΕΡΙΝΘΙΩΝ"),
    ("Byzantion", "ΒΥΖΑΝΤΙΩΝ"),
    ("Abdera", "ΑΒΔΗΡΙΤΩΝ"),
    ("Odessos", "ΟΔΗΣΣΕΙΤΩΝ"),
    ("Kyzikos", "ΚΥΖΙΚΗΝΩΝ"),
    ("Maroneia", "ΜΑΡΩΝΙΤΩΝ"),
    ("Ilion", "ΙΛΙΕΩΝ"),
    ("Tomis", "ΤΟΜΕΩΣ"),
    ("Parion", "ΠΑΡΙΑΝΩΝ"),
    ("Ainos", "ΑΙΝΙΩΝ"),
    ("Lampsakos", "ΛΑΜΨΑΚΗΝΩΝ"),
    ("Mesambria", "ΜΕΣΑΜΒΡΙΑΝΩΝ"),
    ("Kallatis", "ΚΑΛΛΑΤΙΑΝΩΝ"),
    ("Abydos", "ΑΒΥΔΗΝΩΝ"),
    ("Pautalia", "ΠΑΥΤΑΛΙΩΤΩΝ"),
    ("Istros", "ΙΣΤΡΙΗΝΩΝ"),
    ("Assos", "ΑΣΣΙΩΝ"),
    ("Serdica", "ΣΕΡΔΩΝ"),
    ("Bizye", "ΒΙΖΥΗΝΩΝ"),
    ("Anchialos", "ΑΓΧΙΑΛΕΩΝ"),
    ("Adramyteion", "ΑΔΡΑΜΥΤΗΝΩΝ"),
    ("Topeiros", "ΤΟΠΕΙΡΕΙΤΩΝ"),
    ("Skepsis", "ΣΚΗΨΙΩΝ"),
)
"""Ancient cities and their legends (the citizens in the genitive). The synthetic coins never existed."""

Border = Literal["dots", "line", "wreath", "double", "none"]
BORDERS: tuple[Border, ...] = ("dots", "line", "wreath", "none", "double")
LAYOUTS: tuple[Layout, ...] = ("around", "flanks", "exergue")
METALS = ((0.30, 0.46, 0.58), (0.40, 0.50, 0.50), (0.52, 0.58, 0.60), (0.26, 0.38, 0.50), (0.36, 0.56, 0.68))
COMMON_PAIRS = (("Athena", "owl"), ("Zeus", "eagle"))  # in every collection
POOL_GROWTH = 0.2  # share of its types by which each further mint enlarges the pool of pairs
MARKS = ("Δ", "Θ", "Κ", "Ξ", "Φ", "pellets", "star", "ring")


@dataclass(frozen=True)
class Style:
    """What the coins of a mint have in common.

    Attributes:
        layout: Position of the reverse legend.
        legend_start: Angle at which a legend around the die begins, degrees.
        letter_height: In die radii.
        mark, mark_position: The mint mark, and where it is on the reverse.
        metal: Colour (blue, green, red), 0 to 1.
        relief: Height of the relief as a share of the photo's width.
        flan_radius: As a share of the photo's width.
        edge_noise: Irregularity of the flan's edge.
    """

    border: Border
    layout: Layout
    legend_start: float
    letter_height: float
    mark: str
    mark_position: tuple[float, float]
    metal: tuple[float, float, float]
    relief: float
    flan_radius: float
    edge_noise: float


@dataclass(frozen=True)
class CoinType:
    """A type of a mint: both motifs and their directions. `border` is mostly that of the mint."""

    mint: str
    ethnic: str
    name: str
    style: Style
    border: Border
    obverse: str
    obverse_left: bool
    reverse: str
    reverse_left: bool


@dataclass(frozen=True)
class Coin:
    """A coin in one medium, struck by one of the two pairs of dies of its type."""

    coin_id: str
    medium: Literal["original", "plaster"]
    type: CoinType
    die: int

    @property
    def stem(self) -> str:
        """The beginning of its photos' names."""
        return self.coin_id if self.medium == "original" else f"{self.coin_id}_plaster"


def random_generator(*key: str | int) -> Generator:
    """A random generator that depends on the key alone."""
    digest = hashlib.sha256(json.dumps(key).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, np.uint32))


def shares(total: int, count: int, skew: float) -> list[int]:
    """Split `total` into `count` sizes of at least one, proportional to 1 / rank ** skew (largest remainder).

    With fewer than `count` to split, there are `total` sizes of one. Example: (11, 2, 1) → 2 + 9 in the ratio
    2 : 1 → [7, 4].
    """
    count = min(count, total)
    weights = 1 / np.arange(1, count + 1) ** skew
    exact = weights / weights.sum() * (total - count)
    whole = np.floor(exact).astype(int)
    for index in np.argsort(whole - exact, kind="stable")[: total - count - int(whole.sum())]:
        whole[index] += 1
    return [int(n) + 1 for n in whole]


@lru_cache(maxsize=4)
def types(settings: SyntheticSource) -> tuple[tuple[CoinType, ...], ...]:
    """The types of each mint, the most frequent first. Mints share pairs of motifs."""
    return tuple(_types(settings, index) for index in range(settings.mints))


def list_coins(settings: SyntheticSource) -> list[Coin]:
    """The `settings.coins` coins of the collection, by mint and type.

    About 20 % are plaster casts; 5 % are photographed as original and as cast.
    """
    coins: list[Coin] = []
    number = 0
    mint_sizes = shares(settings.coins, settings.mints, settings.skew)
    for mint_size, mint_types in zip(mint_sizes, types(settings), strict=False):
        type_sizes = shares(mint_size, len(mint_types), settings.skew * 0.55)
        for remaining, coin_type in zip(type_sizes, mint_types, strict=False):
            while remaining > 0:
                number += 1
                coins_of_id = _coin_in_media(settings, f"syn-{number:05d}", coin_type, remaining)
                coins += coins_of_id
                remaining -= len(coins_of_id)
    return coins


def _coin_in_media(
    settings: SyntheticSource, coin_id: str, coin_type: CoinType, remaining: int
) -> list[Coin]:
    """The coin as original, as cast, or (if two may be added) as both."""
    rng = random_generator(settings.seed, coin_id, "medium")
    chance, die = rng.random(), int(rng.integers(2))
    both = chance < 0.05 and remaining > 1
    coins = []
    if both or chance >= 0.2:
        coins.append(Coin(coin_id, "original", coin_type, die))
    if both or chance < 0.2:
        coins.append(Coin(coin_id, "plaster", coin_type, die))
    return coins


def _style(settings: SyntheticSource, index: int) -> Style:
    """The style of a mint. Neighbouring mints differ in border, layout and mark; sizes and metals overlap."""
    order = random_generator(settings.seed, "styles")
    borders, layouts, marks, metals = (
        order.permutation(n) for n in (len(BORDERS), len(LAYOUTS), len(MARKS), len(METALS))
    )
    rng = random_generator(settings.seed, "style", index)
    side = 1 if rng.random() < 0.5 else -1
    return Style(
        border=BORDERS[borders[index % len(BORDERS)]],
        layout=LAYOUTS[layouts[index % len(LAYOUTS)]],
        legend_start=float(rng.uniform(-200, -60)),
        letter_height=float(rng.uniform(0.14, 0.19)),
        mark=MARKS[marks[(index + index // len(MARKS)) % len(MARKS)]],
        mark_position=(side * 0.56, float(rng.choice([-0.34, 0.0, 0.30]))),
        metal=METALS[metals[index % len(METALS)]],
        relief=float(rng.uniform(0.046, 0.066)),
        flan_radius=float(rng.uniform(0.415, 0.455)),
        edge_noise=float(rng.uniform(0.004, 0.022)),
    )


@lru_cache(maxsize=4)
def _pool(settings: SyntheticSource) -> tuple[tuple[str, str], ...]:
    """The pairs of obverse and reverse in use: so few that mints share many and no pair identifies a mint."""
    rng = random_generator(settings.seed, "pool")
    fitting = {(person, name) for name, motif in REVERSES.items() for person in motif.fits}
    pairs = [
        (person, name) for person in PERSONS for name in REVERSES if person != name or person == "Athena"
    ]
    weight = np.array([40.0 if pair in fitting else 0.5 for pair in pairs])
    size = int(np.ceil(settings.types_per_mint * (1 + POOL_GROWTH * (settings.mints - 1))))
    chosen: dict[tuple[str, str], None] = {}
    while len(chosen) < min(len(pairs), size):
        common = [pair for pair in COMMON_PAIRS if pair not in chosen]
        person, name = common[0] if common else pairs[int(rng.choice(len(pairs), p=weight / weight.sum()))]
        chosen[person, name] = None
        # never choose a pair twice, and make its motifs less likely
        weight *= [
            0.0 if pair in chosen else 0.3 if pair[0] == person or pair[1] == name else 1.0 for pair in pairs
        ]
    return tuple(chosen)


def _types(settings: SyntheticSource, index: int) -> tuple[CoinType, ...]:
    """The types of a mint: a random selection of the pool."""
    mint, ethnic = MINTS[index]
    style, rng, pool = (
        _style(settings, index),
        random_generator(settings.seed, "types", index),
        _pool(settings),
    )
    chosen = [pool[at] for at in rng.choice(len(pool), settings.types_per_mint, replace=False)]
    return tuple(
        CoinType(
            mint,
            ethnic,
            f"{mint} {n:02d}",
            style,
            border=style.border if rng.random() < 0.75 else BORDERS[int(rng.integers(len(BORDERS)))],
            obverse=person,
            obverse_left=bool(rng.random() < 0.2),
            reverse=name,
            reverse_left=bool(REVERSES[name].turns and rng.random() < 0.35),
        )
        for n, (person, name) in enumerate(chosen, start=1)
    )
