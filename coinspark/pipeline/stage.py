"""Definition of a stage: the tables it reads and writes, the settings it depends on, and the function between
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.core import progress
from coinspark.warehouse.files import Location


@dataclass(frozen=True)
class Change:
    """Rows to add to a table that is not rewritten; rows whose key is not in `keep` are deleted.

    In a forced run the rows replace the table, since `Context.reusable` is empty then.
    """

    rows: DataFrame
    keep: DataFrame


@runtime_checkable
class Outside(Protocol):
    """State outside tables and configuration that is read once, for the fingerprint and for the build."""

    def state(self) -> Any:
        """JSON-like value that changes when the result of the stage changes."""


@dataclass(frozen=True)
class Context:
    """Arguments of a build function.

    Attributes:
        read: Returns a table as it was when the stage began. Raises RuntimeError for a table that the stage
            does not declare in `reads` or `writes`.
        scratch: A folder in the warehouse for finished parts of unfinished work (see `pipeline.scratch`). A
            later run finds it again, also with other settings, inputs or code: the name of a part must
            contain what decides it.
        say: Shows progress: a line in a terminal that the next one replaces, nothing elsewhere.
        outside: What `Stage.outside` returned in this run.
        notice: Prints a line that stays: something that the user may have to act on.
        force: Compute everything again: results of earlier runs must not be reused (see `reusable`).
        verify_files: Compare the bytes of files, whatever their sizes and times. `Stage.differences` ran
            before `build`.
    """

    spark: SparkSession
    config: Config
    read: Callable[[str], DataFrame]
    scratch: Location
    say: Callable[[str], None]
    outside: Any = None
    notice: Callable[[str], None] = progress.say
    force: bool = False
    verify_files: bool = False

    def reusable(self, name: str) -> DataFrame:
        """The published rows of a table of this stage, as far as they may be used again: none if forced."""
        rows = self.read(name)
        return rows.limit(0) if self.force else rows


@dataclass(frozen=True)
class Stage:
    """A stage of the pipeline. Its fingerprint decides whether it must run (see `pipeline.run`).

    Attributes:
        name: Name of the stage and of its command.
        help: One line for `coinspark --help`.
        reads: Tables that this configuration asks for. The stage follows the stages that write them.
        writes: Tables that `build` returns. `build` may also read their published rows.
        settings: The part of the configuration that decides the result; JSON-like values or sections.
        build: Returns a frame or a `Change` for each table of `writes`.
        outside: State outside tables and configuration that decides the result, such as listings or weights
            files: JSON-like values or an `Outside`.
        modules: Modules that the configuration selects from registries. They count for the code version in
            addition to the import closure of `build`'s module.
        scheduled: Whether this configuration makes the stage a part of the nightly build.
        check: Checks cheaply, before Spark starts, what the stage needs from outside, such as the columns of
            a manifest. Raises CoinsparkError.
        files: Files that the published rows refer to, given `Context.read`: path below the warehouse →
            SHA-256 hex of the file, or `folder_hash` of the folder. If one is missing or damaged, the stage
            runs again; `build` must then keep the files that are whole.
        differences: Says in one line what has changed in files outside the tables although the fingerprint is
            the same; "" if nothing. If something has, the stage runs again. With `Context.verify_files` it is
            called whatever the fingerprint.
    """

    name: str
    help: str
    reads: Callable[[Config], tuple[str, ...]]
    writes: tuple[str, ...]
    settings: Callable[[Config], Any]
    build: Callable[[Context], Mapping[str, DataFrame | Change]]
    outside: Callable[[Config], Any] = lambda config: None
    modules: Callable[[Config], tuple[str, ...]] = lambda config: ()
    scheduled: Callable[[Config], bool] = lambda config: True
    check: Callable[[Config], None] = lambda config: None
    files: Callable[[Config, Callable[[str], DataFrame]], Mapping[str, str]] = lambda config, read: {}
    differences: Callable[[Context], str] = lambda context: ""
