"""Manifests: columns, encodings, and photos that are missing or outside the root."""

from __future__ import annotations

import datetime
import decimal
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coinspark.config import Columns
from coinspark.core.errors import InputError
from coinspark.ingest.readers import manifest
from coinspark.ingest.records import Listing
from tests.coin_photos import COLUMNS, HEADER, row, source, write_coins, write_manifest, write_photos


def reasons(listing: Listing) -> dict[str, str]:
    return {reject.coin_id: reject.reason for reject in listing.rejects}


def test_a_row_gives_a_coin_with_photos_and_texts(tmp_path: Path) -> None:
    write_coins(tmp_path, 2)
    listing = manifest.read(source(tmp_path, licence="CC0"))
    first = listing.records[0]
    photo = tmp_path / "photos" / "0_o.jpg"
    assert (first.coin_id, first.medium, first.mint, first.types, first.licence) == (
        "0",
        "original",
        "Roma",
        ("T0",),
        "CC0",
    )
    assert first.photos.obverse is not None and first.photos.obverse.uri == str(photo)
    assert (
        first.photos.obverse.size == photo.stat().st_size
        and first.photos.obverse.modified == photo.stat().st_mtime_ns // 1_000_000
    )
    assert [(text.side, text.text) for text in first.descriptions] == [
        ("obverse", "Head of emperor 0, right."),
        ("reverse", "Victory advancing left."),
    ]
    assert listing.rejects == ()


def test_unusable_rows_are_rejected_with_a_reason(tmp_path: Path) -> None:
    write_photos(tmp_path, range(5))
    write_manifest(
        tmp_path,
        [
            row(0),
            row(1, mint="  "),
            row(2, coin_id=" "),
            row(3, reverse_image=""),
            row(4, obverse_image="photos/none.jpg"),
            row(5, obverse_image="", reverse_image=""),
            row(6, obverse_image="photos"),
        ],
    )
    listing = manifest.read(source(tmp_path))
    assert [record.coin_id for record in listing.records] == ["0"]
    assert reasons(listing) == {
        "1": "no_mint",
        "": "no_coin_id",
        "3": "missing_side",
        "4": "missing_photo",
        "5": "missing_side",
        "6": "missing_photo",
    }
    uris = {reject.coin_id: reject.uri for reject in listing.rejects}
    assert uris["1"].endswith("coins.csv#3") and uris["4"] == "photos/none.jpg"
    assert "coins.csv#6" in next(reject.detail for reject in listing.rejects if reject.coin_id == "4")


def test_photos_single_accepts_one_side(tmp_path: Path) -> None:
    write_photos(tmp_path, [0, 1])
    write_manifest(tmp_path, [row(0, reverse_image=""), row(1), row(2, obverse_image="", reverse_image="")])
    listing = manifest.read(source(tmp_path, photos="single"))
    sides = [
        (record.photos.obverse is not None, record.photos.reverse is not None) for record in listing.records
    ]
    assert sides == [(True, False), (True, True)]
    assert reasons(listing) == {"2": "missing_side"}


def test_photos_none_looks_for_no_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_manifest(tmp_path, [row(0, obverse_image="/etc/passwd")])
    monkeypatch.setattr(manifest, "find_photos", lambda *_: pytest.fail("looked for photos"))
    (record,) = manifest.read(source(tmp_path, photos="none")).records
    assert not record.has_photos and len(record.descriptions) == 2


def test_photos_none_needs_no_photo_columns(tmp_path: Path) -> None:
    """The first try of a user with texts only: the default photo columns do not exist."""
    (tmp_path / "coins.csv").write_text("coin_id,mint\n1,Roma\n2,\n")
    listing = manifest.read(source(tmp_path, photos="none", columns=Columns()))
    assert [record.coin_id for record in listing.records] == ["1"] and reasons(listing) == {"2": "no_mint"}


