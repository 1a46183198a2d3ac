"""Weights files: hashes, formats, and that nothing is unpickled."""

from __future__ import annotations

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest

from coinspark.core.errors import InputError
from coinspark.core.hashing import file_hash
from coinspark.vision import weights
from tests import remote_storage


@pytest.mark.fault(18)
def test_file_with_another_hash_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    file = tmp_path / "vgg16_notop.h5"
    file.write_bytes(b"no HDF5 at all")
    with pytest.raises(InputError, match=r"vgg16_notop\.h5: SHA-256 is .*, expected 0000"):
        weights.read(file, "0" * 64)
    with pytest.raises(InputError, match=r"SHA-256 is .*, expected None; the weights were not loaded"):
        weights.read(file, None)
    with pytest.raises(InputError, match="cannot read the weights"):
        weights.read(tmp_path / "no.h5", "0" * 64)


def test_saved_arrays_are_read_back_and_equal_arrays_give_equal_bytes(tmp_path: Path) -> None:
    arrays = {"block1_conv1/kernel": np.arange(6.0).reshape(2, 3), "dropout/count": np.array(3)}
    digest = weights.save(arrays, tmp_path / "a.npz")
    assert weights.save(arrays, tmp_path / "b.npz") == digest == file_hash(tmp_path / "a.npz")
    loaded = weights.read(tmp_path / "a.npz", digest.upper())
    assert loaded.keys() == arrays.keys() and all((loaded[name] == arrays[name]).all() for name in arrays)
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", "b.npz"}


def test_file_of_a_remote_warehouse_is_loaded_by_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = remote_storage.in_memory(monkeypatch) / "runs" / "mint 0" / "weights.npz"
    with pytest.raises(InputError, match=r"^hdfs://.*/mint 0/weights\.npz: cannot read the weights"):
        weights.read(file, "0" * 64)
    digest = weights.save({"logits/kernel": np.arange(6.0)}, tmp_path / "weights.npz")
    file.upload(tmp_path / "weights.npz")
    weights.check_hash(file, digest)
    np.testing.assert_array_equal(weights.read(file, digest)["logits/kernel"], np.arange(6.0))
    file.write_bytes(file.read_bytes()[:-1])
    for check in (weights.check_hash, weights.read):
        with pytest.raises(InputError, match=rf"mint 0/weights\.npz: SHA-256 is .*, expected {digest}"):
            check(file, digest)


def test_names_of_keras_1_are_translated(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file["block1_conv1/block1_conv1_W_1:0"] = np.ones((3, 3, 3, 64))
        file["block1_conv2/block1_conv2/kernel:0"] = np.zeros((3, 3, 64, 64))
    loaded = weights.read(tmp_path / "old.h5", file_hash(tmp_path / "old.h5"))
    assert {name: values.shape for name, values in loaded.items()} == {
        "block1_conv1/kernel": (3, 3, 3, 64),
        "block1_conv2/kernel": (3, 3, 64, 64),
    }


class _Evil:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (f"open({str(self.marker)!r}, 'w')",)


@pytest.mark.fault(18)
@pytest.mark.parametrize("name", ["evil.npz", "evil.h5"])
def test_pickle_with_the_right_hash_is_not_unpickled(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(_Evil(tmp_path / "marker")))
    with pytest.raises(InputError, match="evil"):
        weights.read(tmp_path / name, file_hash(tmp_path / name))
    with (tmp_path / "object.npz").open("wb") as file:
        np.savez(file, **{"block1_conv1/kernel": np.array([_Evil(tmp_path / "marker")], dtype=object)})
    with pytest.raises(InputError, match=r"object\.npz"):
        weights.read(tmp_path / "object.npz", file_hash(tmp_path / "object.npz"))
    assert not (tmp_path / "marker").exists()
