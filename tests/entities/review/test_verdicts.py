"""The curators' CSV: written, filled in, read back; a wrong line is named."""

from __future__ import annotations

import csv
import io
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
    (row,) = csv.DictReader(io.StringIO(verdicts.to_csv([PROPOSAL])))
    file = folder / "proposals.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, verdicts.COLUMNS)
        writer.writeheader()
        writer.writerow({**row, "verdict": verdict, **cells})
    return file


def test_csv_has_empty_verdict_nearest_entries_and_examples() -> None:
    (row,) = csv.DictReader(io.StringIO(verdicts.to_csv([PROPOSAL])))
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
    assert verdicts.read(filled_in(tmp_path, "")) == verdicts.Verdicts()
    assert verdicts.read(None) == verdicts.Verdicts()


@pytest.mark.parametrize(
    "cells", [{"verdict": "perhaps"}, {"category": "CITY"}, {"name": ""}, {"language": " "}]
)
def test_wrong_line_is_named(tmp_path: Path, cells: dict[str, str]) -> None:
    file = filled_in(tmp_path, **{"verdict": "accept", **cells})
    with pytest.raises(InputError, match=r"proposals\.csv, line 2: expected verdict `accept` or `refuse`"):
        verdicts.read(file)


def test_missing_file_and_wrong_encoding_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"entities\.verdicts: .*gone\.csv cannot be read"):
        verdicts.read(tmp_path / "gone.csv")
    (tmp_path / "latin.csv").write_bytes("verdict,name\naccept,Münze\n".encode("latin-1"))
    with pytest.raises(InputError, match="is not a CSV table in UTF-8"):
        verdicts.read(tmp_path / "latin.csv")
