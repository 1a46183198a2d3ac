"""Files of a warehouse behave the same on a local disk, in HDFS (in memory) and in S3 (moto)."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from pyarrow import fs

from coinspark.config import Config
from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import folder_hash
from coinspark.core.storage_errors import storage_error
from coinspark.warehouse import files, object_storage
from coinspark.warehouse.files import Location
from coinspark.warehouse.locations import warehouse_location, warehouse_uri
from coinspark.warehouse.object_storage import Access
from tests import remote_storage

NAMES = ("plain", "with space", "Münze", "a%20b", "c+d=e")


@pytest.fixture(scope="module")
def s3() -> Iterator[Location]:
    with remote_storage.s3_server() as warehouse:
        yield warehouse


@pytest.fixture(params=["local", "hdfs", pytest.param("s3", marks=pytest.mark.slow(seconds=5))])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Location:
    """An empty folder."""
    if request.param == "local":
        return Location.of(tmp_path / "Münzen 1" / "a%20b")
    if request.param == "hdfs":
        return remote_storage.in_memory(monkeypatch)
    warehouse: Location = request.getfixturevalue("s3")
    return warehouse / request.node.name


def test_file_is_written_read_replaced_and_removed(folder: Location) -> None:
    assert not folder.exists() and list(folder.iterdir()) == []
    for name in NAMES:
        file = folder / name / "row.json"
        assert not file.exists() and file.state() is None
        file.write_json({"b": 1, "a": "ü"})
        assert file.read_bytes() == b'{"a": "\\u00fc", "b": 1}'
        file.write_text("ü")
        assert file.read_text() == "ü" and file.sha256() == sha256("ü".encode()).hexdigest()
        assert [child.name for child in file.parent.iterdir()] == ["row.json"]
    assert [child.name for child in folder.iterdir()] == sorted(NAMES)
    (folder / "Münze" / "row.json").remove()
    assert not (folder / "Münze" / "row.json").exists()
    folder.remove()
    folder.remove()  # what does not exist
    assert not folder.exists()


def test_missing_file_raises_file_not_found(folder: Location) -> None:
    for read in (folder.read_bytes, (folder / "a").read_text, (folder / "b").sha256):
        with pytest.raises(FileNotFoundError):
            read()


def test_folder_is_copied_both_ways_with_the_same_hash(folder: Location, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("a/b/c", "a/ü", "a.b", "empty"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(name.encode() if name != "empty" else b"")
    stored = folder / "model"
    stored.upload(source)
    assert stored.is_dir() and not (stored / "a.b").is_dir()
    assert stored.sha256() == folder_hash(source)
    stored.download(tmp_path / "copy")
    assert folder_hash(tmp_path / "copy") == folder_hash(source)
    with stored.as_local() as path:
        assert folder_hash(path) == folder_hash(source)
    (stored / "a.b").move(stored / "moved" / "x")
    assert (stored / "moved" / "x").read_bytes() == b"a.b" and not (stored / "a.b").exists()


def test_state_changes_with_the_content_or_the_files(folder: Location) -> None:
    file = folder / "model" / "weights"
    file.write_bytes(b"a")
    first, first_of_folder = file.state(), file.parent.state()
    assert (first, first_of_folder) == (file.state(), file.parent.state())
    file.write_bytes(b"ab")
    second = file.parent.state()
    assert file.state() != first and second != first_of_folder
    (folder / "model" / "more").write_bytes(b"")
    assert file.parent.state() not in (first_of_folder, second)


def test_written_file_is_stored_only_without_an_exception(folder: Location) -> None:
    file = folder / "coins.parquet"
    if file.local is None:
        with pytest.raises(KeyboardInterrupt), file.written() as path:
            path.write_bytes(b"half")
            raise KeyboardInterrupt
        assert not file.exists()
    with file.written() as path:
        path.write_bytes(b"whole")
    assert file.read_bytes() == b"whole"


@pytest.mark.slow(seconds=5)
def test_missing_bucket_and_silent_server_are_one_line(s3: Location) -> None:
    with pytest.raises(InputError, match=r"^s3a://other/a: there is no such bucket; create it, or correct"):
        Location("s3a://other/a", s3.access).write_bytes(b"")
    silent = Access(endpoint="http://127.0.0.1:9", access_key="k", secret_key="s")
    with pytest.raises(InputError, match=r"^s3a://coins/a: the storage does not answer; check .*endpoint"):
        Location("s3a://coins/a", silent).exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "When writing key 'a': AWS Error ACCESS_DENIED during PutObject operation: no",
            "access denied; grant this user access",
        ),
        ("AWS Error INVALID_ACCESS_KEY_ID during HeadObject: AKIA1", "the credentials are not accepted; "),
        ("AWS Error SIGNATURE_DOES_NOT_MATCH during HeadObject: x", "the credentials are not accepted; "),
        (
            "AWS Error UNKNOWN (HTTP status 503) during PutObject operation: AKIA1",
            "S3 error UNKNOWN during PutObject, HTTP status 503; run the same command again",
        ),
        ("HDFS is in safe mode", "cannot be read or written (HDFS is in safe mode); check `warehouse`"),
    ],
)
def test_error_of_the_storage_is_one_line_without_its_text(
    monkeypatch: pytest.MonkeyPatch, text: str, problem: str
) -> None:
    def fail(uri: str, access: Access) -> None:
        raise OSError(text)

    monkeypatch.setattr(object_storage, "file_system", fail)
    with pytest.raises(InputError) as error:
        Location("s3a://coins/a").write_bytes(b"")
    assert str(error.value).startswith(f"s3a://coins/a: {problem}")
    assert "AKIA1" not in str(error.value) and "\n" not in str(error.value)


def test_full_local_disk_while_downloading_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = remote_storage.in_memory(monkeypatch) / "weights"
    file.write_bytes(b"weights")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "weights"))

    monkeypatch.setattr(files.shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space left") as error:
        file.download(tmp_path / "weights")
    assert str(storage_error(error.value)).startswith(f"{tmp_path}/weights: no space left on device; free")


def test_location_of_a_path_and_of_its_text_are_the_same(tmp_path: Path) -> None:
    location = Location.of(tmp_path) / "a b" / "ü"
    assert location.uri == f"file://{tmp_path}/a b/ü" and str(location) == f"{tmp_path}/a b/ü"
    assert Location.of(str(location)) == Location.of(location.uri) == location
    assert location.local == tmp_path / "a b" / "ü"
    assert location.relative_to(Location.of(tmp_path)) == "a b/ü"
    assert location.relative_to(Location.of(tmp_path / "a")) is None
    remote = Location.of("s3a://coins/w/", Access(region="eu-west-1")) / "runs"
    assert str(remote) == "s3a://coins/w/runs" and remote.local is None and remote.name == "runs"
    assert Location.of(str(remote), remote.access) == remote


def test_warehouse_has_the_access_of_the_spark_settings() -> None:
    settings = {
        "spark.hadoop.fs.s3a.endpoint": "http://127.0.0.1:9000",
        "spark.hadoop.fs.s3a.access.key": "other",
        "spark.hadoop.fs.s3a.bucket.coins.access.key": "AKIA1",
        "spark.hadoop.fs.s3a.secret.key": "hunter2",
        "spark.hadoop.fs.s3a.session.token": "hunter3",
        "spark.hadoop.fs.s3a.endpoint.region": "eu-west-1",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
    }
    config = Config(warehouse="s3a://coins/w/", spark={"conf": settings})
    location = warehouse_location(config)
    assert location.uri == warehouse_uri(config) == "s3a://coins/w"
    assert location.access == Access(
        "http://127.0.0.1:9000", "eu-west-1", "false", "AKIA1", "hunter2", "hunter3"
    )
    assert (location / "runs").access == location.access
    for text in (repr(location), str(location), repr(location.access)):
        assert not any(secret in text for secret in ("AKIA1", "hunter"))
    assert Access.from_json(location.access.to_json()) == location.access
    assert Access.from_json(None) == Access()


@pytest.mark.parametrize(
    ("access", "scheme", "endpoint", "region"),
    [
        (Access("http://127.0.0.1:9000"), "http", "127.0.0.1:9000", "us-east-1"),
        (Access("minio:9000", tls="false"), "http", "minio:9000", "us-east-1"),
        (Access("s3.eu-west-1.amazonaws.com"), "https", "s3.eu-west-1.amazonaws.com", "eu-west-1"),
        (Access(region="eu-west-3"), "https", None, "eu-west-3"),
    ],
)
def test_s3_options(
    monkeypatch: pytest.MonkeyPatch, access: Access, scheme: str, endpoint: str | None, region: str
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    options: dict[str, object] = {}
    monkeypatch.setattr(fs, "S3FileSystem", lambda **values: options.update(values))
    object_storage._s3.__wrapped__("coins", access)
    assert [options[name] for name in ("scheme", "endpoint_override", "region")] == [scheme, endpoint, region]


def test_other_scheme_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"ftp:// is not supported; choose a local folder, file://, s3a://"):
        Location.of("ftp://host/coins").exists()
