"""Forms: the spellings to search for, each with exactly one entry, and the collisions between entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from coinspark.entities.lexicon.folding import fold
from coinspark.entities.lexicon.lists import Entry, Spelling


@dataclass(frozen=True)
class Form:
    """A spelling of an entry in a language; a `proper` form matches only with an initial capital."""

    language: str
    form: str
    proper: bool
    name: str
    category: str
    link: str | None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collision:
    """A form that several entries claim, and the name of its owner; None if it is not searched for."""

    language: str
    form: str
    claims: tuple[str, ...]
    owner: str | None


class _Claim(NamedTuple):
    entry: Entry
    spelling: Spelling


def resolve(entries: Iterable[Entry]) -> tuple[tuple[Form, ...], tuple[Collision, ...]]:
    """Assign each form to one entry; forms and collisions, both sorted by language and folded form.

    A form that several entries claim is resolved without guessing, in this order:

    1. Entries with the same name, or with the same category and link, are the same thing, represented by the
       first of them (`serpent` and `snake` share a link).
    2. A form that is the name of exactly one thing belongs to it (`palm branch` is an object, although a
       plant has it as an alternative).
    3. Any other form is ambiguous and is not searched for (German `Bogen`: arch, bow).
    """
    claims: dict[tuple[str, str], list[_Claim]] = defaultdict(list)
    for entry in entries:
        for spelling in entry.spellings:
            claims[spelling.language, fold(spelling.text)[0]].append(_Claim(entry, spelling))
    forms: list[Form] = []
    collisions: list[Collision] = []
    for (language, folded), rivals in sorted(claims.items()):
        owner, text = _owner(rivals), rivals[0].spelling.text
        if len({id(claim.entry) for claim in rivals}) > 1:
            names = dict.fromkeys(f"{claim.entry.name} ({claim.entry.category})" for claim in rivals)
            collisions.append(Collision(language, text, tuple(names), owner.name if owner else None))
        if owner and folded.strip():
            proper = all(_is_proper(*claim) for claim in rivals if claim.entry is owner)
            forms.append(Form(language, text, proper, owner.name, owner.category, owner.link, owner.kinds))
    return tuple(forms), tuple(collisions)


def _owner(rivals: Sequence[_Claim]) -> Entry | None:
    """The only thing that claims a form, or else the only thing whose name it is."""
    things = _distinct(claim.entry for claim in rivals)
    if len(things) > 1:
        things = _distinct(claim.entry for claim in rivals if claim.spelling.origin == "name")
    return things[0] if len(things) == 1 else None


def _distinct(entries: Iterable[Entry]) -> list[Entry]:
    """The first entry of each thing."""
    things: list[Entry] = []
    for entry in entries:
        if not any(_is_same_thing(entry, thing) for thing in things):
            things.append(entry)
    return things


def _is_same_thing(left: Entry, right: Entry) -> bool:
    if left.name.casefold() == right.name.casefold():
        return True
    return left.link is not None and (left.category, left.link) == (right.category, right.link)


def _is_proper(entry: Entry, spelling: Spelling) -> bool:
    """Whether a spelling needs its initial capital.

    German nouns are always capitalised, so the spelling decides. English lists capitalise some common nouns
    (`Prisoner`, alternative `prisoners`), so an entry with any lower-case spelling is common.
    """
    if spelling.language == "de":
        return spelling.text[:1].isupper()
    return not entry.has_lower_case(spelling.language)
