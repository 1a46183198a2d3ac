"""SHA-256 of values and files; the hash of `abc` is the example of the standard (FIPS 180-2)."""

from __future__ import annotations

from pathlib import Path

from coinspark.config import Config
from coinspark.core.hashing import digest, file_hash, files_hash


def test_digest_depends_on_values_not_on_order() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": (1, 2), "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert digest(Config().training) == digest(Config().training.model_dump(mode="json"))


def test_file_hash_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_hash(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_files_hash_depends_on_names_and_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "a" / "one", tmp_path / "a" / "other"
    one.parent.mkdir()
    one.write_bytes(b"x")
    other.write_bytes(b"x")
    assert files_hash([one], tmp_path) == files_hash([one], tmp_path) != files_hash([one], tmp_path / "a")
    assert len({files_hash(files, tmp_path) for files in ([one], [other], [one, other], [])}) == 4
