"""The folder of synthetic coins: its content, determinism, and repair after an interruption."""

from __future__ import annotations

import csv
import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from coinspark.core.errors import InputError
from coinspark.ingest.readers import synthetic
from coinspark.synthetic import collection
from coinspark.synthetic.file_record import damaged_files
from coinspark.synthetic.mintage import list_coins, shares, types
from coinspark.synthetic.settings import SyntheticSource


def settings(**changes: Any) -> SyntheticSource:
    small = {"kind": "synthetic", "root": "unused", "coins": 40, "mints": 3, "types_per_mint": 3, "photo": 32}
    return SyntheticSource(**{**small, **changes})


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != ".stamp"  # it contains times
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synthetic")
    collection.write_collection(path, settings())
    return path


def test_shares_match_values_computed_by_hand() -> None:
    assert shares(10, 3, 0) == [4, 3, 3]  # one each, then 7 / 3
    assert shares(11, 2, 1) == [7, 4]  # one each, then 9 as 2 to 1
    assert shares(2, 5, 1) == [1, 1]


def test_coins_have_the_configured_number_and_distinct_keys() -> None:
    coins = list_coins(settings(coins=300, mints=4))
    assert len(coins) == 300
    assert len({(coin.coin_id, coin.medium) for coin in coins}) == 300
    assert len({coin.stem for coin in coins}) == 300
    assert list(Counter(coin.type.mint for coin in coins).values()) == shares(300, 4, 1.0)


def test_some_coins_are_casts_and_some_are_original_and_cast() -> None:
    coins = list_coins(settings(coins=2000))
    media = Counter(coin.medium for coin in coins)
    in_both_media = [n for n in Counter(coin.coin_id for coin in coins).values() if n == 2]
    assert 0.12 < media["plaster"] / 2000 < 0.30
    assert 0.02 < len(in_both_media) / 2000 < 0.09


def test_pairs_of_motifs_are_distinct_within_a_mint_and_shared_between_mints() -> None:
    pairs = [
        {(coin_type.obverse, coin_type.reverse) for coin_type in mint_types}
        for mint_types in types(settings(mints=6, types_per_mint=6))
    ]
    assert [len(mint_pairs) for mint_pairs in pairs] == [6] * 6
    assert len(set.union(*pairs)) < 36


def test_coins_csv_names_every_photo(folder: Path) -> None:
    rows = read_csv(folder / "coins.csv")
    assert len(rows) == 40
    assert tuple(rows[0]) == collection.COINS
    names = [row[side] for row in rows for side in ("obverse_image", "reverse_image")]
    assert sorted(names) == sorted(f"photos/{file.name}" for file in (folder / "photos").iterdir())
    assert all((folder / name).read_bytes().startswith(b"\xff\xd8") for name in names)


def test_boxes_are_within_their_photo(folder: Path) -> None:
    coins = {(row["coin_id"], row["medium"]) for row in read_csv(folder / "coins.csv")}
    boxes = read_csv(folder / "boxes.csv")
    photos = {(box["coin_id"], box["medium"], box["side"]) for box in boxes}
    assert photos == {(*coin, side) for coin in coins for side in ("obverse", "reverse")}
    for box in boxes:
        x, y, width, height = (int(box[key]) for key in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and width > 0 and height > 0
        assert x + width <= 32 and y + height <= 32


def test_same_settings_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    collection.write_collection(tmp_path, settings(root="elsewhere", name="another"))
    assert hashes(tmp_path) == hashes(folder)


def test_another_seed_gives_other_photos(folder: Path, tmp_path: Path) -> None:
    collection.write_collection(tmp_path, settings(seed=2))
    assert hashes(tmp_path)["photos/syn-00001_obv.jpg"] != hashes(folder).get("photos/syn-00001_obv.jpg")


def test_a_complete_folder_is_not_written_and_an_incomplete_one_is_repaired(tmp_path: Path) -> None:
    small = settings(coins=6, mints=2)
    coins_csv = collection.write_collection(tmp_path, small)
    complete, photo = hashes(tmp_path), sorted((tmp_path / "photos").iterdir())[0]
    times = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()}
    assert collection.write_collection(tmp_path, small) == coins_csv
    assert {file: file.stat().st_mtime_ns for file in times} == times
    (tmp_path / ".stamp").unlink()  # as after a kill: no stamp, half a photo
    photo.write_bytes(photo.read_bytes()[:100])
    collection.write_collection(tmp_path, small)
    assert hashes(tmp_path) == complete
    rewritten = (photo, tmp_path / ".stamp")
    assert all(file.stat().st_mtime_ns == times[file] for file in times if file not in rewritten)


@pytest.mark.parametrize("name", ["photos/syn-00001_obv.jpg", "coins.csv", "boxes.csv", "lists/list_obj.csv"])
def test_each_damaged_file_is_written_again_with_its_time(tmp_path: Path, name: str) -> None:
    """A changed size or time is noticed at once, changed bytes if they are compared."""
    small = settings(coins=6, mints=2)
    collection.write_collection(tmp_path, small)
    version, complete = collection.version(small), hashes(tmp_path)
    file, time = tmp_path / name, (tmp_path / name).stat().st_mtime_ns
    data = file.read_bytes()
    for edited, edited_time in ((data + b"x", time), (b"x" + data[1:], time + 1), (b"x" + data[1:], time)):
        file.write_bytes(edited)
        os.utime(file, ns=(edited_time, edited_time))
        is_hidden = (len(edited), edited_time) == (len(data), time)
        assert damaged_files(tmp_path, version) == ([] if is_hidden else [name])
        assert damaged_files(tmp_path, version, verify=True) == [name]
        if is_hidden:
            file.unlink()
        collection.write_collection(tmp_path, small)
        assert hashes(tmp_path) == complete and file.stat().st_mtime_ns == time
    assert damaged_files(tmp_path, "another version") == [".stamp"]


def test_the_collection_is_read_without_rejects(folder: Path) -> None:
    listing = synthetic.read(settings(root=str(folder), name="drawn"))
    assert len(listing.records) == 40
    assert not listing.rejects


def test_the_state_of_the_reader_draws_nothing(tmp_path: Path) -> None:
    state = synthetic.READER.state
    assert state is not None
    source = settings(root=str(tmp_path / "coins"))
    assert state(source) == state(settings(root="elsewhere"))
    assert state(source) != state(settings(seed=2))
    assert not (tmp_path / "coins").exists()


def test_a_folder_that_cannot_be_written_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write synthetic coins"):
        collection.write_collection(tmp_path / "file" / "coins", settings())
