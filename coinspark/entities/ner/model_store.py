"""Stored recognisers: one folder each; its manifest, which is written last, has inputs and SHA-256."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from coinspark.config import Pretrained
from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import folder_hash
from coinspark.warehouse.files import Location

MANIFEST, MODEL = "manifest.json", "model"
_NAME, _HASH = "model", "sha256"  # keys of the manifest


def get_or_train(
    folder: Location, facts: Mapping[str, Any], train: Callable[[Location], None], force: bool = False
) -> Location:
    """The model stored in `folder`; trained first if it is missing, or if its hash has changed.

    A model that is trained again is written beside the stored one, which stays until the manifest names the
    new one.

    Args:
        folder: Folder of model and manifest.
        facts: JSON-like description of the inputs, for the manifest.
        train: Writes a model to the given folder.
        force: Train also if the model is stored.
    """
    stored = _manifest(folder)
    if not force and stored and _hash(folder / stored[_NAME]) == stored[_HASH]:
        return folder / stored[_NAME]
    former = stored[_NAME] if stored else None
    model = folder / (MODEL if former != MODEL else f"{MODEL}-2")
    model.remove()  # left by an interrupted training
    train(model)
    (folder / MANIFEST).write_json({**facts, _NAME: model.name, _HASH: model.sha256()})
    if former is not None:
        (folder / former).remove()
    return model


def stored_hash(folder: Location) -> str | None:
    """The hash in the manifest of a stored model; None if there is no manifest or it is damaged."""
    manifest = _manifest(folder)
    return manifest[_HASH] if manifest else None


def for_workers(model: Path, folder: Location) -> Location:
    """A model that workers can open: this one, or a copy in `folder` if that is not on a local disk."""
    if folder.local is not None:
        return Location.of(model)
    sha256 = folder_hash(model)
    return get_or_train(folder / f"pretrained-{sha256[:12]}", {}, lambda copy: copy.upload(model))


def _manifest(folder: Location) -> dict[str, str] | None:
    """The name and the hash of the stored model; None if there is no manifest or it is damaged."""
    try:
        values = json.loads((folder / MANIFEST).read_text())
        return {_NAME: str(values.get(_NAME, MODEL)), _HASH: str(values[_HASH])}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _hash(model: Location) -> str | None:
    return model.sha256() if model.is_dir() else None


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
