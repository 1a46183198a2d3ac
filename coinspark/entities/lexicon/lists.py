"""The keepers' entity lists: a folder of `list_person|obj|animal|plant.csv` becomes entries, entries become forms.

The lists are as their makers left them: NULL is the word `NULL`, alternatives are separated by commas with stray blanks,
persons share their alternatives between the languages. Verbs are not entities. DESIGN.md, section 4, "Entities".
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from coinspark.core.errors import InputError
from coinspark.core.hashing import files_hash
from coinspark.entities.lexicon.folding import fold

Origin = Literal["name", "alternative", "typo"]

CATEGORIES = {
    "list_person.csv": "PERSON",
    "list_animal.csv": "ANIMAL",
    "list_plant.csv": "PLANT",
    "list_obj.csv": "OBJECT",
}
"""File → category, in the order in which they win where one thing stands in two lists (branch: a plant, and an object)."""

NOT_ENTITIES = ("list_verb.csv",)

_NAME = {"en": ("name_en", "name"), "de": ("name_ger", "name_german")}
_MORE = {
    "en": (("alternativenames_en", "alternativenames"), ("typos_en", "typos")),
    "de": (("alternativenames_ger", "alternativenames"), ("typos_ger", "typos")),
}


@dataclass(frozen=True)
class Entry:
    """One line of a list: what it is, its canonical (English) name, its link, how it is written, and of which kinds it is.

    `forms` are (language, form, origin). `kinds` are first the classes that the list's Cat_ columns give; `read` leaves of
    them those that are themselves names in the lists: Caracalla is an emperor, an owl is a bird.
    """

    category: str
    name: str
    link: str | None
    forms: tuple[tuple[str, str, Origin], ...]
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """One way to write one entity in one language; `proper` forms need their first capital."""

    language: str
    form: str
    proper: bool
    name: str
    category: str
    link: str | None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collision:
    """A form that two or more entries claim, and the name that it is kept for (None: found as neither)."""

    language: str
    form: str
    claims: tuple[str, ...]
    kept: str | None


def files(folder: str | Path) -> list[Path]:
    """The list files of a folder, in the order of CATEGORIES. InputError where there are none, or one of unknown kind."""
    root = Path(folder)
    present = sorted(path.name for path in root.glob("list_*.csv"))
    if not present:
        raise InputError(f"entities.lists: {root} holds no list; wanted are {', '.join(CATEGORIES)}")
    unknown = sorted(set(present) - set(CATEGORIES) - set(NOT_ENTITIES))
    if unknown:
        raise InputError(
            f"entities.lists: {root / unknown[0]} is no kind of list known here: {', '.join(CATEGORIES)}"
        )
    if not any(name in CATEGORIES for name in present):
        raise InputError(
            f"entities.lists: {root} holds only {', '.join(present)}; wanted are {', '.join(CATEGORIES)}"
        )
    return [root / name for name in CATEGORIES if name in present]


def digest(folder: str | Path) -> str:
    """SHA-256 hex over names and bytes of the list files: what lies outside the tables."""
    return files_hash(files(folder), Path(folder))


def read(folder: str | Path) -> tuple[Entry, ...]:
    """All entries of the folder's lists, in the order of files and lines. InputError names the file and the column."""
    entries = [entry for path in files(folder) for entry in _entries(path)]
    named = {_letters(entry.name): entry.name for entry in reversed(entries)}
    return tuple(_with_kinds(entry, named) for entry in entries)


def _with_kinds(entry: Entry, named: dict[str, str]) -> Entry:
    kinds = (named.get(_letters(kind), entry.name) for kind in entry.kinds)
    return replace(entry, kinds=tuple(dict.fromkeys(kind for kind in kinds if kind != entry.name)))


def _letters(text: str) -> str:
    """`RiverGod` and `river-god` alike."""
    return "".join(letter for letter in text.casefold() if letter.isalpha())


