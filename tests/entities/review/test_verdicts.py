"""The keepers' CSV: written, filled in, read back; a line that can't be understood is named."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from coinspark.core.errors import InputError
from coinspark.entities.lexicon import lists
from coinspark.entities.review import verdicts

ROW = {
    "language": "en",
    "category": "PERSON",
    "name": "Nike, the winged",
    "texts": 3,
    "examples": [{"text_id": "a", "start": 0, "end": 4, "text": "Nike left."}],
    "nearest": [{"name": "Niobe", "likeness": 0.5}],
}


def filled(place: Path, verdict: str, **more: str) -> Path:
    """The CSV of ROW as a keeper gives it back."""
    (row,) = csv.DictReader(io.StringIO(verdicts.write([ROW])))
    file = place / "proposals.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as opened:  # as a spreadsheet saves it
        lines = csv.DictWriter(opened, verdicts.COLUMNS)
        lines.writeheader()
        lines.writerow({**row, "verdict": verdict, **more})
    return file


def test_what_the_keepers_are_given() -> None:
    (row,) = csv.DictReader(io.StringIO(verdicts.write([ROW])))
    assert row == {
        "verdict": "",
        "name": "Nike, the winged",
        "category": "PERSON",
        "language": "en",
        "texts": "3",
        "canonical": "",
        "nearest": "Niobe (0.50)",
        "examples": "[Nike] left.",
    }


@pytest.mark.parametrize("word", ["accept", " Yes ", "ja"])
def test_an_accepted_line_becomes_an_entry_that_is_found(tmp_path: Path, word: str) -> None:
    said = verdicts.read(filled(tmp_path, word))
    assert said.refused == frozenset()
    forms, _ = lists.resolve(said.entries)
    assert [(form.language, form.form, form.name, form.category) for form in forms] == [
        ("en", "Nike, the winged", "Nike, the winged", "PERSON")
    ]


def test_an_accepted_line_may_be_filed_under_another_name(tmp_path: Path) -> None:
    (entry,) = verdicts.read(filled(tmp_path, "accept", canonical="Victoria")).entries
    assert (entry.name, entry.forms) == ("Victoria", (("en", "Nike, the winged", "name"),))


def test_a_refused_line_is_remembered_whatever_its_case(tmp_path: Path) -> None:
    said = verdicts.read(filled(tmp_path, "refuse"))
    assert said.entries == ()
    assert verdicts.key("en", "PERSON", "NIKE, THE WINGED") in said.refused


def test_a_line_without_a_verdict_stays_open(tmp_path: Path) -> None:
    assert verdicts.read(filled(tmp_path, "")) == verdicts.Verdicts()
    assert verdicts.read(None) == verdicts.Verdicts()


@pytest.mark.parametrize(
    "wrong", [{"verdict": "perhaps"}, {"category": "CITY"}, {"name": ""}, {"language": " "}]
)
def test_a_line_that_says_something_else_is_named(tmp_path: Path, wrong: dict[str, str]) -> None:
    file = filled(tmp_path, **{"verdict": "accept", **wrong})
    with pytest.raises(InputError, match=r"proposals\.csv, line 2: wanted are a verdict"):
        verdicts.read(file)


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"entities\.verdicts: .*gone\.csv cannot be read"):
        verdicts.read(tmp_path / "gone.csv")
    (tmp_path / "latin.csv").write_bytes("verdict,name\naccept,Münze\n".encode("latin-1"))
    with pytest.raises(InputError, match="is no CSV table in UTF-8"):
        verdicts.read(tmp_path / "latin.csv")