@pytest.mark.fault(13)
def test_photos_outside_the_root_are_rejected(tmp_path: Path) -> None:
    write_photos(tmp_path / "coins", [0])
    write_photos(tmp_path / "elsewhere", [0])
    (tmp_path / "coins" / "link.jpg").symlink_to("/etc/passwd")
    (tmp_path / "coins" / "away").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "coins" / "inner.jpg").symlink_to(tmp_path / "coins" / "photos" / "0_o.jpg")
    outside = [
        "../../etc/passwd",
        "/etc/passwd",
        "link.jpg",
        "away/photos/0_o.jpg",
        "https://example.org/a.jpg",
        "file:///etc/passwd",
        "photos/../../elsewhere/photos/0_o.jpg",
        "s3://bucket/a.jpg",
        "photos/\0.jpg",
        ".",
    ]
    rows = [row(0, coin_id=str(n), obverse_image=name) for n, name in enumerate(outside)]
    inside = [
        "inner.jpg",
        "photos/../photos/0_o.jpg",
        str(tmp_path / "coins/photos/0_o.jpg"),
        f"file://{tmp_path}/coins/photos/0_o.jpg",
    ]
    rows += [row(0, coin_id=f"in{n}", obverse_image=name) for n, name in enumerate(inside)]
    write_manifest(tmp_path / "coins", rows)
    listing = manifest.read(source(tmp_path / "coins"))
    assert reasons(listing) == {str(n): "outside_root" for n in range(len(outside))}
    assert [record.coin_id for record in listing.records] == ["in0", "in1", "in2", "in3"]


def test_a_missing_column_is_named_with_the_existing_columns(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, [row(0)])
    path.write_text(path.read_text().replace("obverse_image", "obverse_img"))
    with pytest.raises(InputError) as caught:
        manifest.read(source(tmp_path))
    for word in (
        str(path),
        "'obverse_image'",
        "columns.obverse",
        "did you mean 'obverse_img'",
        "reverse_image",
    ):
        assert word in str(caught.value)
    write_manifest(tmp_path, [row(0)])
    with pytest.raises(InputError, match=r"'legend' \(columns.reverse_text.la\)"):
        manifest.read(source(tmp_path, columns=COLUMNS.model_copy(update={"reverse_text": {"la": "legend"}})))


def test_a_wrong_encoding_is_named_and_latin_1_is_read(tmp_path: Path) -> None:
    write_photos(tmp_path, [0, 1])
    path = write_manifest(tmp_path, [row(0), row(1, mint="Köln")], encoding="latin-1")
    with pytest.raises(InputError) as caught:
        manifest.read(source(tmp_path))
    assert (
        str(path) in str(caught.value)
        and "line 3" in str(caught.value)
        and "encoding: latin-1" in str(caught.value)
    )
    assert [record.mint for record in manifest.read(source(tmp_path, encoding="latin-1")).records] == [
        "Roma",
        "Köln",
    ]
    with pytest.raises(InputError, match="encoding 'klingon' is unknown"):
        manifest.read(source(tmp_path, encoding="klingon"))


def test_semicolons_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    write_photos(tmp_path, [0])
    path = write_manifest(tmp_path, [row(0, obverse_en="Head right")])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b",", b";").replace(b"\r\n", b"\r\n"))
    (record,) = manifest.read(source(tmp_path)).records
    assert record.coin_id == "0" and record.descriptions[0].text == "Head right"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("0,Roma\r\n", "coins.csv, line 2: expected 7 fields, found 2; fix the line"),
        ('0,"Roma,T0,a,b,c,d\r\n1,x', "not CSV"),
        ("", "holds no coin"),
    ],
)
def test_a_broken_csv_is_named_with_its_line(tmp_path: Path, body: str, message: str) -> None:
    (tmp_path / "coins.csv").write_text(",".join(HEADER) + "\r\n" + body)
    with pytest.raises(InputError, match=message):
        manifest.read(source(tmp_path))


def test_a_missing_manifest_or_root_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{tmp_path}/coins.csv: cannot be read"):
        manifest.read(source(tmp_path))
    with pytest.raises(InputError, match="no such folder"):
        manifest.read(source(tmp_path / "nowhere"))


def test_parquet_gives_the_same_records_as_csv(tmp_path: Path) -> None:
    write_photos(tmp_path, [0, 7])
    rows = [row(0), row(7)]
    csv_listing = manifest.read(source(write_manifest(tmp_path, rows).parent))
    table = pa.Table.from_pylist(
        [{**cells, "coin_id": int(cells["coin_id"]), "type": None} for cells in rows]
    )
    pq.write_table(table, tmp_path / "coins.parquet")
    parquet = manifest.read(source(tmp_path, path="coins.parquet"))
    assert [(r.coin_id, r.photos.obverse, r.descriptions) for r in parquet.records] == [
        (r.coin_id, r.photos.obverse, r.descriptions) for r in csv_listing.records
    ]
    assert parquet.records[0].types == ()
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "coins.parquet").read_bytes()[:300])
    with pytest.raises(InputError, match="not a valid Parquet file"):
        manifest.read(source(tmp_path, path="cut.parquet"))


