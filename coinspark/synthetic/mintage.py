"""Which synthetic coins there are: mints with a style of their own and unequal sizes, their types, and every coin.

Everything is drawn from the source's seed and a stable key, so that it does not matter in which order coins are made.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.random import Generator

from coinspark.synthetic.lettering import Setting
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
"""Ancient places, and what their citizens are called on a coin. The coins drawn for them never existed."""

Border = Literal["dots", "line", "wreath", "double", "none"]
BORDERS: tuple[Border, ...] = ("dots", "line", "wreath", "none", "double")
SETTINGS: tuple[Setting, ...] = ("around", "flanks", "exergue")
METALS = ((0.30, 0.46, 0.58), (0.40, 0.50, 0.50), (0.52, 0.58, 0.60), (0.26, 0.38, 0.50), (0.36, 0.56, 0.68))
FAMOUS = (("Athena", "owl"), ("Zeus", "eagle"))  # always in use
POOL = 0.2  # how much every further mint adds to the pairs in use
MARKS = ("Δ", "Θ", "Κ", "Ξ", "Φ", "pellets", "star", "ring")


@dataclass(frozen=True)
class Style:
    """What a mint's coins have in common; `module` is the flan's radius as a share of the photo's side."""

    border: Border
    setting: Setting
    start: float  # where a legend round the die begins, degrees
    letters: float  # height of the letters, die radii
    mark: str
    mark_at: tuple[float, float]
    metal: tuple[float, float, float]
    depth: float
    module: float
    ragged: float


@dataclass(frozen=True)
class CoinType:
    """One type of a mint: who stands on the obverse, what on the reverse, and which way they face."""

    mint: str
    ethnic: str
    name: str
    style: Style
    border: Border  # mostly the mint's own
    obverse: str
    obverse_left: bool
    reverse: str
    reverse_left: bool


@dataclass(frozen=True)
class Coin:
    """One row: a coin in one medium, of a type, struck by one of the type's two pairs of dies."""

    coin_id: str
    medium: Literal["original", "plaster"]
    type: CoinType
    die: int

    @property
    def stem(self) -> str:
        """What the names of its photographs begin with."""
        return self.coin_id if self.medium == "original" else f"{self.coin_id}_plaster"


def draw(*key: str | int) -> Generator:
    """A Generator that depends on the key alone."""
    digest = hashlib.sha256(json.dumps(key).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, np.uint32))


def shares(total: int, count: int, skew: float) -> list[int]:
    """`total` in `count` parts proportional to 1 / rank ** skew, largest remainder; each gets one where there are enough."""
    count = min(count, total)
    weights = 1 / np.arange(1, count + 1) ** skew
    exact = weights / weights.sum() * (total - count)
    whole = np.floor(exact).astype(int)
    for index in np.argsort(whole - exact, kind="stable")[: total - count - int(whole.sum())]:
        whole[index] += 1
    return [int(n) + 1 for n in whole]


@lru_cache(maxsize=4)
def types(settings: SyntheticSource) -> tuple[tuple[CoinType, ...], ...]:
    """The types of every mint, the commonest first. Mints draw from the same motifs, no mint has a pair twice."""
    return tuple(_types(settings, index) for index in range(settings.mints))


def plan(settings: SyntheticSource) -> list[Coin]:
    """Every row, `settings.coins` in all, by mint and type; about a fifth are plaster casts, some beside their original."""
    rows: list[Coin] = []
    number = 0
    for size, kinds in zip(
        shares(settings.coins, settings.mints, settings.skew), types(settings), strict=False
    ):
        for count, kind in zip(shares(size, len(kinds), settings.skew * 0.55), kinds, strict=False):
            while count > 0:
                number += 1
                coin_id = f"syn-{number:05d}"
                rng = draw(settings.seed, coin_id, "medium")
                chance, die = rng.random(), int(rng.integers(2))
                both = chance < 0.05 and count > 1
                if both or chance >= 0.2:
                    rows.append(Coin(coin_id, "original", kind, die))
                if both or chance < 0.2:
                    rows.append(Coin(coin_id, "plaster", kind, die))
                count -= 2 if both else 1
    return rows


def _style(settings: SyntheticSource, index: int) -> Style:
    """Neighbouring mints differ in border, setting and mark; what is measurable at a glance (size, metal) overlaps."""
    order = draw(settings.seed, "styles")
    borders, places, marks, metals = (
        order.permutation(n) for n in (len(BORDERS), len(SETTINGS), len(MARKS), len(METALS))
    )
    own = draw(settings.seed, "style", index)
    side = 1 if own.random() < 0.5 else -1
    return Style(
        border=BORDERS[borders[index % len(BORDERS)]],
        setting=SETTINGS[places[index % len(SETTINGS)]],
        start=float(own.uniform(-200, -60)),
        letters=float(own.uniform(0.14, 0.19)),
        mark=MARKS[marks[(index + index // len(MARKS)) % len(MARKS)]],
        mark_at=(side * 0.56, float(own.choice([-0.34, 0.0, 0.30]))),
        metal=METALS[metals[index % len(METALS)]],
        depth=float(own.uniform(0.046, 0.066)),
        module=float(own.uniform(0.415, 0.455)),
        ragged=float(own.uniform(0.004, 0.022)),
    )


@lru_cache(maxsize=4)
def _pool(settings: SyntheticSource) -> tuple[tuple[str, str], ...]:
    """The pairs of obverse and reverse that are in use: so few that mints share many, and a pair names no mint."""
    rng = draw(settings.seed, "pool")
    fitting = {(person, name) for name, motif in REVERSES.items() for person in motif.fits}
    pairs = [
        (person, name) for person in PERSONS for name in REVERSES if person != name or person == "Athena"
    ]
    weight = np.array([40.0 if pair in fitting else 0.5 for pair in pairs])
    size = min(len(pairs), int(np.ceil(settings.types_per_mint * (1 + POOL * (settings.mints - 1)))))
    chosen: dict[tuple[str, str], None] = {}
    while len(chosen) < size:
        known = [pair for pair in FAMOUS if pair not in chosen]
        person, name = known[0] if known else pairs[int(rng.choice(len(pairs), p=weight / weight.sum()))]
        chosen[person, name] = None
        # a pair is taken once, and a motif that is there already becomes rarer
        weight *= [
            0.0 if pair in chosen else 0.3 if pair[0] == person or pair[1] == name else 1.0 for pair in pairs
        ]
    return tuple(chosen)


def _types(settings: SyntheticSource, index: int) -> tuple[CoinType, ...]:
    mint, ethnic = MINTS[index]
    style, rng, pool = _style(settings, index), draw(settings.seed, "types", index), _pool(settings)
    chosen = [pool[at] for at in rng.choice(len(pool), settings.types_per_mint, replace=False)]
    return tuple(
        CoinType(
            mint,
            ethnic,
            f"{mint} {n:02d}",
            style,
            style.border if rng.random() < 0.75 else BORDERS[int(rng.integers(len(BORDERS)))],
            person,
            rng.random() < 0.2,
            name,
            REVERSES[name].turns and rng.random() < 0.35,
        )
        for n, (person, name) in enumerate(chosen, start=1)
    )
