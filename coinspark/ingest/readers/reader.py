"""Definition of a source kind: its settings and the functions that read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from coinspark.config import Source
from coinspark.ingest.records import Listing

Settings = TypeVar("Settings", bound=Source)


@dataclass(frozen=True)
class Reader(Generic[Settings]):
    """A source kind.

    Attributes:
        settings: The keys of the source in the configuration.
        read: Returns the coins of a source without opening a photo. A record that cannot be used is a reject.
            Raises InputError if the source as a whole cannot be read.
        state: Returns a JSON-like value that changes when the result of `read` changes. None: a digest of the
            listing. Set it if `read` is expensive or writes files.
        check: Raises InputError if the source cannot be read, as far as a look at folders and headers tells.
            It runs before Spark starts.
        damaged: Returns the paths of files that `read` itself writes and that are missing or not as it wrote
            them, at least by size and time; with the second argument (`--verify-files`) by their bytes too.
            `read` must write such a file again once it has been deleted.
    """

    settings: type[Settings]
    read: Callable[[Settings], Listing]
    state: Callable[[Settings], Any] | None = None
    check: Callable[[Settings], None] = lambda source: None
    damaged: Callable[[Settings, bool], list[str]] = lambda source, verify: []
