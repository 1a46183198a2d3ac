"""Recognisers on disk: made once, whole or not at all, and loaded only as they were made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coinspark.config import Pretrained
from coinspark.core.errors import ConfigError, InputError
from coinspark.entities.ner import model_store


def write(folder: Path) -> None:
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "weights").write_bytes(b"\x00\x01")


def test_made_once_with_what_it_was_made_from(tmp_path: Path) -> None:
    place = tmp_path / "spacy-en-1"
    assert model_store.make(place, {"language": "en"}, write) == place / "model"
    manifest = json.loads((place / "manifest.json").read_text())
    assert manifest == {"language": "en", "sha256": model_store.digest(place / "model")}

    def again(folder: Path) -> None:
        raise AssertionError("it stands already")

    assert model_store.make(place, {}, again) == place / "model"


def test_a_training_that_dies_leaves_nothing_that_looks_trained(tmp_path: Path) -> None:
    def die(folder: Path) -> None:
        folder.mkdir(parents=True)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model_store.make(tmp_path / "one", {}, die)
    assert not (tmp_path / "one").exists()
    assert model_store.make(tmp_path / "one", {}, write).is_dir()


def test_a_changed_file_and_a_swapped_folder_stop_by_name(tmp_path: Path) -> None:
    model = model_store.make(tmp_path / "one", {}, write)
    (model / "deep" / "weights").write_bytes(b"\x00\x02")
    with pytest.raises(
        InputError, match=r"one/model: the recogniser's SHA-256 is .* was expected; it was not loaded: remove"
    ):
        model_store.make(tmp_path / "one", {}, write)
    (model / "deep" / "weights").write_bytes(b"\x00\x01")
    (model / "deep" / "weights").rename(model / "deep" / "other")
    with pytest.raises(InputError, match="SHA-256"):
        model_store.make(tmp_path / "one", {}, write)


def test_a_given_recogniser_is_loaded_by_its_hash_alone(tmp_path: Path) -> None:
    write(tmp_path / "given")
    found = model_store.digest(tmp_path / "given")
    assert (
        model_store.pretrained("en", Pretrained(path=str(tmp_path / "given"), sha256=found.upper()))
        == tmp_path / "given"
    )
    with pytest.raises(ConfigError, match=rf"pretrained\.en\.sha256: missing; .* is {found} now"):
        model_store.pretrained("en", Pretrained(path=str(tmp_path / "given")))
    with pytest.raises(InputError, match="was expected; it was not loaded"):
        model_store.pretrained("en", Pretrained(path=str(tmp_path / "given"), sha256="0" * 64))
    with pytest.raises(InputError, match="there is no folder"):
        model_store.pretrained("en", Pretrained(path=str(tmp_path / "gone"), sha256=found))
