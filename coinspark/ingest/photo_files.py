"""Files below a source's root: their sizes and times; nothing outside the root is ever opened.

Local folders are read through the operating system, because only it tells a symbolic link from a file; every other
URI through pyarrow.fs.
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

from pyarrow import ArrowInvalid, fs

from coinspark.core.errors import InputError
from coinspark.ingest.records import Fault, Photo

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp"})


@dataclass(frozen=True)
class Root:
    """A source's folder. `base` is its path within the file system; `scheme` is "" for a local folder."""

    base: str
    scheme: str

    @property
    def local(self) -> bool:
        """Whether it is a folder of this machine."""
        return not self.scheme

    def uri(self, path: str) -> str:
        """A path within the file system as it stands in the tables: absolute, or with its scheme."""
        return self.scheme + path


def open_root(place: str) -> Root:
    """The root of a source: a path, a file:// URI or the URI of an object store. InputError when it is no folder."""
    if "://" in place and not place.startswith("file://"):
        system, path = _remote(place.rstrip("/"))
        root = Root(path, place.rstrip("/").removesuffix(path))
        there = system.get_file_info(root.base).type == fs.FileType.Directory
    else:
        root = Root(os.path.realpath(Path(place.removeprefix("file://")).expanduser()), "")
        there = Path(root.base).is_dir()
    if not there:
        raise InputError(
            f"{place}: no such folder ({root.uri(root.base)}); set `root` to the folder of the source's files"
        )
    return root


def locate(root: Root, name: str) -> str | None:
    """The path of a file named relative to the root, or None when the name leads outside it."""
    scheme = "file://" if root.local else root.scheme
    if "://" in name and not name.startswith(scheme):
        return None
    path = name.removeprefix(scheme) if "://" in name else posixpath.join(root.base, name)
    path = posixpath.normpath(path)
    return path if path.startswith(root.base.rstrip("/") + "/") else None


def below(root: Root, path: str) -> str:
    """Where a table that the configuration names lies: an absolute path or URI as it is, any other below the root."""
    if "://" in path:
        return path.removeprefix("file://")
    return path if path.startswith("/") else root.uri(posixpath.normpath(f"{root.base}/{path}"))


def find(root: Root, names: Iterable[str]) -> dict[str, Photo | Fault]:
    """Size and time of each named file, or why there is none: outside_root, missing_photo."""
    found: dict[str, Photo | Fault] = {}
    paths: dict[str, str] = {}
    for name in names:
        path = locate(root, name) if "\0" not in name else None
        if path is None:
            found[name] = Fault("outside_root", f"{name!r:.200} leads outside {root.uri(root.base)}")
        else:
            paths[name] = path
    if root.local:
        folders = {
            folder: _inside(root.base, folder) for folder in set(map(posixpath.dirname, paths.values()))
        }
        return found | {
            name: _stat(root.base, path, folders[posixpath.dirname(path)]) for name, path in paths.items()
        }
    there = {
        photo.uri: photo
        for folder in sorted({posixpath.dirname(path) for path in paths.values()})
        for photo in _select(root, folder, recursive=False)
    }
    for name, path in paths.items():
        found[name] = there.get(root.uri(path)) or Fault("missing_photo", f"{root.uri(path)}: no such file")
    return found


def walk(root: Root) -> dict[str, Photo | Fault]:
    """Every file below the root by its path relative to it, in order; hidden ones are passed over."""
    if root.local:
        return dict(sorted(_walk_local(root.base, root.base)))
    cut = len(root.uri(root.base)) + 1
    photos = {photo.uri[cut:]: photo for photo in _select(root, root.base, recursive=True)}
    return {
        path: photos[path]
        for path in sorted(photos)
        if not any(part.startswith(".") for part in path.split("/"))
    }


def read_bytes(uri: str) -> bytes:
    """The whole file. OSError when it cannot be read."""
    if "://" not in uri:
        return Path(uri).read_bytes()
    system, path = _remote(uri)
    with system.open_input_stream(path) as stream:
        return bytes(stream.read())


def _stat(base: str, path: str, inside: bool = True) -> Photo | Fault:
    """`inside` says whether the file's folder, with its links followed, lies below `base`: asked once a folder."""
    try:
        if not inside or (Path(path).is_symlink() and not _inside(base, path)):
            return Fault("outside_root", f"{path} is a link that leads outside {base}")
        found = Path(path).stat()
    except OSError as error:
        return Fault("missing_photo", f"{path}: {error.strerror}")
    if not stat.S_ISREG(found.st_mode):
        return Fault("missing_photo", f"{path}: is no file")
    return Photo(path, found.st_size, found.st_mtime_ns // 1_000_000)


def _inside(base: str, path: str) -> bool:
    real = os.path.realpath(path)
    return real == base or real.startswith(base.rstrip("/") + "/")


def _walk_local(base: str, folder: str) -> Iterable[tuple[str, Photo | Fault]]:
    """A linked folder is not followed: inside the root it is listed where it is, outside it is refused."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk_local(base, entry.path)
            elif not (entry.is_symlink() and entry.is_dir() and _inside(base, entry.path)):
                yield os.path.relpath(entry.path, base), _stat(base, entry.path)


def _select(root: Root, folder: str, recursive: bool) -> Iterable[Photo]:
    system, _ = _remote(root.uri(root.base))
    for info in system.get_file_info(fs.FileSelector(folder, allow_not_found=True, recursive=recursive)):
        if info.type == fs.FileType.File:
            yield Photo(root.uri(info.path), int(info.size), int(info.mtime_ns or 0) // 1_000_000)


def _remote(uri: str) -> tuple[Any, str]:
    scheme, _, rest = uri.partition("://")
    authority, _, path = rest.partition("/")
    system, base = _system(scheme, authority)
    return system, f"{base.rstrip('/')}/{path}".rstrip("/")


@lru_cache(maxsize=64)
def _system(scheme: str, authority: str) -> tuple[Any, str]:
    """A connection a store and process, and where in it the URI's path begins; Spark's s3a is pyarrow's s3."""
    try:
        system, base = fs.FileSystem.from_uri(
            f"{'s3' if scheme in ('s3a', 's3n') else scheme}://{authority}/"
        )
    except (ArrowInvalid, NotImplementedError) as error:
        raise InputError(
            f"{scheme}://{authority}: cannot be opened ({error}); give a path, or a URI that pyarrow.fs knows"
        ) from None
    return system, str(base)
