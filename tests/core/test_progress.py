"""Messages on standard error: lines stay, progress is replaced, and only a terminal shows progress."""

from __future__ import annotations

import io

import pytest

from coinspark.core import progress


class Terminal(io.StringIO):
    """A terminal of 80 columns."""

    def isatty(self) -> bool:
        return True


def lines_on(screen: str) -> list[str]:
    """The lines that a terminal shows after this output."""
    shown = [""]
    for part in screen.replace("\r\x1b[2K", "\0").replace("\n", "\n\1").split("\1"):
        for piece in part.split("\0")[0:1]:
            shown[-1] += piece
        for piece in part.split("\0")[1:]:
            shown[-1] = piece
        if shown[-1].endswith("\n"):
            shown[-1] = shown[-1][:-1]
            shown.append("")
    return [line for line in shown if line]


def test_terminal_keeps_lines_and_replaces_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    progress.progress("chunk 1 of 2")
    progress.say("entities: no lists are configured")
    progress.progress("chunk 1 of 2")
    progress.progress("chunk 2 of 2")
    assert lines_on(terminal.getvalue()) == ["entities: no lists are configured", "chunk 2 of 2"]
    progress.say("published")
    assert lines_on(terminal.getvalue()) == ["entities: no lists are configured", "published"]


def test_file_has_lines_and_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", file := io.StringIO())
    progress.progress("chunk 1 of 2")
    progress.say("entities: no lists are configured")
    progress.progress("chunk 2 of 2")
    assert file.getvalue() == "entities: no lists are configured\n"
