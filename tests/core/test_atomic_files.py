"""Small files are written completely or not at all."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from coinspark.core import atomic_files


def test_write_creates_the_folder_and_leaves_no_other_file(tmp_path: Path) -> None:
    file = atomic_files.write_json(tmp_path / "a" / "b" / "one.json", {"b": 1, "a": ["ä"]})
    assert file.read_text() == '{"a": ["\\u00e4"], "b": 1}'
    assert atomic_files.write_text(file, "Μᾶρκος").read_bytes() == "Μᾶρκος".encode()
    assert list(file.parent.iterdir()) == [file]


def test_failed_write_keeps_the_old_file_and_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = atomic_files.write_text(tmp_path / "one.txt", "before")

    def fail_when_full(self: Path, text: str, encoding: str) -> None:
        with self.open("w", encoding=encoding) as stream:
            stream.write(text[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail_when_full)
    with pytest.raises(OSError, match="No space left"):
        atomic_files.write_text(file, "after")
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_bytes() == b"before"


def test_private_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o644)
    atomic_files.write_text(file, "new", private=True)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o600)


def test_new_files_exclude_users_outside_the_group(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        atomic_files.exclude_other_users()
        atomic_files.write_text(tmp_path / "reports" / "a.html", "x")
        subprocess.run(["touch", tmp_path / "of a child"], check=True)
    finally:
        assert os.umask(before) == 0o027
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o007 == 0
