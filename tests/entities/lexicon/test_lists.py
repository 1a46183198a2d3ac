"""Reading the curators' lists: NULL, surplus blanks, typos, two languages; wrong files are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from coinspark.core.errors import InputError
from coinspark.entities.lexicon import forms, lists
from tests.entities.lexicon import list_files


def test_read_cleans_cells_and_keeps_the_origin_of_spellings(tmp_path: Path) -> None:
    row = '1,scepter,Zepter,NULL,"sceptre,  scepters, ,NULL",,scetpre,NULL,NULL,Bar\n'
    assert lists.read(list_files.write(tmp_path, objects=row)) == (
        lists.Entry(
            "OBJECT",
            "scepter",
            None,
            (
                lists.Spelling("en", "scepter", "name"),
                lists.Spelling("en", "sceptre", "alternative"),
                lists.Spelling("en", "scepters", "alternative"),
                lists.Spelling("en", "scetpre", "typo"),
                lists.Spelling("de", "Zepter", "name"),
            ),
        ),
    )


def test_proper_name_of_a_person_counts_in_both_languages(tmp_path: Path) -> None:
    persons = (
        "1,Seleucus I,Seleukos I.,NULL,NULL,Niktaor,NULL,Male,Human,King\n"
        "2,child,Kind,NULL,children,NULL,NULL,NULL,NULL,NULL\n"
    )
    king, child = lists.read(list_files.write(tmp_path, persons=persons))
    assert ("en", "Seleukos I.", "alternative") in king.spellings
    assert ("de", "Seleucus I", "alternative") in king.spellings
    assert ("en", "Kind", "alternative") not in child.spellings


def test_kinds_are_limited_to_names_in_the_lists(tmp_path: Path) -> None:
    persons = (
        "1,Caracalla,Caracalla,NULL,NULL,NULL,NULL,Male,Human,Emperor\n"
        "2,emperor,Kaiser,NULL,emperors,NULL,NULL,Male,NULL,NULL\n"
        "3,river-god,Flussgott,NULL,NULL,NULL,NULL,RiverGod,NULL,NULL\n"
        "4,Strymon,Strymon,NULL,NULL,NULL,NULL,RiverGod,NULL,NULL\n"
    )
    entries = lists.read(list_files.write(tmp_path, persons=persons))
    assert [entry.kinds for entry in entries] == [("emperor",), (), (), ("river-god",)]


def test_missing_column_names_file_and_column(tmp_path: Path) -> None:
    (tmp_path / "list_obj.csv").write_text("id,name_en,alternativenames_en\n1,owl,owls\n")
    with pytest.raises(
        InputError, match=r"list_obj\.csv: no column 'typos_en' or 'typos'; found id, name_en"
    ):
        lists.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.csv", b"x", "no list in"),
        ("list_verb.csv", b"id,name_en\n", r"has only list_verb\.csv; expected one of list_person\.csv"),
        ("list_ships.csv", b"id\n", r"list_ships\.csv: unknown list"),
        ("list_obj.csv", "id,name_en\n1,Büste\n".encode("latin-1"), r"list_obj\.csv: not UTF-8"),
    ],
)
def test_wrong_file_is_refused_by_name(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        lists.read(tmp_path)


def test_hash_changes_with_the_lists_only(tmp_path: Path) -> None:
    folder = list_files.write(tmp_path, objects="1,owl,Eule,,,,,,L,A\n")
    before = lists.lists_hash(folder)
    (folder / "hierarchy.csv").write_text("x")
    assert lists.lists_hash(folder) == before
    list_files.write(folder, objects="1,owl,Eule,,owls,,,,L,A\n")
    assert lists.lists_hash(folder) != before


@pytest.mark.realdata
def test_real_lists_have_the_expected_entries_and_collisions(real_data: Path) -> None:
    entries = lists.read(real_data / "designs")
    listed, collisions = forms.resolve(entries)
    assert len(entries) == 412 + 307 + 73 + 34  # rows of the four files, counted without this code
    assert len(collisions) == 38
    assert len({(form.language, form.form) for form in listed}) == len(listed)
