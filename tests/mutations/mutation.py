"""A mutation: a deliberate fault in one line of coinspark, and the tests that must fail with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """A fault in one place of the code.

    Attributes:
        fault: What is wrong with the mutated code, in a few words.
        file: The module, relative to `coinspark/`.
        code: Text of the module that occurs exactly once.
        replacement: The text in its place.
        tests: Files of tests, or `file.py::test`, relative to `tests/`. At least one of the tests must fail.
    """

    fault: str
    file: str
    code: str
    replacement: str
    tests: tuple[str, ...]

    def apply(self, text: str) -> str:
        """The text of the module with the fault. Raises ValueError unless `code` occurs exactly once."""
        if (count := text.count(self.code)) != 1:
            raise ValueError(
                f"{self.file}: {self.code!r} ({self.fault}) occurs {count} times, not once; update the entry"
            )
        return text.replace(self.code, self.replacement)
