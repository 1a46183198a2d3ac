"""Weights files: named arrays in .npz (of this project) or HDF5 (of Keras), loaded by SHA-256 only.

Pickles and whole saved models are never loaded.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from coinspark.core.errors import InputError
from coinspark.core.hashing import file_hash
from coinspark.warehouse.files import Location

Arrays = dict[str, np.ndarray[Any, Any]]
"""`layer/variable` → values."""


def check_hash(file: Path | Location, sha256: str | None) -> None:
    """Check the SHA-256 of a weights file before anything parses it.

    Args:
        file: A local path or a location in the warehouse.
        sha256: The expected hash. None fits no file; `config.combinations` asks for a missing hash.

    Raises:
        InputError: The file cannot be read or has another hash.
    """
    try:
        actual = Location.of(file).sha256()
    except OSError as error:
        raise InputError(f"{file}: cannot read the weights ({error.strerror})") from None
    _compare_hash(actual, sha256, file)


def read(file: Path | Location, sha256: str | None) -> Arrays:
    """Read the arrays of a weights file, as `check_hash`. Raises InputError if it is not a weights file."""
    try:
        with Location.of(file).as_local() as path:
            _compare_hash(file_hash(path), sha256, file)
            return _read_npz(path, str(file)) if path.suffix == ".npz" else _read_h5(path, str(file))
    except OSError as error:
        raise InputError(f"{file}: cannot read the weights ({error.strerror})") from None


def save(arrays: Mapping[str, np.ndarray[Any, Any]], file: Path) -> str:
    """Write named arrays to an .npz file atomically and return its SHA-256. Equal arrays give equal bytes."""
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(stream, **arrays)
    part.replace(file)
    return file_hash(file)


def _compare_hash(actual: str, expected: str | None, file: Path | Location) -> None:
    if expected is None or actual != expected.lower():
        raise InputError(f"{file}: SHA-256 is {actual}, expected {expected}; the weights were not loaded")


def _read_npz(file: Path, name: str) -> Arrays:
    try:
        with np.load(file, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except (ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{name}: not an .npz file of plain arrays ({error})") from None


def _read_h5(file: Path, name: str) -> Arrays:
    import h5py  # type: ignore[import-untyped]

    arrays: Arrays = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            layer, variable = name.split("/")[0], name.split("/")[-1].split(":")[0]
            keras_1_names = {f"{layer}_W_1": "kernel", f"{layer}_b_1": "bias"}  # in the published VGG16 file
            arrays[f"{layer}/{keras_1_names.get(variable, variable)}"] = item[()]

    try:
        with h5py.File(file, "r") as content:
            content.visititems(visit)
    except OSError as error:
        raise InputError(f"{name}: not an HDF5 file of weights ({error})") from None
    return arrays
