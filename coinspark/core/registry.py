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

    def __init__(self, what: str, entries: Mapping[str, str], entry_type: str = "builtins:object") -> None:
        """Make a registry.

        Args:
            what: Name of the extension point in error messages, such as "layer kind".
            entries: Name → `module:ATTRIBUTE`.
            entry_type: `module:CLASS` of the entries. One from outside coinspark must be an instance of it.
        """
        self.what, self._targets, self._entry_type = what, dict(entries), entry_type

    def __getitem__(self, name: str) -> Entry:
        """The entry of this name.

        Raises ConfigError that names the nearest known name, or what cannot be imported.
        """
        target = self.target(name)
        if name in self._targets:
            known: Entry = resolve(target)
            return known
        try:
            entry: Entry = resolve(target)
        except Exception as error:  # the module is the user's: any fault of its own is one line
            message = " ".join(str(error).split())
            raise ConfigError(
                f"{self.what} {name!r} cannot be imported: {type(error).__name__}: {message}"
            ) from error
        if not isinstance(entry, expected := resolve(self._entry_type)):
            raise ConfigError(f"{self.what} {name!r} is not of type {expected.__name__}: {entry!r:.80}")
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
