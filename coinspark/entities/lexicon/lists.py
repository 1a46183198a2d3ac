"""Reading the curators' entity lists: a folder of `list_person|animal|plant|obj.csv`.

Cells follow the published lists: NULL is the word `NULL`, alternatives are separated by commas, and a person
has one column of alternatives for both languages. Verbs (`list_verb.csv`) are not entities and are ignored.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from coinspark.core.errors import InputError
from coinspark.core.hashing import files_hash

Origin = Literal["name", "alternative", "typo"]

CATEGORIES = {
    "list_person.csv": "PERSON",
    "list_animal.csv": "ANIMAL",
    "list_plant.csv": "PLANT",
    "list_obj.csv": "OBJECT",
}
"""List file → category. The first file has precedence where a name is in several (branch: plant, object)."""

_IGNORED = ("list_verb.csv",)
_COLUMNS: dict[str, dict[Origin, tuple[str, ...]]] = {
    "en": {
        "name": ("name_en", "name"),
        "alternative": ("alternativenames_en", "alternativenames"),
        "typo": ("typos_en", "typos"),
    },
    "de": {
        "name": ("name_ger", "name_german"),
        "alternative": ("alternativenames_ger", "alternativenames"),
        "typo": ("typos_ger", "typos"),
    },
}
"""Language → origin of a spelling → the names that its column may have."""


class Spelling(NamedTuple):
    """One way to write an entry: language, text, and the kind of column that it is from."""

    language: str
    text: str
    origin: Origin


@dataclass(frozen=True)
class Entry:
    """A row of a list.

    Attributes:
        category: A value of `CATEGORIES`.
        name: Canonical (English) name.
        link: URL of an authority record.
        spellings: In the order of languages and columns.
        kinds: Names of other entries that this one is a kind of: Caracalla is an emperor, an owl is a bird.
    """

    category: str
    name: str
    link: str | None
    spellings: tuple[Spelling, ...]
    kinds: tuple[str, ...] = ()

    def has_lower_case(self, language: str) -> bool:
        """Whether a spelling starts in lower case; identifiers such as `julia_domna` don't count."""
        return _has_lower_case(self.spellings, language)


def list_files(folder: str | Path) -> list[Path]:
    """List files of a folder in the order of `CATEGORIES`.

    Raises:
        InputError: The folder has no list, or a `list_*.csv` of an unknown category.
    """
    root = Path(folder)
    names = sorted(path.name for path in root.glob("list_*.csv"))
    expected = ", ".join(CATEGORIES)
    if not names:
        raise InputError(f"entities.lists: no list in {root}; expected at least one of {expected}")
    if unknown := sorted(set(names) - set(CATEGORIES) - set(_IGNORED)):
        raise InputError(f"entities.lists: {root / unknown[0]}: unknown list; expected {expected}")
    if not set(names) & set(CATEGORIES):
        raise InputError(f"entities.lists: {root} has only {', '.join(names)}; expected one of {expected}")
    return [root / name for name in CATEGORIES if name in names]


def lists_hash(folder: str | Path) -> str:
    """SHA-256 hex over names and bytes of the list files."""
    return files_hash(list_files(folder), Path(folder))


def read(folder: str | Path) -> tuple[Entry, ...]:
    """Entries of all lists of a folder, in the order of files and rows.

    Raises:
        InputError: Names the file, and the column that is missing.
    """
    entries = [entry for path in list_files(folder) for entry in _read_list(path)]
    names = {_letters(entry.name): entry.name for entry in reversed(entries)}
    return tuple(_with_listed_kinds(entry, names) for entry in entries)


def _with_listed_kinds(entry: Entry, names: Mapping[str, str]) -> Entry:
    """Keep the kinds that are themselves names in the lists; `names` maps their letters to the name."""
    kinds = (names.get(_letters(kind), entry.name) for kind in entry.kinds)
    return replace(entry, kinds=tuple(dict.fromkeys(kind for kind in kinds if kind != entry.name)))


def _letters(text: str) -> str:
    """Lower-case letters only: `RiverGod` and `river-god` are equal."""
    return "".join(letter for letter in text.casefold() if letter.isalpha())


def _read_list(path: Path) -> Iterator[Entry]:
    header, rows = _read_csv(path)
    sources = [
        (language, origin, _find_column(path, header, names))
        for language, columns in _COLUMNS.items()
        for origin, names in columns.items()
    ]
    name_column = _find_column(path, header, _COLUMNS["en"]["name"])
    link_column = _find_column(path, header, ("link",))
    kind_columns = [column for column in header if column.startswith("Cat_")]
    category = CATEGORIES[path.name]
    for row in rows:
        if name := _clean(row.get(name_column)):  # a row without a name is not an entry
            yield Entry(
                category,
                name,
                _clean(row.get(link_column)),
                _spellings(row, sources, category),
                tuple(kind for column in kind_columns if (kind := _clean(row.get(column)))),
            )


def _read_csv(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            header = list(reader.fieldnames or [])
            rows = [{key: value for key, value in row.items() if isinstance(value, str)} for row in reader]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte {error.start}); save the list as UTF-8") from None
    except csv.Error as error:
        raise InputError(f"{path}: not a CSV table ({error}); fix the file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    return header, rows


def _find_column(path: Path, header: list[str], names: tuple[str, ...]) -> str:
    for name in names:
        if name in header:
            return name
    expected = " or ".join(map(repr, names))
    raise InputError(f"{path}: no column {expected}; found {', '.join(header) or 'no columns'}")


def _spellings(
    row: dict[str, str], sources: list[tuple[str, Origin, str]], category: str
) -> tuple[Spelling, ...]:
    """Spellings of a row. A person's proper name counts in both languages (`Seleukos I.`)."""
    spellings: list[Spelling] = []
    for language, origin, column in sources:
        cell = row.get(column) or ""
        parts = [cell] if origin == "name" else cell.split(",")
        spellings += [Spelling(language, text, origin) for part in parts if (text := _clean(part))]
    if category == "PERSON" and not _has_lower_case(spellings, "en"):
        spellings += [
            Spelling(other, spelling.text, "alternative")
            for spelling in spellings
            if spelling.origin == "name"
            for other in _COLUMNS
            if other != spelling.language
        ]
    return tuple(dict.fromkeys(spellings))


def _has_lower_case(spellings: Iterable[Spelling], language: str) -> bool:
    return any(
        spelling.text[:1].islower() and "_" not in spelling.text
        for spelling in spellings
        if spelling.language == language
    )


def _clean(cell: str | None) -> str | None:
    """A cell without surplus blanks; None if it is empty or the word NULL."""
    text = " ".join((cell or "").split())
    return None if text in ("", "NULL") else text
