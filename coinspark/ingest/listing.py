"""The listings of the configured sources, read once for change detection and build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coinspark.config import Config, Source
from coinspark.core.errors import InputError
from coinspark.core.formatting import one_line
from coinspark.ingest.duplicates import combine
from coinspark.ingest.readers import READERS
from coinspark.ingest.records import Listing


class SourceListings:
    """The listings of the configured sources. Each is read at most once, and only when it is needed."""

    def __init__(self, config: Config) -> None:
        """Raises InputError if there are no sources."""
        if not config.sources:
            raise InputError("sources: there are none; add one (conf/base.yaml shows the kinds)")
        self._sources = config.sources
        self._listings: dict[str, Listing] = {}

    def state(self) -> list[Any]:
        """A JSON-like value for each source that changes when its listing changes."""
        return [self._state(source) for source in self._sources]

    def combined(self) -> Listing:
        """Every coin of every source, no photo opened.

        Raises InputError if a source is missing or empty, or if two sources use the same coin ids.
        """
        return combine(self.by_source().values())

    def by_source(self) -> dict[str, Listing]:
        """The listing of each source. Raises InputError if a source is missing or empty."""
        return {source.name: self._listing(source) for source in self._sources}

    def discard_damaged(self, verify: bool) -> list[str]:
        """Delete files that a reader writes itself and that are damaged: `read` writes them again.

        Args:
            verify: Compare their bytes too, not only size and modification time.

        Returns:
            The paths of the missing and the deleted files.
        """
        damaged = [path for source in self._sources for path in READERS[source.kind].damaged(source, verify)]
        for path in damaged:
            try:
                Path(path).unlink(missing_ok=True)
            except OSError as error:
                raise InputError(
                    f"{one_line(path)}: is damaged and cannot be deleted ({error.strerror}); "
                    "delete it, or set another `root`"
                ) from None
        return damaged

    def _state(self, source: Source) -> Any:
        state = READERS[source.kind].state
        return self._listing(source).digest() if state is None else state(source)

    def _listing(self, source: Source) -> Listing:
        if source.name not in self._listings:
            self._listings[source.name] = read_source(source)
        return self._listings[source.name]


def read_source(source: Source) -> Listing:
    """The listing of one source, coin ids with its prefix. Raises InputError if it is empty."""
    listing = READERS[source.kind].read(source).with_prefix(source.prefix)
    if not listing.records and not listing.rejects:
        raise InputError(
            f"source {source.name!r}: no coin below {source.root}; set `root` to the folder of its coins"
        )
    return listing


def check_sources(config: Config) -> None:
    """Raise InputError if a source cannot be read, as far as folders and headers tell, or there are none."""
    SourceListings(config)
    for source in config.sources:
        READERS[source.kind].check(source)


def reader_modules(config: Config) -> tuple[str, ...]:
    """The modules of the readers that the sources use, for the code version."""
    return tuple(sorted({READERS.module(source.kind) for source in config.sources}))
