"""Small lists of persons and objects, and regular designs of them, on which an engine trains in seconds."""

from __future__ import annotations

from pathlib import Path

from coinspark.entities.lexicon import automaton
from coinspark.entities.lexicon.forms import Form
from coinspark.entities.ner import annotated
from coinspark.entities.ner.annotated import AnnotatedText

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


def designs() -> tuple[AnnotatedText, ...]:
    """Annotated texts: every person with every object, standing and seated."""
    texts = [
        f"{person} {pose}, holding {item} in {hand} hand."
        for person in PERSONS
        for item in OBJECTS
        for pose, hand in (("standing left", "right"), ("seated", "left"))
    ]
    return annotated.annotate_texts(texts, "en", automaton.compile_forms(FORMS))


def write_lists(folder: Path, count: int = 12) -> None:
    """Write entity lists with the first `count` persons and objects; persons have a link."""
    (folder / "list_person.csv").write_text(
        "name,name_german,alternativenames,typos,link\n"
        + "".join(f"{name},{name},,,link/{name}\n" for name in PERSONS[:count])
    )
    (folder / "list_obj.csv").write_text(
        "name_en,name_ger,alternativenames_en,alternativenames_ger,typos_en,typos_ger,link\n"
        + "".join(f"{name},,,,,,\n" for name in OBJECTS[:count])
    )
