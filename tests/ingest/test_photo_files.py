"""Roots and folders that cannot be read end with one line; files with unusable names are rejected."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coinspark.core.errors import InputError
from coinspark.ingest.photo_files import find_photos, list_files, open_root
from coinspark.ingest.readers import folders, synthetic
from coinspark.ingest.readers.folders import FoldersSource
from coinspark.ingest.records import Fault
from coinspark.synthetic.settings import SyntheticSource

ROOTS = [
    "~nobody-here/coins",
    "a\0b",
    "x" * 5_000,
    "{tmp}/loop/coins",
    "s3x://bucket/coins",
    "://",
    "hdfs://",
]


@pytest.mark.parametrize("root", ROOTS)
def test_a_root_that_is_no_folder_is_named_in_one_line(tmp_path: Path, root: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InputError) as caught:
        open_root(root.format(tmp=tmp_path))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 900


@pytest.mark.parametrize("root", ["~nobody-here/coins", "a\0b", "{tmp}/file/coins"])
def test_synthetic_coins_that_cannot_be_written_are_one_line(tmp_path: Path, root: str) -> None:
    (tmp_path / "file").touch()
    source = SyntheticSource(kind="synthetic", root="a", coins=4, mints=2)
    with pytest.raises(InputError, match=r"set .*root") as caught:
        synthetic.read(source.model_copy(update={"root": root.format(tmp=tmp_path)}))
    assert str(caught.value).isprintable()


@pytest.mark.fault(13)
def test_looping_links_and_names_that_are_not_utf_8_are_rejected(tmp_path: Path) -> None:
    mint = tmp_path / "Roma"
    mint.mkdir()
    (mint / "1.jpg").write_bytes(b"photo")
    (mint / "loop.jpg").symlink_to("loop.jpg")
    Path(os.fsdecode(os.fsencode(mint) + b"/\xff.jpg")).write_bytes(b"photo")
    listing = folders.read(FoldersSource(kind="folders", root=str(tmp_path)))
    assert [record.coin_id for record in listing.records] == ["Roma/1"]
    assert {reject.coin_id: reject.reason for reject in listing.rejects} == {
        "Roma/loop": "missing_photo",
        "Roma/\\udcff": "bad_name",
    }


def test_over_long_names_are_missing_photos(tmp_path: Path) -> None:
    name = "x" * 5_000
    fault = find_photos(open_root(str(tmp_path)), [name, f"{name}/y.jpg"])[name]
    assert isinstance(fault, Fault) and fault.reason == "missing_photo" and len(fault.detail) < 500


def test_a_folder_that_cannot_be_listed_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: str) -> None:
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr(os, "scandir", refuse)  # the tests may run as root, who may read every folder
    with pytest.raises(InputError, match=r"cannot be read .Permission denied"):
        list_files(open_root(str(tmp_path)))
