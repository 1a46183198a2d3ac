"""The folder of synthetic coins: what stands in it, that it is always the same, and that a broken one is mended."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from coinspark.core.errors import InputError
from coinspark.ingest.readers import synthetic
from coinspark.synthetic import collection
from coinspark.synthetic.mintage import plan, shares, types
from coinspark.synthetic.settings import SyntheticSource


def settings(**more: Any) -> SyntheticSource:
    small = {"kind": "synthetic", "root": "unused", "coins": 40, "mints": 3, "types_per_mint": 3, "photo": 32}
    return SyntheticSource(**{**small, **more})


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("synthetic")
    collection.write_collection(place, settings())
    return place


def test_shares_by_hand() -> None:
    assert shares(10, 3, 0) == [4, 3, 3]  # one each, then 7 / 3
    assert shares(11, 2, 1) == [7, 4]  # one each, then 9 as 2 to 1
    assert shares(2, 5, 1) == [1, 1]


def test_plan_has_as_many_rows_as_asked_for_and_no_key_twice() -> None:
    rows = plan(settings(coins=300, mints=4))
    assert len(rows) == 300
    assert len({(coin.coin_id, coin.medium) for coin in rows}) == 300
    assert len({coin.stem for coin in rows}) == 300
    assert list(Counter(coin.type.mint for coin in rows).values()) == shares(300, 4, 1.0)


def test_some_coins_are_casts_and_some_are_both() -> None:
    rows = plan(settings(coins=2000))
    media = Counter(coin.medium for coin in rows)
    both = [n for n in Counter(coin.coin_id for coin in rows).values() if n == 2]
    assert 0.12 < media["plaster"] / 2000 < 0.30
    assert 0.02 < len(both) / 2000 < 0.09


def test_a_mint_has_no_pair_twice_and_shares_pairs_with_others() -> None:
    pairs = [
        {(kind.obverse, kind.reverse) for kind in kinds}
        for kinds in types(settings(mints=6, types_per_mint=6))
    ]
    assert [len(found) for found in pairs] == [6] * 6
    assert len(set.union(*pairs)) < 36


def test_coins_csv_names_photos_that_are_there(folder: Path) -> None:
    rows = read(folder / "coins.csv")
    assert len(rows) == 40
    assert tuple(rows[0]) == collection.COINS
    named = [row[side] for row in rows for side in ("obverse_image", "reverse_image")]
    assert sorted(named) == sorted(f"photos/{file.name}" for file in (folder / "photos").iterdir())
    assert all((folder / name).read_bytes().startswith(b"\xff\xd8") for name in named)


def test_boxes_lie_within_their_photo(folder: Path) -> None:
    coins = {(row["coin_id"], row["medium"]) for row in read(folder / "coins.csv")}
    boxes = read(folder / "boxes.csv")
    boxed = {(box["coin_id"], box["medium"], box["side"]) for box in boxes}
    assert boxed == {(*coin, side) for coin in coins for side in ("obverse", "reverse")}
    for box in boxes:
        x, y, width, height = (int(box[key]) for key in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and width > 0 and height > 0
        assert x + width <= 32 and y + height <= 32


def test_same_settings_same_bytes(folder: Path, tmp_path: Path) -> None:
    collection.write_collection(tmp_path, settings(root="elsewhere", name="another"))
    assert hashes(tmp_path) == hashes(folder)


def test_another_seed_draws_other_coins(folder: Path, tmp_path: Path) -> None:
    collection.write_collection(tmp_path, settings(seed=2))
    assert hashes(tmp_path)["photos/syn-00001_obv.jpg"] != hashes(folder).get("photos/syn-00001_obv.jpg")


def test_a_whole_folder_is_left_alone_and_a_broken_one_mended(tmp_path: Path) -> None:
    coins = collection.write_collection(tmp_path, settings(coins=6, mints=2))
    whole, photo = hashes(tmp_path), sorted((tmp_path / "photos").iterdir())[0]
    times = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()}
    assert collection.write_collection(tmp_path, settings(coins=6, mints=2)) == coins
    assert {file: file.stat().st_mtime_ns for file in times} == times
    (tmp_path / ".stamp").unlink()  # as a killed run leaves it: no stamp, half a photo
    photo.write_bytes(photo.read_bytes()[:100])
    collection.write_collection(tmp_path, settings(coins=6, mints=2))
    assert hashes(tmp_path) == whole
    assert all(
        file.stat().st_mtime_ns == times[file] for file in times if file not in (photo, tmp_path / ".stamp")
    )


def test_it_reads_as_a_manifest(folder: Path) -> None:
    listing = synthetic.read(settings(root=str(folder), name="drawn"))
    assert len(listing.records) == 40
    assert not listing.rejects


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write synthetic coins"):
        collection.write_collection(tmp_path / "file" / "coins", settings())
