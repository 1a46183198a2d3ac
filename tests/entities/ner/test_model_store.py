"""Stored recognisers: trained once, written as a whole, and loaded only with the expected hash."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coinspark.config import Pretrained
from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import folder_hash
from coinspark.entities.ner import model_store
from coinspark.warehouse.files import Location

MISMATCH = r"not loaded; expected SHA-256 \w+, found \w+; "


@pytest.fixture
def folder(tmp_path: Path) -> Location:
    return Location.of(tmp_path / "spacy-en-1")


def write_model(folder: Location) -> None:
    (folder / "deep" / "weights").write_bytes(b"\x00\x01")


def test_model_is_trained_once_and_described_by_its_manifest(folder: Location) -> None:
    model = model_store.get_or_train(folder, {"language": "en"}, write_model)
    assert model == folder / "model"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest == {"language": "en", "model": "model", "sha256": model.sha256()}

    def train_again(folder: Location) -> None:
        raise AssertionError("the model exists")

    assert model_store.get_or_train(folder, {}, train_again) == model
    with pytest.raises(AssertionError, match="the model exists"):
        model_store.get_or_train(folder, {}, train_again, force=True)
    assert (model / "deep" / "weights").exists(), "the stored model stays until the new one is ready"


def test_forced_training_replaces_the_model_once_its_manifest_is_written(folder: Location) -> None:
    model_store.get_or_train(folder, {}, write_model)

    def interrupt(folder: Location) -> None:
        write_model(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model_store.get_or_train(folder, {}, interrupt, force=True)
    assert model_store.get_or_train(folder, {}, interrupt) == folder / "model"
    for name in ("model-2", "model"):
        assert model_store.get_or_train(folder, {}, write_model, force=True) == folder / name
        assert [child.name for child in folder.iterdir()] == ["manifest.json", name]


def test_interrupted_training_leaves_no_model(folder: Location) -> None:
    def interrupt(folder: Location) -> None:
        (folder / "more").write_bytes(b"")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model_store.get_or_train(folder, {}, interrupt)
    assert model_store.stored_hash(folder) is None
    model = model_store.get_or_train(folder, {}, write_model)
    assert [child.name for child in model.iterdir()] == ["deep"]


@pytest.mark.parametrize("damage", ["changed", "renamed", "missing", "manifest"])
def test_damaged_model_is_trained_again(folder: Location, damage: str) -> None:
    model = model_store.get_or_train(folder, {}, write_model)
    whole, weights = model.sha256(), model / "deep" / "weights"
    if damage == "changed":
        weights.write_bytes(b"\x00\x02")
    elif damage == "renamed":
        weights.move(model / "deep" / "other")
    elif damage == "missing":
        model.remove()
    else:
        (folder / "manifest.json").write_text('{"sha2')
    again = model_store.get_or_train(folder, {}, write_model)
    assert again.sha256() == whole == model_store.stored_hash(folder)


def test_pretrained_model_is_copied_only_where_workers_cannot_open_it(tmp_path: Path) -> None:
    write_model(Location.of(tmp_path / "pretrained"))
    model = tmp_path / "pretrained"
    assert model_store.for_workers(model, Location.of(tmp_path / "recognisers")) == Location.of(model)


def test_pretrained_model_needs_the_expected_hash(tmp_path: Path) -> None:
    folder = tmp_path / "pretrained"
    write_model(Location.of(folder))
    sha256 = folder_hash(folder)
    settings = Pretrained(path=str(folder), sha256=sha256.upper())
    assert model_store.pretrained_model("en", settings) == folder
    with pytest.raises(ConfigError, match=rf"pretrained\.en\.sha256: missing; .* set it to {sha256}"):
        model_store.pretrained_model("en", Pretrained(path=str(folder)))
    with pytest.raises(InputError, match=MISMATCH):
        model_store.pretrained_model("en", Pretrained(path=str(folder), sha256="0" * 64))
    with pytest.raises(InputError, match=r"pretrained\.en: no folder"):
        model_store.pretrained_model("en", Pretrained(path=str(tmp_path / "gone"), sha256=sha256))
