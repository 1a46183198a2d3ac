"""Descriptions of a synthetic coin in the style of Corpus Nummorum, in English and German."""

from __future__ import annotations

import re

from numpy.random import Generator

from coinspark.synthetic.entity_lists import variants
from coinspark.synthetic.mintage import Border, CoinType
from coinspark.synthetic.motifs.catalogue import PERSONS, REVERSES

BORDERS: dict[Border, tuple[str, str]] = {
    "dots": ("Border of dots.", "Perlkreis."),
    "line": ("Linear border.", "Linienkreis."),
    "double": ("Double linear border.", "Doppelter Linienkreis."),
    "wreath": ("All within laurel wreath.", "Das Ganze im Lorbeerkranz."),
    "none": ("", ""),
}
Texts = tuple[str | None, str | None, str | None, str | None]


def describe(coin_type: CoinType, rng: Generator) -> Texts:
    """Texts of a coin: obverse English, reverse English, obverse German, reverse German.

    8 % of the coins have no text, 4 % no German text; 60 % of the texts mention the border.
    """
    no_text, has_german, has_border = rng.random() < 0.08, rng.random() >= 0.04, rng.random() < 0.6
    obverse = _obverse(coin_type, int(rng.integers(3)))
    motif = REVERSES[coin_type.reverse]
    wording = int(rng.integers(len(motif.english)))
    right, rechts = _direction(coin_type.reverse_left)
    reverse = motif.english[wording].format(d=right), motif.german[wording].format(n=rechts)
    spellings = _random_spellings(coin_type, rng)
    if no_text:
        return None, None, None, None
    border, rand = BORDERS[coin_type.border] if has_border else ("", "")
    return (
        f"{_spell(obverse[0], spellings)} {border}".strip(),
        f"{_spell(reverse[0], spellings)} {border}".strip(),
        f"{obverse[1]} {rand}".strip() if has_german else None,
        f"{reverse[1]} {rand}".strip() if has_german else None,
    )


def _obverse(coin_type: CoinType, wording: int) -> tuple[str, str]:
    """The obverse in one of three wordings, English and German."""
    person, (right, rechts) = PERSONS[coin_type.obverse], _direction(coin_type.obverse_left)
    head, kopf, ending = ("bust", "Brustbild", "es") if person.bust else ("head", "Kopf", "er")
    (adjective, stem), (wearing, mit), name = person.adjective, person.wearing, coin_type.obverse
    if wording == 0:
        return (
            f"{head.capitalize()} of {name}, {right}, {wearing}.",
            f"{kopf} {person.genitive} nach {rechts}, {mit}.",
        )
    if wording == 1:
        return (
            f"{adjective} {head} of {name}, {right}.",
            f"{stem}{ending} {kopf} {person.genitive} nach {rechts}.",
        )
    return (
        f"{head.capitalize()} of {name} facing {right}, {wearing}.",
        f"{kopf} {person.genitive} {mit} nach {rechts}.",
    )


def _direction(left: bool) -> tuple[str, str]:
    return ("left", "links") if left else ("right", "rechts")


def _spell(text: str, spellings: dict[str, str]) -> str:
    for name, spelling in spellings.items():
        text = re.sub(rf"\b{re.escape(name)}\b", spelling, text)
    return text


def _random_spellings(coin_type: CoinType, rng: Generator) -> dict[str, str]:
    """Name → a typo (2 % of the names) or an alternative (12 %). Other names are absent."""
    spellings: dict[str, str] = {}
    for name in dict.fromkeys((coin_type.obverse, coin_type.reverse)):
        chance, pick = rng.random(), rng.random()
        alternatives, typos = variants(name)
        choices = typos if chance < 0.02 else alternatives if chance < 0.14 else ()
        if choices:
            spellings[name] = choices[int(pick * len(choices))]
    return spellings
