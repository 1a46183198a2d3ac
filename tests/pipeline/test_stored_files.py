"""Files of published rows: missing and damaged ones are named; unchanged ones are hashed once."""

from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from coinspark.config import Config
from coinspark.core.hashing import folder_hash
from coinspark.pipeline import stored_files
from coinspark.pipeline.stored_files import damaged_files
from coinspark.warehouse import files
from tests import remote_storage

WEIGHTS = {"runs/a/weights.npz": sha256(b"weights a").hexdigest()}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A warehouse with a weights file and a model folder."""
    (tmp_path / "runs" / "a").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "weights.npz").write_bytes(b"weights a")
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "deep" / "vectors").write_bytes(b"vectors")
    return Config(warehouse=str(tmp_path))


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are hashed."""
    names: list[str] = []
    file_hash = files.file_hash

    def record(file: Path) -> str:
        names.append(file.name)
        return file_hash(file)

    monkeypatch.setattr(files, "file_hash", record)
    return names


def test_whole_file_is_hashed_once_and_again_to_verify(config: Config, hashed: list[str]) -> None:
    for _ in range(3):
        assert damaged_files(config, WEIGHTS) == []
    assert hashed == ["weights.npz"]
    assert damaged_files(config, WEIGHTS, verify=True) == []
    assert hashed == ["weights.npz"] * 2


def test_damaged_file_is_named_until_it_is_whole(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "runs" / "a" / "weights.npz"
    assert damaged_files(config, WEIGHTS) == []
    file.write_bytes(b"weights b")
    for _ in range(2):
        assert damaged_files(config, WEIGHTS) == list(WEIGHTS)
    file.unlink()
    assert damaged_files(config, WEIGHTS) == list(WEIGHTS)
    file.write_bytes(b"weights a")
    assert damaged_files(config, WEIGHTS) == []


def test_file_with_the_size_and_time_of_the_whole_one_is_hashed(config: Config, tmp_path: Path) -> None:
    """A restored backup may have the old modification time; the kernel sets the time of the change itself."""
    file = tmp_path / "runs" / "a" / "weights.npz"
    assert damaged_files(config, WEIGHTS) == []
    stat = file.stat()
    file.write_bytes(b"weights b")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert damaged_files(config, WEIGHTS) == list(WEIGHTS)


def test_damage_that_leaves_size_and_times_is_seen_when_verifying(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a disk that returns other bytes."""
    assert damaged_files(config, WEIGHTS) == []
    monkeypatch.setattr(files, "file_hash", lambda file: "0" * 64)
    assert damaged_files(config, WEIGHTS) == []
    assert damaged_files(config, WEIGHTS, verify=True) == list(WEIGHTS)


def test_folder_is_whole_with_all_its_files(config: Config, tmp_path: Path) -> None:
    model = {"model": folder_hash(tmp_path / "model")}
    assert damaged_files(config, model) == []
    (tmp_path / "model" / "more").write_bytes(b"")
    assert damaged_files(config, model) == ["model"]
    (tmp_path / "model" / "more").unlink()
    (tmp_path / "model" / "deep" / "vectors").write_bytes(b"Vectors")
    assert damaged_files(config, model) == ["model"]
    shutil.rmtree(tmp_path / "model")
    assert damaged_files(config, model) == ["model"]


def test_damaged_and_missing_files_of_a_remote_warehouse_are_named(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = remote_storage.in_memory(monkeypatch)
    remote = config.model_copy(update={"warehouse": str(warehouse)})
    expected = {**WEIGHTS, "model": folder_hash(tmp_path / "model")}
    assert damaged_files(remote, expected) == list(expected)
    warehouse.upload(tmp_path)
    assert damaged_files(remote, expected) == []
    record = json.loads((warehouse / stored_files.RECORD).read_text())
    assert {path: check["sha256"] for path, check in record.items()} == expected
    (warehouse / "model" / "deep" / "vectors").write_bytes(b"others")
    (warehouse / "runs").remove()
    assert damaged_files(remote, expected) == list(expected)


def test_damaged_record_only_costs_hashing(config: Config, tmp_path: Path, hashed: list[str]) -> None:
    for content in ("", "[1]", '{"runs/a/weights.npz": {'):
        (tmp_path / stored_files.RECORD).write_text(content)
        assert damaged_files(config, WEIGHTS) == []
    assert hashed == ["weights.npz"] * 3
