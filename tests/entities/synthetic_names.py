"""Persons, objects and designs of the tests' own: few enough to learn in seconds, regular enough to be learnt."""

from __future__ import annotations

from pathlib import Path

from coinspark.entities.lexicon import automaton
from coinspark.entities.lexicon.lists import Form
from coinspark.entities.ner import annotated
from coinspark.entities.ner.annotated import Marked

PERSONS = (
    "Athena",
    "Zeus",
    "Apollon",
    "Nike",
    "Artemis",
    "Hermes",
    "Demeter",
    "Hera",
    "Ares",
    "Hades",
    "Helios",
    "Poseidon",
)
OBJECTS = (
    "spear",
    "shield",
    "sceptre",
    "torch",
    "bow",
    "wreath",
    "cup",
    "helmet",
    "globe",
    "bridle",
    "trident",
    "branch",
)
FORMS = (
    *(Form("en", name, True, name, "PERSON", f"link/{name}") for name in PERSONS),
    *(Form("en", name, False, name, "OBJECT", None) for name in OBJECTS),
)


def designs() -> tuple[Marked, ...]:
    """Every person with every object, standing or seated."""
    texts = [
        f"{person} {how}, holding {thing} in {hand} hand."
        for person in PERSONS
        for thing in OBJECTS
        for how, hand in (("standing left", "right"), ("seated", "left"))
    ]
    return annotated.mark(texts, "en", automaton.compile_forms(FORMS))


def write_lists(place: Path, some: int = 12) -> None:
    """The first `some` persons and objects as the keepers' lists have them; a link each."""
    (place / "list_person.csv").write_text(
        "name,name_german,alternativenames,typos,link\n"
        + "".join(f"{name},{name},,,link/{name}\n" for name in PERSONS[:some])
    )
    (place / "list_obj.csv").write_text(
        "name_en,name_ger,alternativenames_en,alternativenames_ger,typos_en,typos_ger,link\n"
        + "".join(f"{name},,,,,,\n" for name in OBJECTS[:some])
    )
