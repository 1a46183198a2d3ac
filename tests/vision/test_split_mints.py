"""Which mints a layer splits: by name, by size, by rank."""

from __future__ import annotations

from coinspark.config import Split
from coinspark.vision.split_mints import split_mints


def test_mints_are_split_by_name_by_size_and_by_rank() -> None:
    sizes = {"A": 10, "B": 400, "C": 401, "D": 401}
    assert split_mints(sizes, Split(mints=("A",)), "x") == ("A",)
    assert split_mints(sizes, Split(over=400), "x") == ("C", "D")
    assert split_mints(sizes, Split(mints=("A",), biggest=1), "x") == ("A", "C")
    assert split_mints(sizes, Split(), "x") == ()
