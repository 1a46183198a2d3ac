"""Files below a source's root. Nothing outside the root is opened.

Local folders are read through the operating system, which distinguishes symbolic links from files; all other
URIs through pyarrow.fs.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pyarrow import ArrowException, fs

from coinspark.core.errors import InputError
from coinspark.core.formatting import one_line
from coinspark.ingest.records import Fault, PhotoFile

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp"})


@dataclass(frozen=True)
class Root:
    """The folder of a source: its path within the file system, and the URI before it ("" if local)."""

    base: str
    scheme: str

    @property
    def local(self) -> bool:
        """Whether it is a folder of this machine."""
        return not self.scheme

    def uri(self, path: str) -> str:
        """A path within the file system as tables store it: absolute, or with its scheme."""
        return self.scheme + path


def open_root(root: str) -> Root:
    """The root at a path, a file:// URI or an object store's URI. Raises InputError if it is not a folder."""
    try:
        if "://" in root and not root.startswith("file://"):
            system, path = _remote(root.rstrip("/"))
            folder = Root(path, root.rstrip("/").removesuffix(path))
            exists = system.get_file_info(folder.base).type == fs.FileType.Directory
        else:
            folder = Root(str(local_path(root)), "")
            exists = Path(folder.base).is_dir()
    except (OSError, ArrowException) as error:
        raise InputError(
            f"{one_line(root)}: cannot be opened ({one_line(error)}); set the source's `root` to a folder"
        ) from None
    if not exists:
        raise InputError(
            f"{one_line(root)}: no such folder ({one_line(folder.uri(folder.base))}); set the source's `root`"
        )
    return folder


def local_path(root: str) -> Path:
    """A local root as an absolute path with links resolved. Raises InputError if it cannot be a path."""
    try:
        return Path(os.path.realpath(Path(root.removeprefix("file://")).expanduser()))
    except (OSError, ValueError, RuntimeError) as error:  # a NUL; the home of an unknown user
        raise InputError(f"{one_line(root)}: is no folder ({error}); set the source's `root`") from None


def table_uri(root: Root, path: str) -> str:
    """The path or URI of a table that the configuration names. A relative path is relative to the root."""
    if "://" in path:
        return path.removeprefix("file://")
    return path if path.startswith("/") else root.uri(posixpath.normpath(f"{root.base}/{path}"))


def find_photos(root: Root, names: Iterable[str]) -> dict[str, PhotoFile | Fault]:
    """The file of each name, or why it cannot be used: outside_root, missing_photo.

    A folder's links are resolved once for all its files, and a remote folder is listed once.
    """
    photos: dict[str, PhotoFile | Fault] = {}
    paths: dict[str, str] = {}
    for name in names:
        path = _path_below(root, name)
        if path is None:
            photos[name] = Fault("outside_root", f"{name!r:.200} is outside {root.uri(root.base)}")
        else:
            paths[name] = path
    folders = {posixpath.dirname(path) for path in paths.values()}
    if root.local:
        inside = {folder: _is_inside(root.base, folder) for folder in folders}
        for name, path in paths.items():
            photos[name] = _stat_photo(root.base, path, inside[posixpath.dirname(path)])
        return photos
    remote = {photo.uri: photo for folder in sorted(folders) for photo in _list_remote(root, folder, False)}
    for name, path in paths.items():
        photos[name] = remote.get(root.uri(path)) or Fault("missing_photo", f"{root.uri(path)}: no such file")
    return photos


def list_files(root: Root) -> dict[str, PhotoFile | Fault]:
    """Every file below the root by its relative path, sorted; hidden files and folders are ignored.

    Raises InputError if a folder cannot be read.
    """
    if root.local:
        return dict(sorted(_list_local(root.base, root.base)))
    start = len(root.uri(root.base)) + 1
    photos = {photo.uri[start:]: photo for photo in _list_remote(root, root.base, recursive=True)}
    return {
        path: photos[path]
        for path in sorted(photos)
        if not any(part.startswith(".") for part in path.split("/"))
    }


def read_bytes(uri: str) -> bytes:
    """The content of a file. Raises OSError if it cannot be read."""
    with open_file(uri) as file:
        return bytes(file.read())


