"""CSV files for spreadsheets: any separator and encoding is read, formulas are guarded, faults are named."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from coinspark.core import spreadsheet
from coinspark.core.errors import InputError

REQUIRED, OPTIONAL = ("name", "verdict"), ("texts",)


def read(folder: Path, data: bytes) -> spreadsheet.Sheet:
    file = folder / "sheet.csv"
    file.write_bytes(data)
    return spreadsheet.read(file, REQUIRED, OPTIONAL, "the.key")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_file_is_read_whatever_its_separator_encoding_and_line_ends(
    tmp_path: Path, separator: str, encoding: str, line_end: str
) -> None:
    lines = ["Texts|Name|Verdict", '3|"Löwe, schreitend; links"|accept', "||", "1| Ähre |refuse"]
    text = line_end.join(line.replace("|", separator) for line in lines) + line_end
    sheet = read(tmp_path, text.encode(encoding))
    assert sheet.columns == ("texts", "name", "verdict")
    assert sheet.rows == (
        (2, {"texts": "3", "name": "Löwe, schreitend; links", "verdict": "accept"}),
        (4, {"texts": "1", "name": "Ähre", "verdict": "refuse"}),
    )


def test_utf_16_with_big_endian_mark_is_read(tmp_path: Path) -> None:
    sheet = read(tmp_path, b"\xfe\xff" + "name;verdict\nÄhre;ja\n".encode("utf-16-be"))
    assert sheet.rows == ((2, {"name": "Ähre", "verdict": "ja"}),)


def test_line_with_a_separator_hint_and_columns_without_content_are_skipped(tmp_path: Path) -> None:
    sheet = read(tmp_path, b"sep=;\nname;verdict;;\nNike;yes;;\n")
    assert sheet.rows == ((3, {"name": "Nike", "verdict": "yes"}),)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"name\nNike\n", "no column 'verdict'; the columns are name, verdict, texts"),
        (b"", "no column 'name', 'verdict'"),
        (b"name,verdict,note\n", "unknown column 'note'; the columns are"),
        (b"name,verdict,Name\n", "repeated column 'name'"),
        (b"name,verdict\nNike,yes,\n", "sheet.csv, line 2: expected 2 fields, found 3; fix the line"),
        (b"name,verdict\nNike\n", "sheet.csv, line 2: expected 2 fields, found 1"),
        (b"name,verdict,\nNike,yes,x\n", "line 2: 'x' is in a column without a name"),
        (b'name,verdict\n"a\nb",no\n"Nike,yes\n', "line 4: not CSV"),
        (b'name,verdict\n"Nike"s,yes\n', "line 2: not CSV"),
        (b"name,verdict\nNike\0,yes\n", "line 2: a cell contains a NUL character"),
        # An umlaut of a Mac code page is another letter in Windows-1252.
        ("name,verdict\nÄhre,ja\n".encode("mac-roman"), "line 2: neither UTF-8 nor plain Windows-1252"),
        ("name,verdict\nMünze,ja\n".encode("cp850"), "line 2: neither UTF-8 nor plain Windows-1252"),
        (b"\xef\xbb\xbfname,verdict\nM\xfcnze,ja\n", "not utf-8-sig (invalid start byte)"),
        (b"\xff\xfen\0a", "not utf-16 ("),
    ],
)
def test_fault_is_named_with_key_and_file(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, data)
    assert str(error.value).startswith(f"the.key: {tmp_path}/sheet.csv")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the\.key: .*gone\.csv cannot be read"):
        spreadsheet.read(tmp_path / "gone.csv", REQUIRED, OPTIONAL, "the.key")


def test_written_file_has_a_mark_guards_formulas_and_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "sheet.csv"
    names = ["=HYPERLINK(1)", "+1+1", "-x", "@a", "\ta", "'quoted'", "-12,5", "'-5", "Ähre", 'a "b", c']
    spreadsheet.write(file, (*REQUIRED, "texts"), [[name, "", -3] for name in names], ";")
    assert file.read_bytes().startswith(b"\xef\xbb\xbfname;verdict;texts\n")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        cells = [(row["name"], row["texts"]) for row in csv.DictReader(lines, delimiter=";")]
    guarded = ["'=HYPERLINK(1)", "'+1+1", "'-x", "'@a", "'\ta", *names[5:]]
    assert cells == [(name, "-3") for name in guarded]
    sheet = spreadsheet.read(file, REQUIRED, OPTIONAL, "the.key")
    assert [row["name"] for _, row in sheet.rows] == names
