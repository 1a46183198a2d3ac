"""Weights by hash: what is refused, and that nothing is ever unpickled."""

from __future__ import annotations

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest

from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import file_hash
from coinspark.vision import weights


def test_a_hash_mismatch_stops_before_anything_is_read(tmp_path: Path) -> None:
    file = tmp_path / "vgg16_notop.h5"
    file.write_bytes(b"no HDF5 at all")
    with pytest.raises(InputError, match=r"vgg16_notop\.h5: SHA-256 is .*, but 0000.* was expected"):
        weights.read(file, "0" * 64, "training")
    with pytest.raises(ConfigError, match=r"training\.weights_sha256: missing"):
        weights.read(file, None, "training")
    with pytest.raises(InputError, match="cannot be read"):
        weights.read(tmp_path / "no.h5", "0" * 64, "training")


def test_arrays_come_back_and_equal_ones_have_equal_bytes(tmp_path: Path) -> None:
    arrays = {"block1_conv1/kernel": np.arange(6.0).reshape(2, 3), "dropout/count": np.array(3)}
    digest = weights.save(arrays, tmp_path / "a.npz")
    assert weights.save(arrays, tmp_path / "b.npz") == digest == file_hash(tmp_path / "a.npz")
    found = weights.read(tmp_path / "a.npz", digest.upper(), "features")
    assert found.keys() == arrays.keys() and all((found[name] == arrays[name]).all() for name in arrays)
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", "b.npz"}


def test_keras_1_and_2_names_are_the_same(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "old.h5", "w") as opened:
        opened["block1_conv1/block1_conv1_W_1:0"] = np.ones((3, 3, 3, 64))
        opened["block1_conv2/block1_conv2/kernel:0"] = np.zeros((3, 3, 64, 64))
    found = weights.read(tmp_path / "old.h5", file_hash(tmp_path / "old.h5"), "training")
    assert {name: values.shape for name, values in found.items()} == {
        "block1_conv1/kernel": (3, 3, 3, 64),
        "block1_conv2/kernel": (3, 3, 64, 64),
    }


class _Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (f"open({str(self.mark)!r}, 'w')",)


@pytest.mark.parametrize("name", ["evil.npz", "evil.h5"])
def test_a_pickle_with_the_right_hash_is_not_unpickled(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(_Evil(tmp_path / "mark")))
    with pytest.raises(InputError, match="evil"):
        weights.read(tmp_path / name, file_hash(tmp_path / name), "training")
    with (tmp_path / "object.npz").open("wb") as opened:
        np.savez(opened, **{"block1_conv1/kernel": np.array([_Evil(tmp_path / "mark")], dtype=object)})
    with pytest.raises(InputError, match=r"object\.npz"):
        weights.read(tmp_path / "object.npz", file_hash(tmp_path / "object.npz"), "training")
    assert not (tmp_path / "mark").exists()