def open_file(uri: str) -> Any:
    """A binary file object with `read` and `seek`. Raises OSError if the file cannot be read."""
    if "://" not in uri:
        if "\0" in uri:
            raise OSError("the path contains a NUL")
        if not stat.S_ISREG(Path(uri).stat().st_mode):  # reading a pipe or a device might never end
            raise OSError("it is not a file")
        return Path(uri).open("rb")
    system, path = _remote(uri)
    try:
        return system.open_input_file(path)
    except ArrowException as error:
        raise OSError(one_line(error)) from None


def _path_below(root: Root, name: str) -> str | None:
    """The path of a file named relative to the root; None if it is outside the root."""
    scheme = "file://" if root.local else root.scheme
    if "\0" in name:
        return None
    path = name.removeprefix(scheme) if "://" in name else posixpath.join(root.base, name)
    path = posixpath.normpath(path)
    return path if path.startswith(root.base.rstrip("/") + "/") else None


def _stat_photo(base: str, path: str, folder_is_inside: bool = True) -> PhotoFile | Fault:
    """The file at `path`. `folder_is_inside`: whether its folder, with links resolved, is below `base`."""
    try:
        if not folder_is_inside or (Path(path).is_symlink() and not _is_inside(base, path)):
            return Fault("outside_root", f"{path} is a link to a file outside {base}")
        status = Path(path).stat()
    except OSError as error:
        return Fault("missing_photo", f"{path:.300}: {error.strerror}")
    if not stat.S_ISREG(status.st_mode):
        return Fault("missing_photo", f"{path}: is not a file")
    return PhotoFile(path, status.st_size, status.st_mtime_ns // 1_000_000)


def _is_inside(base: str, path: str) -> bool:
    real = os.path.realpath(path)
    return real == base or real.startswith(base.rstrip("/") + "/")


def _list_local(base: str, folder: str) -> Iterable[tuple[str, PhotoFile | Fault]]:
    """Files by relative path. Links to folders are not followed; those to outside the root are faults."""
    try:
        with os.scandir(folder) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(
            f"{one_line(folder)}: the folder cannot be read ({error.strerror}); grant access to it or move it"
        ) from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _list_local(base, entry.path)
        elif not (entry.is_symlink() and _leads_to_folder(entry.path) and _is_inside(base, entry.path)):
            yield _printable(os.path.relpath(entry.path, base)), _stat_named(base, entry.path)


def _leads_to_folder(link: str) -> bool:
    try:
        return Path(link).is_dir()
    except OSError:
        return False


def _stat_named(base: str, path: str) -> PhotoFile | Fault:
    """The file at `path`; bad_name if its name is not UTF-8, since tables store names as UTF-8."""
    if _printable(path) != path:
        return Fault("bad_name", f"{_printable(path)}: the name is not UTF-8; rename the file")
    return _stat_photo(base, path)


def _printable(path: str) -> str:
    """The path with each byte that is not UTF-8 as \\udcXX."""
    return path.encode(errors="backslashreplace").decode()


def _list_remote(root: Root, folder: str, recursive: bool) -> Iterable[PhotoFile]:
    system, _ = _remote(root.uri(root.base))
    try:
        infos = system.get_file_info(fs.FileSelector(folder, allow_not_found=True, recursive=recursive))
    except (OSError, ArrowException) as error:
        raise InputError(
            f"{one_line(root.uri(folder))}: the folder cannot be listed ({one_line(error)}); "
            "check the source's `root` and the access to it"
        ) from None
    for info in infos:
        if info.type == fs.FileType.File:
            yield PhotoFile(root.uri(info.path), int(info.size), int(info.mtime_ns or 0) // 1_000_000)


def _remote(uri: str) -> tuple[Any, str]:
    """The file system of a URI, and the path within it."""
    scheme, _, rest = uri.partition("://")
    authority, _, path = rest.partition("/")
    system, base = _file_system(scheme, authority)
    return system, f"{base.rstrip('/')}/{path}".rstrip("/")


@lru_cache(maxsize=64)
def _file_system(scheme: str, authority: str) -> tuple[Any, str]:
    """The file system of an object store and the path of its URI. Spark's s3a is pyarrow's s3."""
    try:
        system, base = fs.FileSystem.from_uri(
            f"{'s3' if scheme in ('s3a', 's3n') else scheme}://{authority}/"
        )
    except (ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"{one_line(scheme)}://{one_line(authority)}: cannot be opened ({one_line(error)}); "
            "use a URI that pyarrow.fs supports"
        ) from None
    return system, str(base)
