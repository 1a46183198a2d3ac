"""Files of weights, loaded by hash: HDF5 in the layout of Keras applications, or this project's own npz of named arrays.

Never a pickle, never a whole model (DESIGN section 6, fault 18).
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import file_hash

Arrays = dict[str, np.ndarray[Any, Any]]
"""`layer/variable` → its values."""


def check_hash(file: Path, digest: str | None, section: str) -> None:
    """Stop unless the file's SHA-256 is the one that was stated; read in pieces, before anything parses it.

    `section` of the configuration is where the hash of a file that a user named must stand.
    """
    if digest is None:
        raise ConfigError(
            f"{section}.weights_sha256: missing; {file} is only loaded by its hash (sha256sum {file})"
        )
    try:
        found = file_hash(file)
    except OSError as error:
        raise InputError(f"{file}: weights cannot be read ({error.strerror})") from None
    if found != digest.lower():
        raise InputError(
            f"{file}: SHA-256 is {found}, but {digest} was expected; the weights were not loaded"
        )


def read(file: Path, digest: str | None, section: str) -> Arrays:
    """The arrays of a file, checked by its hash first. Raises InputError naming it where it is missing, another, or none."""
    check_hash(file, digest, section)
    return _read_npz(file) if file.suffix == ".npz" else _read_h5(file)


def save(arrays: Mapping[str, np.ndarray[Any, Any]], file: Path) -> str:
    """Write named arrays to an npz, atomically; the file's SHA-256. Equal weights give equal bytes."""
    part = file.with_suffix(".part")
    with part.open("wb") as opened:
        np.savez(opened, **arrays)
    part.replace(file)
    return file_hash(file)


def _read_npz(file: Path) -> Arrays:
    try:
        with np.load(file, allow_pickle=False) as opened:
            return {name: opened[name] for name in opened.files}
    except (ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{file}: is no npz of plain arrays ({error})") from None


def _read_h5(file: Path) -> Arrays:
    import h5py  # type: ignore[import-untyped]

    arrays: Arrays = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            layer, variable = name.split("/")[0], name.split("/")[-1].split(":")[0]
            old = {
                f"{layer}_W_1": "kernel",
                f"{layer}_b_1": "bias",
            }  # how Keras 1 named them, in the published file
            arrays[f"{layer}/{old.get(variable, variable)}"] = item[()]

    try:
        with h5py.File(file, "r") as opened:
            opened.visititems(visit)
    except OSError as error:
        raise InputError(f"{file}: is no HDF5 file of weights ({error})") from None
    return arrays