def parquet(folder: Path, **columns: pa.Array) -> Path:
    arrays = {"coin_id": pa.array(["1"]), "mint": pa.array(["Roma"]), **columns}
    pq.write_table(pa.table(arrays), folder / "coins.parquet")
    return folder


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (pa.array([datetime.date(2023, 2, 28)]), "2023-02-28"),
        (pa.array([5_000_000], pa.date32()), "15659-07-15"),
        (pa.array([1_675_209_600_000_000_001], pa.timestamp("ns")), "2023-02-01 00:00:00.000000001"),
        (pa.array([1_675_209_600], pa.timestamp("s")), "2023-02-01 00:00:00"),
        (pa.array([1], pa.time64("ns")), "00:00:00.000000001"),
        (pa.array([decimal.Decimal("1.50")]), "1.50"),
        (pa.array([7.0]), "7"),
        (pa.array(["x"]).dictionary_encode(), "x"),
        (pa.array(["Köln".encode()]), "Köln"),
        (pa.array([None], pa.string()), ""),
    ],
)
def test_every_parquet_value_is_read_as_text(tmp_path: Path, value: pa.Array, text: str) -> None:
    columns = Columns(type="kind")
    listing = manifest.read(
        source(parquet(tmp_path, kind=value), path="coins.parquet", photos="none", columns=columns)
    )
    assert [record.types for record in listing.records] == [(text,) if text else ()]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (pa.array([["a", "b"]]), "list<element: string>"),
        (pa.array([{"a": 1}]), "struct<a: int64>"),
        (pa.array([b"\xff\xfe"]), "binary"),
        (pa.array([datetime.timedelta(1)]), r"duration\[us\]"),
    ],
)
def test_a_parquet_column_that_is_no_text_is_named(tmp_path: Path, value: pa.Array, kind: str) -> None:
    folder = parquet(tmp_path, kind=value)
    settings = {"path": "coins.parquet", "photos": "none"}
    assert len(manifest.read(source(folder, columns=Columns(), **settings)).records) == 1, "not configured"
    with pytest.raises(InputError, match=rf"'kind' \(columns.type\) has the type {kind}; write it as text"):
        manifest.read(source(folder, columns=Columns(type="kind"), **settings))


@pytest.mark.parametrize("encoding", ["rot13", "hex", "undefined", "nul\0", "raw_unicode_escape", "idna", ""])
def test_an_encoding_that_gives_no_text_is_named(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "coins.csv").write_bytes(b"coin_id,mint\n1,Ro\\ud800ma\xff..\n")
    with pytest.raises(InputError, match=r"coins.csv.*(unknown or no text|not )"):
        manifest.read(source(tmp_path, photos="none", encoding=encoding, columns=Columns()))


@pytest.mark.parametrize(
    "path", ["a\0b", "x" * 5_000, "loop", "pipe", ".", "/dev/zero", "s3x://b/c", "nowhere"]
)
def test_a_path_that_is_no_table_is_one_line(tmp_path: Path, path: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=r"cannot be (read|opened)") as caught:
        manifest.read(source(tmp_path, path=path))
    assert len(str(caught.value)) < 900 and str(caught.value).isprintable()


@pytest.mark.fault(14, 16)
def test_names_and_texts_are_not_changed(tmp_path: Path) -> None:
    write_photos(tmp_path, [0])
    mint = 'x\'); DROP TABLE--`coins`\nsecond "line" {table} ${HOME} 罗马 Ῥώμη'
    long = "Kopf nach rechts Ἀθηνᾶ ראש 头像 " * 40_000  # over 1 MB of mixed script
    write_manifest(tmp_path, [row(0, mint=mint, obverse_en=long, reverse_en="  spaced  ")])
    (record,) = manifest.read(source(tmp_path)).records
    assert record.mint == mint
    assert [text.text for text in record.descriptions] == [long, "  spaced  "]


def test_a_coin_under_two_types_with_two_file_names_is_one_coin(tmp_path: Path) -> None:
    names = [f"CN_type_{type_name}_MK_18_cn_coin_5_o.jpg" for type_name in ("17", "16")]
    for name in names:
        write_photos(tmp_path, [0])
        (tmp_path / name).write_bytes((tmp_path / "photos" / "0_o.jpg").read_bytes())
    write_manifest(
        tmp_path, [row(0, coin_id="5", type=name.split("_")[2], obverse_image=name) for name in names]
    )
    listing = manifest.read(source(tmp_path))
    (record,) = listing.records
    assert record.types == ("16", "17") and listing.rejects == ()
    assert record.photos.obverse is not None and record.photos.obverse.uri.endswith(
        "CN_type_16_MK_18_cn_coin_5_o.jpg"
    )
