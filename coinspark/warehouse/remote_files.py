"""Files in S3 and HDFS for pyiceberg and DuckDB, for reading only, with the access that Spark has."""

from __future__ import annotations

from typing import cast

from fsspec.implementations.arrow import ArrowFSWrapper
from pyarrow import fs
from pyiceberg.io import InputFile, InputStream

from coinspark.warehouse.local_files import ReadOnlyFileIO
from coinspark.warehouse.object_storage import Access, file_system


class RemoteInputFile(InputFile):
    """A file, by its URI without percent-encoding."""

    def __init__(self, location: str, access: Access) -> None:
        super().__init__(location)
        self._system, self._path = file_system(location, access)

    def __len__(self) -> int:
        return int(self._system.get_file_info(self._path).size)

    def exists(self) -> bool:
        return bool(self._system.get_file_info(self._path).type != fs.FileType.NotFound)

    def open(self, seekable: bool = True) -> InputStream:
        return cast(InputStream, self._system.open_input_file(self._path))


class RemoteFileIO(ReadOnlyFileIO):
    """pyiceberg's interface to remote files."""

    def __init__(self, access: Access) -> None:
        super().__init__()
        self._access = access

    def new_input(self, location: str) -> RemoteInputFile:
        return RemoteInputFile(location, self._access)


class DuckdbFileSystem(ArrowFSWrapper):  # type: ignore[misc]
    """The file system of a location for DuckDB's `register_filesystem`."""

    cachable = False

    def __init__(self, location: str, access: Access) -> None:
        self._scheme = location.partition("://")[0]
        super().__init__(file_system(location, access)[0])

    @property
    def protocol(self) -> str:
        """The scheme of the URIs that it opens."""
        return self._scheme

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.partition("://")[2] or path

    def glob(self, path: str, **options: object) -> list[str]:
        """The file of this name: names of files are no patterns."""
        name = self._strip_protocol(path)
        return [name] if self.exists(name) else []

    def unstrip_protocol(self, name: str) -> str:
        """The URI of a path."""
        return f"{self._scheme}://{name}"
