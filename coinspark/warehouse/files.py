"""Files of a warehouse, wherever it is: on a local disk, in S3 or in HDFS.

A file is written completely or not at all. No folder is renamed, since object stores cannot do that: what
consists of several files is finished once its marker is written, which is the last file.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyarrow import ArrowException, fs

from coinspark.core import atomic_files
from coinspark.core.hashing import file_hash, folder_hash
from coinspark.core.storage_errors import remote_error
from coinspark.warehouse import object_storage
from coinspark.warehouse.object_storage import NO_ACCESS, S3_SCHEMES, Access

_LOCAL = "file://"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Location:
    """A file or folder, by its URI. `location / "name"` is one below it, as with `pathlib.Path`.

    Attributes:
        uri: Absolute URI, not percent-encoded, as Hadoop and Spark take it: `file:///data/coins/runs`.
        access: How to open an object store; the same for all that is below.
    """

    uri: str
    access: Access = field(default=NO_ACCESS, repr=False)

    @staticmethod
    def of(path: str | Path | Location, access: Access = NO_ACCESS) -> Location:
        """The location of a local path or of a URI, which may be the `str` of a location."""
        if isinstance(path, Location):
            return path
        text = str(path)
        if "://" in text and not text.startswith(_LOCAL):
            return Location(text.rstrip("/"), access)
        return Location(f"{_LOCAL}{Path(text.removeprefix(_LOCAL)).absolute()}", access)

    def __truediv__(self, name: str) -> Location:
        return Location(f"{self.uri.rstrip('/')}/{name}", self.access)

    def __str__(self) -> str:
        """The path of a local file, as commands take it; otherwise the URI."""
        return self.uri.removeprefix(_LOCAL)

    @property
    def name(self) -> str:
        """The last part of the URI."""
        return self.uri.rpartition("/")[2]

    @property
    def local(self) -> Path | None:
        """The path, if it is on a local disk."""
        return Path(self.uri.removeprefix(_LOCAL)) if self.uri.startswith(_LOCAL) else None

    @property
    def parent(self) -> Location:
        """The folder that contains it."""
        return Location(self.uri.rpartition("/")[0], self.access)

    def relative_to(self, folder: Location) -> str | None:
        """The path below a folder; None if it is not below it."""
        prefix = f"{folder.uri.rstrip('/')}/"
        return self.uri.removeprefix(prefix) if self.uri.startswith(prefix) else None

    def exists(self) -> bool:
        """Whether there is such a file or folder."""
        if (path := self.local) is not None:
            return path.exists()
        return bool(self._info().type != fs.FileType.NotFound)

    def is_dir(self) -> bool:
        """Whether it is a folder; in an object store, whether there are objects below it."""
        if (path := self.local) is not None:
            return path.is_dir()
        return bool(self._info().type == fs.FileType.Directory)

    def iterdir(self) -> Iterator[Location]:
        """What a folder contains, sorted by name; nothing if there is no such folder."""
        yield from (self / name for name in sorted(self._names()))

    def read_bytes(self) -> bytes:
        """The content of a file. Raises FileNotFoundError if there is none."""
        if (path := self.local) is not None:
            return path.read_bytes()
        with self._opened() as (system, inner), system.open_input_stream(inner) as stream:
            return bytes(stream.read())

    def read_text(self) -> str:
        """The content of a UTF-8 file. Raises FileNotFoundError if there is none."""
        return self.read_bytes().decode()

    def write_bytes(self, content: bytes) -> None:
        """Write a file completely or not at all. Folders are created."""
        if (path := self.local) is not None:
            atomic_files.write_bytes(path, content)
            return
        with self._replaced() as (system, inner), system.open_output_stream(inner) as stream:
            stream.write(content)

    def write_text(self, text: str) -> None:
        """Write a UTF-8 file completely or not at all."""
        self.write_bytes(text.encode())

    def write_json(self, value: Any) -> None:
        """Write a value as JSON with sorted keys, completely or not at all."""
        self.write_text(json.dumps(value, sort_keys=True))

    def remove(self) -> None:
        """Delete a file or a folder with all that is in it, if it exists."""
        if (path := self.local) is not None:
            _remove(path)
            return
        with self._opened() as (system, inner):
            kind = system.get_file_info(inner).type
            if kind == fs.FileType.Directory:
                system.delete_dir(inner)
            elif kind == fs.FileType.File:
                system.delete_file(inner)

    def move(self, target: Location) -> None:
        """Give a file another name in the same storage. An object store copies it."""
        source, path = self.local, target.local
        if source is not None and path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            source.replace(path)
            return
        with self._opened() as (system, inner), target._opened() as (_, target_inner):
            target._create_parent(system, target_inner)
            system.move(inner, target_inner)

    def download(self, target: Path) -> None:
        """Copy a file, or a folder with all that is in it, to a local path."""
        if (path := self.local) is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if path.is_dir() else shutil.copyfile
            copy(path, target)
        elif self.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            for child in self.iterdir():
                child.download(target / child.name)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            with (
                self._opened() as (system, inner),
                system.open_input_stream(inner) as stream,
                target.open("wb") as file,
            ):
                shutil.copyfileobj(stream, file, _BLOCK)

    def upload(self, source: Path) -> None:
        """Write a file with the content of a local file, or a folder with that of a local folder.

        Files that are only in the target folder stay. A folder is not finished before its marker is written.
        """
        if source.is_dir():
            for child in sorted(source.iterdir()):
                (self / child.name).upload(child)
        elif (path := self.local) is not None:
            atomic_files.copy(source, path)
        else:
            with (
                source.open("rb") as file,
                self._replaced() as (system, inner),
                system.open_output_stream(inner) as stream,
            ):
                shutil.copyfileobj(file, stream, _BLOCK)

    def sha256(self) -> str:
        """SHA-256 hex of a file, or `folder_hash` of a folder. Raises FileNotFoundError."""
        if (path := self.local) is not None:
            return folder_hash(path) if path.is_dir() else file_hash(path)
        if self.is_dir():
            with self.as_local() as folder:
                return folder_hash(folder)
        total = sha256()
        with self._opened() as (system, inner), system.open_input_stream(inner) as stream:
            while block := stream.read(_BLOCK):
                total.update(block)
        return total.hexdigest()

    def state(self) -> list[list[Any]] | None:
        """Name, size and times of a file, or of each file in a folder; None if it does not exist.

        On a local disk with the time of change of the attributes (ctime): a copy that keeps the modification
        time has another one.
        """
        if (path := self.local) is not None:
            return _local_state(path)
        with self._opened() as (system, inner):
            info = system.get_file_info(inner)
            if info.type == fs.FileType.NotFound:
                return None
            infos = [info]
            if info.type == fs.FileType.Directory:
                infos = system.get_file_info(fs.FileSelector(inner, recursive=True))
        contents = [[item.path[len(inner) :], item.size, item.mtime_ns] for item in infos if item.is_file]
        return sorted(contents)

    @contextmanager
    def as_local(self) -> Iterator[Path]:
        """The path of a file or folder, or of a copy if it is not on a local disk."""
        if (path := self.local) is not None:
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="coinspark-") as temporary:
            copy = Path(temporary) / self.name
            self.download(copy)
            yield copy

    @contextmanager
    def written(self) -> Iterator[Path]:
        """A path to write a file or a folder to, which is then stored; not stored after an exception."""
        if (path := self.local) is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="coinspark-") as temporary:
            yield (part := Path(temporary) / self.name)
            self.upload(part)

    def _info(self) -> fs.FileInfo:
        with self._opened() as (system, inner):
            return system.get_file_info(inner)

    def _names(self) -> list[str]:
        if (path := self.local) is not None:
            return [child.name for child in path.iterdir()] if path.is_dir() else []
        with self._opened() as (system, inner):
            infos = system.get_file_info(fs.FileSelector(inner, allow_not_found=True))
        return [info.base_name for info in infos]

    @contextmanager
    def _opened(self) -> Iterator[tuple[fs.FileSystem, str]]:
        """The file system and the path in it. An error of the storage becomes one line that names the URI."""
        try:
            yield object_storage.file_system(self.uri, self.access)
        except FileNotFoundError:
            raise
        except (OSError, ArrowException) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of a local file
            raise remote_error(self.uri, error) from None

    @contextmanager
    def _replaced(self) -> Iterator[tuple[fs.FileSystem, str]]:
        """As `_opened`, to write a file. An object appears when it is complete; HDFS needs another name."""
        with self._opened() as (system, inner):
            if self._is_object:
                yield system, inner
                return
            part = f"{inner}.part"
            self._create_parent(system, inner)
            yield system, part
            if system.get_file_info(inner).is_file:
                system.delete_file(inner)
            system.move(part, inner)

    @property
    def _is_object(self) -> bool:
        return self.uri.partition("://")[0] in S3_SCHEMES

    def _create_parent(self, system: fs.FileSystem, inner: str) -> None:
        if not self._is_object:  # an object store has no folders
            system.create_dir(inner.rpartition("/")[0], recursive=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _local_state(path: Path) -> list[list[Any]] | None:
    if not path.exists():
        return None
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [(file, file.stat()) for file in files]
    return [[file.name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns] for file, stat in stats]
