"""Stored recognisers: trained once, written as a whole, and loaded only with the expected hash."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from coinspark.config import Pretrained
from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import folder_hash
from coinspark.entities.ner import model_store

MISMATCH = r"not loaded; expected SHA-256 \w+, found \w+; "


def write_model(folder: Path) -> None:
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "weights").write_bytes(b"\x00\x01")


def test_model_is_trained_once_and_described_by_its_manifest(tmp_path: Path) -> None:
    folder = tmp_path / "spacy-en-1"
    assert model_store.get_or_train(folder, {"language": "en"}, write_model) == folder / "model"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest == {"language": "en", "sha256": folder_hash(folder / "model")}

    def train_again(folder: Path) -> None:
        raise AssertionError("the model exists")

    assert model_store.get_or_train(folder, {}, train_again) == folder / "model"
    with pytest.raises(AssertionError, match="the model exists"):
        model_store.get_or_train(folder, {}, train_again, force=True)
    assert (folder / "model" / "deep" / "weights").exists(), (
        "the stored model stays until the new one is ready"
    )


def test_interrupted_training_leaves_no_model(tmp_path: Path) -> None:
    def interrupt(folder: Path) -> None:
        folder.mkdir(parents=True)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model_store.get_or_train(tmp_path / "model-1", {}, interrupt)
    assert not (tmp_path / "model-1").exists()
    assert model_store.get_or_train(tmp_path / "model-1", {}, write_model).is_dir()


@pytest.mark.parametrize("damage", ["changed", "renamed", "missing", "manifest"])
def test_damaged_model_is_trained_again(tmp_path: Path, damage: str) -> None:
    model = model_store.get_or_train(tmp_path / "model-1", {}, write_model)
    whole, weights = folder_hash(model), model / "deep" / "weights"
    if damage == "changed":
        weights.write_bytes(b"\x00\x02")
    elif damage == "renamed":
        weights.rename(model / "deep" / "other")
    elif damage == "missing":
        shutil.rmtree(model)
    else:
        (tmp_path / "model-1" / "manifest.json").write_text('{"sha2')
    assert model_store.get_or_train(tmp_path / "model-1", {}, write_model) == model
    assert folder_hash(model) == whole == model_store.stored_hash(tmp_path / "model-1")


def test_pretrained_model_needs_the_expected_hash(tmp_path: Path) -> None:
    folder = tmp_path / "pretrained"
    write_model(folder)
    sha256 = folder_hash(folder)
    settings = Pretrained(path=str(folder), sha256=sha256.upper())
    assert model_store.pretrained_model("en", settings) == folder
    with pytest.raises(ConfigError, match=rf"pretrained\.en\.sha256: missing; .* set it to {sha256}"):
        model_store.pretrained_model("en", Pretrained(path=str(folder)))
    with pytest.raises(InputError, match=MISMATCH):
        model_store.pretrained_model("en", Pretrained(path=str(folder), sha256="0" * 64))
    with pytest.raises(InputError, match=r"pretrained\.en: no folder"):
        model_store.pretrained_model("en", Pretrained(path=str(tmp_path / "gone"), sha256=sha256))
