"""The curators' CSV: written, filled in, read back; a wrong line is named."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

from coinspark.core.errors import InputError
from coinspark.entities.lexicon import forms
from coinspark.entities.review import verdicts

PROPOSAL = {
    "language": "en",
    "category": "PERSON",
    "name": "Nike, the winged",
    "texts": 3,
    "examples": [{"text_id": "a", "start": 0, "end": 4, "text": "Nike left."}],
    "nearest": [{"name": "Niobe", "likeness": 0.5}],
}


def filled_in(folder: Path, verdict: str, **cells: str) -> Path:
    """The CSV of PROPOSAL with a verdict and other cells, as a spreadsheet saves it."""
    row = dict(zip(verdicts.COLUMNS, *verdicts.csv_rows([PROPOSAL]), strict=True))
    return write(folder, {**row, "verdict": verdict, **cells})


def write(folder: Path, *rows: Mapping[str, object], separator: str = ",") -> Path:
    file = folder / "proposals.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, verdicts.COLUMNS, delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return file


def test_csv_has_empty_verdict_nearest_entries_and_examples() -> None:
    (row,) = verdicts.csv_rows([PROPOSAL])
    assert dict(zip(verdicts.COLUMNS, row, strict=True)) == {
        "verdict": "",
        "name": "Nike, the winged",
        "category": "PERSON",
        "language": "en",
        "texts": 3,
        "canonical": "",
        "nearest": "Niobe (0.50)",
        "examples": "[Nike] left.",
    }


@pytest.mark.parametrize("word", ["accept", " Yes ", "ja"])
def test_accepted_proposal_becomes_an_entry(tmp_path: Path, word: str) -> None:
    decided = verdicts.read(filled_in(tmp_path, word))
    assert decided.refused == frozenset()
    listed, _ = forms.resolve(decided.entries)
    assert [(form.language, form.form, form.name, form.category) for form in listed] == [
        ("en", "Nike, the winged", "Nike, the winged", "PERSON")
    ]


def test_accepted_proposal_may_have_another_canonical_name(tmp_path: Path) -> None:
    (entry,) = verdicts.read(filled_in(tmp_path, "accept", canonical="Victoria")).entries
    assert (entry.name, entry.spellings) == ("Victoria", (("en", "Nike, the winged", "name"),))


def test_refused_proposal_is_recognised_in_any_case(tmp_path: Path) -> None:
    decided = verdicts.read(filled_in(tmp_path, "refuse"))
    assert decided.entries == ()
    assert verdicts.proposal_key("en", "PERSON", "NIKE, THE WINGED") in decided.refused


def test_proposal_without_a_verdict_stays_open(tmp_path: Path) -> None:
    assert verdicts.read(filled_in(tmp_path, "")) == verdicts.Verdicts(open=1)
    assert verdicts.read(None) == verdicts.Verdicts()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_verdicts_are_counted_whatever_the_separator(tmp_path: Path, separator: str) -> None:
    base = {"category": "PERSON", "language": "en"}
    names = ["Nike, the winged", "Eros; the small", "Pan", "Tyche"]
    rows = [
        {**base, "name": name, "verdict": verdict}
        for name, verdict in zip(names, ("accept", "refuse", "", "accept"), strict=True)
    ]
    decided = verdicts.read(write(tmp_path, *rows, separator=separator))
    assert [entry.name for entry in decided.entries] == ["Nike, the winged", "Tyche"]
    assert decided.refused == {verdicts.proposal_key("en", "PERSON", "Eros; the small")}
    assert decided.summary() == "2 accepted, 1 refused, 1 left open"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"verdict": "perhaps"}, "verdict: expected accept or refuse, found 'perhaps'"),
        ({"category": "CITY"}, "category: expected PERSON or ANIMAL or PLANT or OBJECT, found 'CITY'"),
        ({"language": " "}, "language: expected en or de, found ''"),
        ({"name": ""}, "no name; fix the line or clear its verdict"),
    ],
)
def test_wrong_line_is_named(tmp_path: Path, cells: dict[str, str], message: str) -> None:
    file = filled_in(tmp_path, **{"verdict": "accept", **cells})
    with pytest.raises(InputError, match=rf"proposals\.csv, line 2: {message}"):
        verdicts.read(file)


def test_opposite_verdicts_on_one_name_are_refused(tmp_path: Path) -> None:
    base = {"category": "PERSON", "language": "en"}
    file = write(
        tmp_path, {**base, "name": "Nike", "verdict": "yes"}, {**base, "name": "nike", "verdict": "no"}
    )
    with pytest.raises(InputError, match="line 3: 'nike' has the opposite verdict in line 2"):
        verdicts.read(file)


def test_missing_and_renamed_columns_are_named(tmp_path: Path) -> None:
    file = tmp_path / "proposals.csv"
    file.write_text("Urteil;name;category;language\nja;Nike;PERSON;en\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no column 'verdict', 'canonical'; unknown column 'urteil'"):
        verdicts.read(file)
