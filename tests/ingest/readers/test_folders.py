"""Published folders, class folders, misplaced files, and object stores."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyarrow import fs

from coinspark.core.errors import InputError
from coinspark.ingest import photo_files
from coinspark.ingest.readers import folders, published
from coinspark.ingest.readers.folders import FoldersSource
from coinspark.ingest.readers.published import PublishedSource
from tests.coin_photos import as_bytes, disc

HEADER = "image_name,coin_id,type_id,mint,medium,museum,obverse_description,reverse_description\n"


def write_files(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(as_bytes(disc(number, 24, 24)))


def index(folder: Path) -> str:
    (folder / "index.csv").write_text(
        HEADER
        + (
            'a,10909,4389,Abdera,original,BNF,"Griffin, left.",Incuse punch.\n'
            "b,9827,1873,Maroneia,plaster,,,\n"
        )
    )
    return str(folder / "index.csv")


def published_source(root: Path, **changes: object) -> PublishedSource:
    return PublishedSource.model_validate({"kind": "published", "root": str(root)} | changes)


def test_separate_sides_take_mints_and_texts_from_the_index(tmp_path: Path) -> None:
    write_files(
        tmp_path / "c",
        "4389/CN_type_4389_BNF_D 2180.1_cn_coin_10909_o_obv.jpg",
        "4389/CN_type_4389_BNF_D 2180.1_cn_coin_10909_o_rev.jpg",
        "1873/CN_type_1873_cn_coin_9827_p_obv.jpg",
        "1873/CN_type_1873_cn_coin_9827_p_rev.jpg",
        "1873/CN_type_1873_cn_coin_9828_o_obv.jpg",
        "5/CN_type_5_cn_coin_6_o_obv.jpg",
        "5/CN_type_5_cn_coin_6_o_rev.jpg",
        "5/notes.jpg",
    )
    (tmp_path / "c" / "5" / "readme.txt").write_text("ignored")
    listing = published.read(published_source(tmp_path / "c", layout="coins", index=index(tmp_path)))
    records = {record.coin_id: record for record in listing.records}
    assert {key: (r.medium, r.mint, r.types) for key, r in records.items()} == {
        "10909": ("original", "Abdera", ("4389",)),
        "9827": ("plaster", "Maroneia", ("1873",)),
    }
    griffin = records["10909"]
    assert (
        griffin.photos.obverse is not None
        and griffin.photos.reverse is not None
        and griffin.photos.merged is None
    )
    assert griffin.photos.obverse.uri.endswith("D 2180.1_cn_coin_10909_o_obv.jpg")
    assert [text.text for text in griffin.descriptions] == ["Griffin, left.", "Incuse punch."]
    assert sorted((r.coin_id, r.reason) for r in listing.rejects) == [
        ("", "bad_name"),
        ("6", "no_mint"),
        ("9828", "no_mint"),
    ]


def test_mint_folders_need_no_index(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        "Abdera/CN_type_4389_BNF_1973.1.1_cn_coin_10908_o.jpg",
        "Abdera/CN_type_4390_BNF_1973.1.1_cn_coin_10908_o.jpg",
        "Chersonesus Thracica/CN_type_7_cn_coin_8_p.jpg",
    )
    listing = published.read(published_source(tmp_path, layout="mints"))
    assert sorted((r.coin_id, r.medium, r.mint, r.types) for r in listing.records) == [
        ("10908", "original", "Abdera", ("4389", "4390")),
        ("8", "plaster", "Chersonesus Thracica", ("7",)),
    ]
    assert all(
        record.photos.merged is not None and record.photos.obverse is None for record in listing.records
    )
    assert listing.rejects == ()


@pytest.mark.fault(12)
def test_a_missing_side_is_rejected(tmp_path: Path) -> None:
    write_files(tmp_path, "Roma/CN_type_1_cn_coin_2_o_rev.jpg")
    (reject,) = published.read(published_source(tmp_path, layout="mints")).rejects
    assert (reject.coin_id, reject.reason) == ("2", "missing_side") and "obverse" in reject.detail


def test_a_coin_in_two_mints_is_rejected(tmp_path: Path) -> None:
    write_files(tmp_path, "Roma/CN_type_1_cn_coin_2_o.jpg", "Siscia/CN_type_1_cn_coin_2_o.jpg")
    listing = published.read(published_source(tmp_path, layout="mints"))
    assert listing.records == () and [reject.reason for reject in listing.rejects] == ["duplicate"]
    assert "Roma/" in listing.rejects[0].detail and "Siscia/" in listing.rejects[0].detail


def test_layouts_without_mints_require_the_index(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="set `index`"):
        published.read(published_source(tmp_path, layout="types"))
    (tmp_path / "index.csv").write_text("image_name,coin\n1,2\n")
    with pytest.raises(InputError, match="no column 'coin_id'"):
        published.read(published_source(tmp_path, layout="types", index="index.csv"))


def test_class_folders_give_mints_and_reject_misplaced_files(tmp_path: Path) -> None:
    write_files(
        tmp_path / "euro", "1c/train_1.jpg", "1c/train_1.png", "deep/2c/x.y.jpg", "stray.jpg", ".hidden/3.jpg"
    )
    (tmp_path / "outside.jpg").write_bytes(as_bytes(disc(1)))
    (tmp_path / "euro" / "1c" / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    (tmp_path / "euro" / "1c" / "loop").symlink_to(tmp_path / "euro")
    (tmp_path / "euro" / "LICENSE").write_text("ignored")
    listing = folders.read(FoldersSource(kind="folders", root=str(tmp_path / "euro"), side="reverse"))
    assert [(r.coin_id, r.mint) for r in listing.records] == [("1c/train_1", "1c"), ("deep/2c/x.y", "2c")]
    assert all(
        record.photos.reverse is not None and record.photos.obverse is None for record in listing.records
    )
    assert sorted((r.coin_id, r.reason) for r in listing.rejects) == [
        ("1c/link", "outside_root"),
        ("1c/train_1", "bad_name"),
        ("stray", "bad_name"),
    ]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as object store `mem://shop`, accessed through pyarrow.fs."""
    system = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    monkeypatch.setattr(photo_files, "_file_system", lambda scheme, authority: (system, authority))
    return tmp_path / "shop"


