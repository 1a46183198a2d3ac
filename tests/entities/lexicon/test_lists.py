"""The keepers' lists as they leave them: NULL, stray blanks, typos, two languages, and forms that two entries claim."""

from __future__ import annotations

from pathlib import Path

import pytest

from coinspark.core.errors import InputError
from coinspark.entities.lexicon import lists

OBJECT_HEAD = (
    "id,name_en,name_ger,description,alternativenames_en,alternativenames_ger,typos_en,typos_ger,link,Cat_I\n"
)
PERSON_HEAD = "id,name,name_german,description,alternativenames,typos,link,Cat_I,Cat_II,Cat_III\n"


def folder(place: Path, objects: str = "", persons: str = "", animals: str = "") -> Path:
    kinds = (
        ("obj", OBJECT_HEAD, objects),
        ("person", PERSON_HEAD, persons),
        ("animal", OBJECT_HEAD, animals),
    )
    for name, head, rows in kinds:
        if rows:
            (place / f"list_{name}.csv").write_text(head + rows, encoding="utf-8")
    return place


def test_null_blanks_alternatives_typos_and_both_languages(tmp_path: Path) -> None:
    read = lists.read(
        folder(tmp_path, objects='1,scepter,Zepter,NULL,"sceptre,  scepters, ,NULL",,scetpre,NULL,NULL,Bar\n')
    )
    assert read == (
        lists.Entry(
            "OBJECT",
            "scepter",
            None,
            (
                ("en", "scepter", "name"),
                ("en", "sceptre", "alternative"),
                ("en", "scepters", "alternative"),
                ("en", "scetpre", "typo"),
                ("de", "Zepter", "name"),
            ),
        ),
    )


def test_a_persons_proper_name_is_searched_for_in_both_languages(tmp_path: Path) -> None:
    entry, child = lists.read(
        folder(
            tmp_path,
            persons=(
                "1,Seleucus I,Seleukos I.,NULL,NULL,Niktaor,NULL,Male,Human,King\n"
                "2,child,Kind,NULL,children,NULL,NULL,NULL,NULL,NULL\n"
            ),
        )
    )
    assert ("en", "Seleukos I.", "alternative") in entry.forms and (
        "de",
        "Seleucus I",
        "alternative",
    ) in entry.forms
    assert ("en", "Kind", "alternative") not in child.forms


def test_kinds_are_those_that_the_lists_name_themselves(tmp_path: Path) -> None:
    persons = (
        "1,Caracalla,Caracalla,NULL,NULL,NULL,NULL,Male,Human,Emperor\n"
        "2,emperor,Kaiser,NULL,emperors,NULL,NULL,Male,NULL,NULL\n"
        "3,river-god,Flussgott,NULL,NULL,NULL,NULL,RiverGod,NULL,NULL\n"
        "4,Strymon,Strymon,NULL,NULL,NULL,NULL,RiverGod,NULL,NULL\n"
    )
    assert [one.kinds for one in lists.read(folder(tmp_path, persons=persons))] == [
        ("emperor",),
        (),
        (),
        ("river-god",),
    ]


def test_collisions_are_reported_and_settled_only_where_nothing_is_guessed(tmp_path: Path) -> None:
    place = folder(
        tmp_path,
        objects="1,arch,Bogen,,,,,,L1,A\n2,bow,Bogen,,,,,,L2,A\n3,palm branch,Palmzweig,,,,,,L3,A\n4,sun,Sonne,,,,,,L4,A\n",
        persons="1,Sol,Sol,,Sun,,L5,,,\n",
        animals="1,serpent,Schlange,,,,,,Q2102,R\n2,snake,Schlange,,,,,,Q2102,R\n3,fern,Farn,,palm branch,,,,L6,R\n",
    )
    forms, collisions = lists.resolve(lists.read(place))
    kept = {(one.language, one.form): one.kept for one in collisions}
    assert kept == {
        ("de", "Bogen"): None,
        ("de", "Schlange"): "serpent",
        ("en", "palm branch"): "palm branch",
        ("en", "Sun"): "sun",
    }
    owners = {(one.language, one.form): one.name for one in forms}
    assert ("de", "Bogen") not in owners
    assert owners["en", "palm branch"] == "palm branch" and owners["de", "Schlange"] == "serpent"


def test_resolving_does_not_depend_on_the_order_of_lines(tmp_path: Path) -> None:
    objects = "1,arch,Bogen,,,,,,L1,A\n2,bow,Bogen,,,,,,L2,A\n3,owl,Eule,,owls,,,,L3,A\n"
    entries = lists.read(folder(tmp_path, objects=objects))
    ways = [{(one.form, one.name) for one in lists.resolve(order)[0]} for order in (entries, entries[::-1])]
    assert ways[0] == ways[1] and ("owls", "owl") in ways[0]


def test_a_missing_column_names_file_and_column(tmp_path: Path) -> None:
    (tmp_path / "list_obj.csv").write_text("id,name_en,alternativenames_en\n1,owl,owls\n")
    with pytest.raises(InputError, match=r"list_obj\.csv: has no column 'typos_en' or 'typos'"):
        lists.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("notes.csv", b"x", "holds no list"),
        ("list_verb.csv", b"id,name_en\n", "holds only list_verb.csv"),
        ("list_ships.csv", b"id\n", "is no kind of list"),
        ("list_obj.csv", "id,name_en\n1,Büste\n".encode("latin-1"), "is not UTF-8"),
    ],
)
def test_what_is_no_list_is_refused_by_name(tmp_path: Path, name: str, text: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(text)
    with pytest.raises(InputError, match=told):
        lists.read(tmp_path)


def test_the_digest_changes_with_the_lists_and_only_with_them(tmp_path: Path) -> None:
    place = folder(tmp_path, objects="1,owl,Eule,,,,,,L,A\n")
    before = lists.digest(place)
    (place / "hierarchy.csv").write_text("x")
    assert lists.digest(place) == before
    folder(place, objects="1,owl,Eule,,owls,,,,L,A\n")
    assert lists.digest(place) != before


@pytest.mark.realdata
def test_the_real_lists(real_data: Path) -> None:
    entries = lists.read(real_data / "designs")
    forms, collisions = lists.resolve(entries)
    assert (
        len(entries) == 826 and len(collisions) == 38
    )  # counted apart from this code: 412 + 307 + 73 + 34 lines
    assert len({(one.language, one.form) for one in forms}) == len(forms)
