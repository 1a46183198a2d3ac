"""Definition of a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table: name, documentation, key and columns (name → Spark SQL type). Key columns are never null."""

    name: str
    doc: str
    key: tuple[str, ...]
    columns: dict[str, str]

    @property
    def ddl(self) -> str:
        """The columns as a Spark DDL string, for CREATE TABLE, `local_frame` and mapInPandas alike."""
        return ", ".join(f"`{name}` {kind}" for name, kind in self.columns.items())
