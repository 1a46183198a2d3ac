"""Registries: named entries, each in a module of its own that is imported when the entry is asked for."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from coinspark.core.errors import ConfigError

Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry], Generic[Entry]):
    """Entries of one extension point by name: `{"folders": "coinspark.ingest.readers.folders:READER"}`.

    A name of the form `package.module:ATTRIBUTE` needs no entry, so that a configuration can name one from
    outside coinspark. It must be importable on the driver and on the workers.
    """

    def __init__(self, what: str, entries: Mapping[str, str]) -> None:
        """`what` names the extension point in error messages, such as "layer kind"."""
        self.what, self._targets = what, dict(entries)

    def __getitem__(self, name: str) -> Entry:
        """The entry of this name.

        Raises ConfigError that names the nearest known name, or what cannot be imported.
        """
        module, _, attribute = self.target(name).partition(":")
        try:
            entry: Entry = getattr(importlib.import_module(module), attribute)
        except (ModuleNotFoundError, AttributeError) as error:
            if name in self._targets:
                raise
            raise ConfigError(f"{self.what} {name!r} cannot be imported: {error}") from None
        return entry

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._targets or ":" in name)

    def module(self, name: str) -> str:
        """The dotted name of the module that defines this entry, for the code version."""
        return self.target(name).partition(":")[0]

    def target(self, name: str) -> str:
        """`module:ATTRIBUTE` of this name. Raises ConfigError where it is neither known nor of that form."""
        if name in self._targets:
            return self._targets[name]
        if ":" in name:
            return name
        near = difflib.get_close_matches(name, self._targets, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(self._targets))}"
        raise ConfigError(f"unknown {self.what} {name!r}; {hint}")


def resolve(target: str) -> Any:
    """The object that `module:ATTRIBUTE` names.

    Lets lower packages ask a registry of a higher one by its name.
    """
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