@pytest.mark.fault(13)
def test_an_object_store_is_read_like_a_folder(store: Path) -> None:
    write_files(store, "coins/1c/a b.jpg", "coins/1c/.x.jpg", "coins/2c/b.jpg", "other/3c/c.jpg")
    root = photo_files.open_root("mem://shop/coins/")
    files = photo_files.list_files(root)
    assert list(files) == ["1c/a b.jpg", "2c/b.jpg"]
    photo = files["1c/a b.jpg"]
    assert isinstance(photo, photo_files.PhotoFile)
    assert (
        photo.uri == "mem://shop/coins/1c/a b.jpg"
        and photo.size == (store / "coins/1c/a b.jpg").stat().st_size
    )
    assert photo.modified == (store / "coins/1c/a b.jpg").stat().st_mtime_ns // 1_000_000
    assert photo_files.read_bytes(photo.uri) == (store / "coins/1c/a b.jpg").read_bytes()
    photos = photo_files.find_photos(
        root,
        [
            "1c/a b.jpg",
            "1c/none.jpg",
            "../other/3c/c.jpg",
            "mem://shop/other/3c/c.jpg",
            "mem://shop/coins/2c/b.jpg",
        ],
    )
    assert photos["1c/a b.jpg"] == photo and photos["mem://shop/coins/2c/b.jpg"] == files["2c/b.jpg"]
    reasons = {name: photo.reason for name, photo in photos.items() if isinstance(photo, photo_files.Fault)}
    assert reasons == {
        "1c/none.jpg": "missing_photo",
        "../other/3c/c.jpg": "outside_root",
        "mem://shop/other/3c/c.jpg": "outside_root",
    }
    with pytest.raises(InputError, match="no such folder"):
        photo_files.open_root("mem://shop/nowhere")


def test_an_unsupported_store_is_named_in_the_error() -> None:
    with pytest.raises(InputError, match="xyz://a: cannot be opened"):
        photo_files.open_root("xyz://a/b")
