"""Errors of a full, read-only or unsuitable path, from Python, the JVM or a Spark task, as one line."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from coinspark.core.errors import CoinsparkError, InputError

_FULL = "free some space there, then run the same command again; finished work is kept"
_FORBIDDEN = "make it writable for this user, or choose another folder in the configuration"
_OF_NUMBER = {
    errno.ENOSPC: ("no space left on device", _FULL),
    errno.EDQUOT: ("disk quota exceeded", _FULL),
    errno.EROFS: ("read-only file system", _FORBIDDEN),
    errno.EACCES: ("permission denied", _FORBIDDEN),
    errno.EPERM: ("operation not permitted", _FORBIDDEN),
    errno.ENAMETOOLONG: ("the path is too long", "choose a shorter one"),
    errno.ENOTDIR: ("a part of this path is a file", "choose another path"),
    errno.EISDIR: ("this is a folder", "choose the path of a file"),
    errno.EEXIST: ("this is a file", "choose the path of a folder"),
    errno.ELOOP: ("too many symbolic links", "choose a path without a loop of links"),
    errno.EMFILE: ("too many open files", "raise the limit (ulimit -n)"),
}
_OF_TEXT = {
    "No space left on device": _OF_NUMBER[errno.ENOSPC],
    "database or disk is full": _OF_NUMBER[errno.ENOSPC],
    "database is full": _OF_NUMBER[errno.ENOSPC],
    "Disk quota exceeded": _OF_NUMBER[errno.EDQUOT],
    "Read-only file system": _OF_NUMBER[errno.EROFS],
    "attempt to write a readonly database": _OF_NUMBER[errno.EROFS],
    "Permission denied": _OF_NUMBER[errno.EACCES],
    "AccessDeniedException": _OF_NUMBER[errno.EACCES],
    "File name too long": _OF_NUMBER[errno.ENAMETOOLONG],
    "Mkdirs failed to create": ("the folder cannot be created", _FORBIDDEN),
    "Too many open files": _OF_NUMBER[errno.EMFILE],
}
"""Text in an error of Java, SQLite or a Spark task → what is wrong and what to do."""

_CREDENTIALS = (
    "the credentials are not accepted",
    "check spark.hadoop.fs.s3a.access.key and .secret.key under spark.conf, or the AWS environment variables",
)
_OF_S3 = {
    "ACCESS_DENIED": ("access denied", "grant this user access, or check the credentials under spark.conf"),
    "NO_SUCH_BUCKET": ("there is no such bucket", "create it, or correct `warehouse`"),
    "INVALID_ACCESS_KEY_ID": _CREDENTIALS,
    "SIGNATURE_DOES_NOT_MATCH": _CREDENTIALS,
    "INVALID_CLIENT_TOKEN_ID": _CREDENTIALS,
    "MISSING_AUTHENTICATION_TOKEN": _CREDENTIALS,
    "NETWORK_CONNECTION": (
        "the storage does not answer",
        "check the network and spark.hadoop.fs.s3a.endpoint under spark.conf, then run the command again",
    ),
}
"""Error code of S3, as pyarrow reports it → what is wrong and what to do."""
_S3_ERROR = re.compile(r"AWS Error (?P<code>\w+)(?: \((?P<status>[^)]*)\))? during (?P<operation>\w+)")

_LIBRARIES = ("pyspark.", "py4j.", "sqlalchemy.", "sqlite3", "tensorflow.", "horovod.", "pyarrow.", "h5py.")
_OUR_ERRORS = "coinspark.core.errors."  # of a Spark task; their messages say more
_PATH = re.compile(r"(?:file:)?(/[^\s:'\"()\[\]]+)")
_FILE = re.compile(r"file:(/[^\s:'\"()\[\]]+)")


def storage_error(error: BaseException) -> CoinsparkError | None:
    """The one-line error for a path that is full, read-only, forbidden or no folder; None otherwise.

    An OSError counts by its number. An error of a library counts by its text, which contains the messages of
    the JVM and of the Python process in which a Spark task ran.
    """
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in _OF_NUMBER:
            return _explain(*_OF_NUMBER[cause.errno], cause.filename)
        if type(cause).__module__.startswith(_LIBRARIES) and _OUR_ERRORS not in str(cause):
            for line in str(cause).splitlines():
                if matches := [item for text, item in _OF_TEXT.items() if text in line]:
                    return _explain(*matches[0], _path_in(line, str(cause)))
    return None


def remote_error(uri: str, error: BaseException) -> CoinsparkError:
    """The one-line error for a URI that pyarrow cannot read or write.

    Of an error of S3 only its code is shown: its text may name an access key.
    """
    text = " ".join(str(error).split())
    if (match := _S3_ERROR.search(text)) is None:
        return InputError(f"{uri:.300}: cannot be read or written ({text:.300}); check `warehouse`")
    status = f", {match['status']}" if match["status"] else ""
    other = (f"S3 error {match['code']} during {match['operation']}{status}", "run the same command again")
    problem, advice = _OF_S3.get(match["code"], other)
    return InputError(f"{uri:.300}: {problem}; {advice}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, and those that it was raised from."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _path_in(line: str, text: str) -> str | None:
    """The path in the line; if there is none, the first file that the whole text names as `file:/…`."""
    match = _PATH.search(line) or _FILE.search(text)
    return match[1].rstrip(".") if match else None


def _explain(problem: str, advice: str, path: object) -> CoinsparkError:
    where = f"{path}" if path else "the warehouse or a temporary folder (spark.local.dir, TMPDIR)"
    return InputError(f"{where:.300}: {problem}; {advice}")
