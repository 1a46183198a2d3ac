"""Trained recognisers on disk: a folder each, whole or not there, with a manifest of what it was made from and its SHA-256."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from coinspark.config import Pretrained
from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import files_hash

MANIFEST, MODEL = "manifest.json", "model"


def make(folder: Path, facts: Mapping[str, Any], train: Callable[[Path], None]) -> Path:
    """The model of this folder, checked by its hash; where there is none, `train(place)` makes it."""
    if not (folder / MANIFEST).exists():
        half = folder.with_name(f"{folder.name}.part")  # a training that died may have left it
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        train(half / MODEL)
        manifest = {**facts, "sha256": digest(half / MODEL)}
        (half / MANIFEST).write_text(
            json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8"
        )
        shutil.rmtree(folder, ignore_errors=True)
        half.replace(folder)
    check(
        folder / MODEL,
        json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["sha256"],
        f"remove {folder}, and it is trained anew",
    )
    return folder / MODEL


def pretrained(language: str, given: Pretrained) -> Path:
    """The folder of a recogniser that the configuration names, checked by its hash."""
    folder = Path(given.path)
    if not folder.is_dir():
        raise InputError(f"entities.recogniser.pretrained.{language}: there is no folder {folder}")
    if given.sha256 is None:
        raise ConfigError(
            f"entities.recogniser.pretrained.{language}.sha256: missing; {folder} is only loaded by its hash, "
            f"which is {digest(folder)} now"
        )
    check(folder, given.sha256.lower(), f"see whether {folder} is the recogniser that was meant")
    return folder


def check(folder: Path, wanted: str, hint: str) -> None:
    """Stop unless the files of the folder are those that were stated; InputError naming it."""
    found = digest(folder)
    if found != wanted:
        raise InputError(
            f"{folder}: the recogniser's SHA-256 is {found}, but {wanted} was expected; it was not loaded: {hint}"
        )


def digest(folder: Path) -> str:
    """SHA-256 hex over the names and bytes of a folder's files, in the order of their names."""
    return files_hash(sorted(one for one in folder.rglob("*") if one.is_file()), folder)
