"""The descriptions of a synthetic coin, in the manner of Corpus Nummorum, English and German."""

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


def describe(kind: CoinType, rng: Generator) -> Texts:
    """Obverse English, reverse English, obverse German, reverse German; one coin in twelve has no description at all."""
    missing, german, bordered = rng.random() < 0.08, rng.random() >= 0.04, rng.random() < 0.6
    obverse = _obverse(kind, int(rng.integers(3)))
    motif = REVERSES[kind.reverse]
    wording = int(rng.integers(len(motif.english)))
    right, rechts = _way(kind.reverse_left)
    reverse = motif.english[wording].format(d=right), motif.german[wording].format(n=rechts)
    names = _spelt(kind, rng)
    if missing:
        return None, None, None, None
    english, deutsch = BORDERS[kind.border] if bordered else ("", "")
    return (
        f"{_spell(obverse[0], names)} {english}".strip(),
        f"{_spell(reverse[0], names)} {english}".strip(),
        f"{obverse[1]} {deutsch}".strip() if german else None,
        f"{reverse[1]} {deutsch}".strip() if german else None,
    )


def _obverse(kind: CoinType, wording: int) -> tuple[str, str]:
    """An English and a German wording of the same."""
    person, (right, rechts) = PERSONS[kind.obverse], _way(kind.obverse_left)
    head, kopf, ending = ("bust", "Brustbild", "es") if person.bust else ("head", "Kopf", "er")
    (adjective, stem), (wearing, mit), name = person.adjective, person.wearing, kind.obverse
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


def _way(left: bool) -> tuple[str, str]:
    return ("left", "links") if left else ("right", "rechts")


def _spell(text: str, spelling: dict[str, str]) -> str:
    for name, spelt in spelling.items():
        text = re.sub(rf"\b{re.escape(name)}\b", spelt, text)
    return text


def _spelt(kind: CoinType, rng: Generator) -> dict[str, str]:
    """Name → how this coin's cataloguer spells it, where that is not the usual way."""
    spelling: dict[str, str] = {}
    for name in dict.fromkeys((kind.obverse, kind.reverse)):
        chance, pick = rng.random(), rng.random()
        alternatives, typos = variants(name)
        choices = typos if chance < 0.02 else alternatives if chance < 0.14 else ()
        if choices:
            spelling[name] = choices[int(pick * len(choices))]
    return spelling
