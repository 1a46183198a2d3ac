"""Stored recognisers: one folder each, written as a whole, with a manifest of its inputs and its SHA-256."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from coinspark.config import Pretrained
from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import folder_hash

MANIFEST, MODEL = "manifest.json", "model"


def get_or_train(
    folder: Path, facts: Mapping[str, Any], train: Callable[[Path], None], force: bool = False
) -> Path:
    """Path of the model stored in `folder`; trained first if it is missing, or if its hash has changed.

    Args:
        folder: Folder of model and manifest.
        facts: JSON-like description of the inputs, for the manifest.
        train: Writes a model to the given folder.
        force: Train also if the model is stored.
    """
    if force or stored_hash(folder) is None or folder_hash(folder / MODEL) != stored_hash(folder):
        partial = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(partial, ignore_errors=True)  # left by an interrupted training
        partial.mkdir(parents=True)
        train(partial / MODEL)
        manifest = {**facts, "sha256": folder_hash(partial / MODEL)}
        text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False)
        (partial / MANIFEST).write_text(text, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)
    return folder / MODEL


def stored_hash(folder: Path) -> str | None:
    """The hash in the manifest of a stored model; None if there is no manifest or it is damaged."""
    try:
        return str(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["sha256"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def pretrained_model(language: str, settings: Pretrained) -> Path:
    """Folder of a recogniser from `entities.recogniser.pretrained`.

    Raises:
        InputError: The folder is missing or has another hash.
        ConfigError: The configuration has no hash.
    """
    folder, key = Path(settings.path), f"entities.recogniser.pretrained.{language}"
    if not folder.is_dir():
        raise InputError(f"{key}: no folder {folder}")
    if settings.sha256 is None:
        raise ConfigError(
            f"{key}.sha256: missing; if {folder} is the intended recogniser, set it to {folder_hash(folder)}"
        )
    _check_hash(folder, settings.sha256.lower(), f"check that {key}.path is the intended recogniser")
    return folder


def _check_hash(folder: Path, expected: str, hint: str) -> None:
    if (actual := folder_hash(folder)) != expected:
        raise InputError(f"{folder}: not loaded; expected SHA-256 {expected}, found {actual}; {hint}")
