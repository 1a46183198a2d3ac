"""Small mints for the tests of class layers, written as obverse and reverse names."""

from __future__ import annotations

from coinspark.classes.designs.information import Design, Side

CATEGORY = {
    "Athena": "PERSON",
    "Zeus": "PERSON",
    "Nike": "PERSON",
    "Trajan": "PERSON",
    "Nero": "PERSON",
    "emperor": "PERSON",
    "owl": "ANIMAL",
    "eagle": "ANIMAL",
    "bull": "ANIMAL",
    "vine": "PLANT",
}
KINDS = {"Trajan": ("emperor",), "Nero": ("emperor",), "owl": ("bird",), "eagle": ("bird",)}


def side(names: str) -> Side:
    return tuple((name, CATEGORY.get(name, "OBJECT"), KINDS.get(name, ())) for name in sorted(names.split()))


def design(mint: str, type_: str, obverse: str, reverse: str, coins: int, key: str | None = None) -> Design:
    text = f"{obverse}|{reverse}" if obverse or reverse else ""
    return Design(mint, type_, text if key is None else key, side(obverse), side(reverse), bool(text), coins)


def corpus() -> list[Design]:
    """Three mints with frequent heads, wreaths and hands; the tests split Pergamon."""
    return [
        design("Pergamon", "1", "head Athena", "owl hand", 60),
        design("Pergamon", "2", "head wreath Athena", "Nike hand wreath", 50),
        design("Pergamon", "3", "head wreath Trajan", "eagle", 30),
        design("Pergamon", "4", "head wreath Nero", "eagle", 30),
        design("Pergamon", "5", "head wreath", "hand wreath", 90),
        design("Pergamon", "6", "head Zeus", "bull", 10),
        design("Pergamon", "7", "", "", 25),
        design("Ainos", "8", "head wreath", "hand", 9),
        design("Ainos", "9", "head Zeus", "vine", 5),
        design("Maroneia", "10", "head wreath bust", "hand vine", 9),
        design("Maroneia", "11", "head bust", "hand wreath", 7),
    ]
