"""Local files for pyiceberg, for reading only.

pyiceberg's own class parses a path as a URL, and so loses what follows a `#`; and it loads pyarrow's file
systems and datasets, which takes longer than a query.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile


class LocalInputFile(InputFile):
    """A local file, by its path or its `file:` URI without percent-encoding."""

    def __len__(self) -> int:
        return Path(local_path(self.location)).stat().st_size

    def exists(self) -> bool:
        return Path(local_path(self.location)).exists()

    def open(self, seekable: bool = True) -> InputStream:
        return cast(InputStream, Path(local_path(self.location)).open("rb"))


class ReadOnlyFileIO(FileIO):
    """pyiceberg's interface to files, for reading only. Writing raises PermissionError."""

    def new_output(self, location: str) -> OutputFile:
        raise PermissionError(f"{location}: tables are opened for reading only")

    def delete(self, location: str | InputFile | OutputFile) -> None:
        raise PermissionError(f"{location}: tables are opened for reading only")


class LocalFileIO(ReadOnlyFileIO):
    """pyiceberg's interface to local files."""

    def new_input(self, location: str) -> LocalInputFile:
        return LocalInputFile(location)


def is_local(location: str) -> bool:
    """Whether a location is a path or a `file:` URI."""
    return location.startswith("file:") or "://" not in location


def local_path(location: str) -> str:
    """The path of a `file:` URI as Hadoop writes it: `file:/path` or `file:///path`, not percent-encoded."""
    return re.sub(r"^file:(//[^/]*)?(?=/)", "", location)
