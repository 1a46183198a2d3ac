"""Small files, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from coinspark.core import atomic_files


def test_a_file_stands_in_its_folder_which_is_made(tmp_path: Path) -> None:
    file = atomic_files.write_json(tmp_path / "a" / "b" / "one.json", {"b": 1, "a": ["ä"]})
    assert file.read_text() == '{"a": ["\\u00e4"], "b": 1}'
    assert atomic_files.write_text(file, "Μᾶρκος").read_bytes() == "Μᾶρκος".encode()
    assert list(file.parent.iterdir()) == [file]


def test_a_broken_write_leaves_what_was_there_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = atomic_files.write_text(tmp_path / "one.txt", "before")

    def full(self: Path, text: str, encoding: str) -> None:
        with self.open("w", encoding=encoding) as opened:
            opened.write(text[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        atomic_files.write_text(file, "after")
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_bytes() == b"before"