def _entries(path: Path) -> Iterable[Entry]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            columns = reader.fieldnames or []
            rows = [{key: value for key, value in row.items() if isinstance(value, str)} for row in reader]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 (byte {error.start}); save the list as UTF-8") from None
    except csv.Error as error:
        raise InputError(f"{path}: is not a CSV table: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    sources: list[tuple[str, str, Origin]] = []
    for language in _NAME:
        alternatives, typos = _MORE[language]
        sources += [
            (language, _column(path, columns, _NAME[language]), "name"),
            (language, _column(path, columns, alternatives), "alternative"),
            (language, _column(path, columns, typos), "typo"),
        ]
    link = _column(path, columns, ("link",))
    for row in rows:
        if name := _value(row.get(sources[0][1])):  # a line without a name names nothing
            kinds = tuple(
                kind for column in columns if column.startswith("Cat_") and (kind := _value(row.get(column)))
            )
            yield Entry(
                CATEGORIES[path.name],
                name,
                _value(row.get(link)),
                _forms(row, sources, CATEGORIES[path.name]),
                kinds,
            )


def _forms(
    row: dict[str, str], sources: list[tuple[str, str, Origin]], category: str
) -> tuple[tuple[str, str, Origin], ...]:
    """The row's forms. A person's proper name is searched for in both languages: `Seleukos I.` stands in English texts."""
    forms: list[tuple[str, str, Origin]] = []
    for language, column, origin in sources:
        cell = row.get(column) or ""
        parts = [cell] if origin == "name" else cell.split(",")
        forms += [(language, form, origin) for part in parts if (form := _value(part))]
    if category == "PERSON" and not _common(forms, "en"):
        names = [(language, form) for language, form, origin in forms if origin == "name"]
        forms += [
            (other, form, "alternative") for language, form in names for other in _NAME if other != language
        ]
    return tuple(dict.fromkeys(forms))


def _common(forms: Iterable[tuple[str, str, Origin]], language: str) -> bool:
    """Whether any form in this language starts in lower case (identifiers such as `julia_domna` do not count)."""
    return any(form[:1].islower() and "_" not in form for tongue, form, _ in forms if tongue == language)


def _column(path: Path, columns: Iterable[str], any_of: tuple[str, ...]) -> str:
    for name in any_of:
        if name in columns:
            return name
    raise InputError(
        f"{path}: has no column {' or '.join(map(repr, any_of))}; it has {', '.join(columns) or 'none'}"
    )


def _value(cell: str | None) -> str | None:
    """A cell without stray blanks; None where it is empty or the word NULL."""
    text = " ".join((cell or "").split())
    return None if text in ("", "NULL") else text


def resolve(entries: Iterable[Entry]) -> tuple[tuple[Form, ...], tuple[Collision, ...]]:
    """The forms to search for, one owner each, and the collisions, both sorted by language and form.

    Nothing is guessed. A form that several entries claim is settled in this order: entries of the same name, or of the same
    category and link, are one thing, and the first stands for it (serpent and snake share a link); a form that is one
    thing's own name in that language belongs to it (`palm branch` is the object, though a plant lists it as an
    alternative); any other contested form (German `Bogen`: arch, bow) is found as neither.
    """
    claims: dict[tuple[str, str], list[tuple[Entry, str, Origin]]] = defaultdict(list)
    for entry in entries:
        for language, form, origin in entry.forms:
            claims[language, fold(form)[0]].append((entry, form, origin))
    forms, collisions = [], []
    for (language, folded), claim in sorted(claims.items()):
        owner = _owner(claim)
        form = claim[0][1]
        rivals = dict.fromkeys(f"{entry.name} ({entry.category})" for entry, _, _ in claim)
        if len({id(entry) for entry, _, _ in claim}) > 1:
            collisions.append(Collision(language, form, tuple(rivals), owner.name if owner else None))
        if owner and folded.strip():
            proper = all(_proper(entry, language, written) for entry, written, _ in claim if entry is owner)
            forms.append(Form(language, form, proper, owner.name, owner.category, owner.link, owner.kinds))
    return tuple(forms), tuple(collisions)


def _owner(claim: list[tuple[Entry, str, Origin]]) -> Entry | None:
    """Whose form it is: the one thing that claims it, or else the one thing whose name it is."""
    things = _things(entry for entry, _, _ in claim)
    if len(things) > 1:
        things = _things(entry for entry, _, origin in claim if origin == "name")
    return things[0] if len(things) == 1 else None


def _things(entries: Iterable[Entry]) -> list[Entry]:
    things: list[Entry] = []
    for entry in entries:
        if not any(_same(entry, thing) for thing in things):
            things.append(entry)
    return things


def _same(one: Entry, other: Entry) -> bool:
    if one.name.casefold() == other.name.casefold():
        return True
    return one.link is not None and (one.category, one.link) == (other.category, other.link)


def _proper(entry: Entry, language: str, form: str) -> bool:
    """Whether a form needs its first capital.

    German writes every noun with one, so the form itself says it. English lists write some common nouns with a capital
    (`Prisoner`, alternative `prisoners`): an entry with any form in lower case is common.
    """
    if language == "de":
        return form[:1].isupper()
    return not _common(entry.forms, language)
