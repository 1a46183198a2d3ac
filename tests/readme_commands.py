"""The commands that the README pages show, and how each is run or why it cannot be run here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted(page for name in ("coinspark", "deploy", "tests") for page in (ROOT / name).rglob("README.md")),
]
PROGRAMS = (
    "coinspark",
    "make",
    "python",
    "source",
    "spark-sql",
    "spark-submit",
    "deploy/standalone/cluster.sh",
    "deploy/thrift/server.sh",
    "beeline",
)
_INLINE = re.compile(rf"`((?:{'|'.join(PROGRAMS[:3])}) [^`]+|[^`]*\.venv/bin/coinspark [^`]+)`")

MAKE = {
    "demo": "tests/test_nightly.py::test_build_fills_every_table_and_writes_the_report",  # on fewer coins
    "setup": "needs downloads",
    "test": "runs these tests",
    "test-cluster": "needs PostgreSQL, an S3 server and network namespaces",
    "quick": "runs these tests",
    "check": "runs these tests, and the checks of style and types",
    "bench": "needs minutes to hours",
    # of a small project:
    "mutations": "tests/mutations/test_mutations.py::test_fault_that_no_test_notices_survives",
}
"""Target → the test that runs the same, or why no test runs it."""

_BUILD = "tests/test_nightly.py::test_build_fills_every_table_and_writes_the_report"
_CLUSTER = "tests/deploy/test_standalone.py::test_nightly_completes_on_standalone_cluster_with_two_workers"
_THRIFT = "tests/deploy/test_thrift.py::test_clients_read_and_cannot_write"
ELSEWHERE = {
    **dict.fromkeys(("nightly", "deepcluster", "features", "splits", "train", "evaluate"), _BUILD),
    "ingest": "tests/test_nightly.py::test_build_without_a_coin_keeps_the_tagged_build",
    "status": "tests/warehouse/test_status.py::test_contents_are_those_of_the_newest_build",
    "publish": "tests/test_publish_build.py::"
    "test_publish_tags_what_the_stages_built_and_names_a_stage_that_is_outdated",
    "entities": "tests/entities/test_entities_stage.py::test_unlisted_name_is_proposed_until_a_verdict",
    "entities evaluate": "tests/cli/test_entities.py::test_evaluate_measures_an_engine_on_designs",
    "spark-sql": "tests/warehouse/test_clients.py::test_documented_spark_sql_commands_run",
    "spark-submit": _CLUSTER,
    "cluster.sh": _CLUSTER,
    "register": "tests/warehouse/test_registration.py::"
    "test_registered_copy_reads_and_writes_its_own_files_only",
    "server.sh": _THRIFT,
    "beeline": _THRIFT,
    "source": "tests/warehouse/test_clients.py::test_documented_spark_sql_commands_run",
}
"""Expensive command → the test that runs the same on a few coins."""

ON_THE_BUILD = ("sql", "table1", "spark-conf", "check", "entities proposals", "classes", "clusters", "--help")
"""Commands of coinspark that `test_documented_command_runs_on_the_build` runs as they are documented."""

NOT_HERE = {
    r"python -m tests\.mutations": "runs tests for minutes",
    r"python -m tests\.deploy\.dockerfile": "needs a root file system, and minutes to download packages",
    r"python -m tests\.bench": "measures for minutes to hours",
    r"coinspark .*conf/(roman_coins|corpus_nummorum)\.yaml": "needs the real coins, for minutes to hours",
}
"""Pattern of a command → why no test runs it."""


class Command(NamedTuple):
    """A documented command: its page and line, its text, and its words without a comment.

    `is_mention`: the text of a page mentions the command by its name alone.
    """

    page: Path
    line: int
    text: str
    words: tuple[str, ...]
    is_mention: bool = False

    @property
    def name(self) -> str:
        """`sql` or `entities proposals` for a command of coinspark, else the program."""
        program = self.words[0].rsplit("/", 1)[-1]
        if program != "coinspark":
            return program
        return (
            " ".join(self.words[1:3]) if self.words[2:3] in (("evaluate",), ("proposals",)) else self.words[1]
        )

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}: {self.text[:60]}"


def commands(*pages: Path) -> list[Command]:
    """All commands of these pages, or of all; one that is repeated word for word is listed once."""
    distinct: dict[tuple[object, ...], Command] = {}
    for page in pages or PAGES:
        for command in _commands(page):
            distinct.setdefault((command.words, command.is_mention), command)
    return list(distinct.values())


def on_the_build() -> list[Command]:
    """The commands that a test runs on a complete build."""
    return [
        command
        for command in commands()
        if command.name in ON_THE_BUILD and not command.is_mention and why_not_run(command) is None
    ]


def why_not_run(command: Command) -> str | None:
    """Why no test runs the command; None if one does."""
    return next((reason for pattern, reason in NOT_HERE.items() if re.match(pattern, command.text)), None)


def _commands(page: Path) -> Iterator[Command]:
    fence = None
    continued = ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("```"):
            fence = None if fence is not None else line.removeprefix("```")
            continue
        for text in _INLINE.findall(line) if fence is None and not line.startswith("    ") else ():
            optional = re.sub(r"\[|\]|\|\S+", "", text)  # `[--format table|csv]`: an option, its first value
            for command in _command(page, number, optional.partition("&& ")[2] or optional):
                mention = command.words == ("coinspark", *command.name.split())
                yield command._replace(is_mention=mention)
        if fence in ("", "bash") or (fence is None and line.startswith("    ")):
            text = f"{continued}{line.strip()}"
            continued = text.removesuffix("\\") if text.endswith("\\") else ""
            if not continued:
                yield from _command(page, number, text)


def _command(page: Path, number: int, text: str) -> Iterator[Command]:
    """The command of a line, without comment and redirection; none if the line starts with another word."""
    program = text.split(" ", 1)[0].removeprefix(".venv/bin/")
    if program in PROGRAMS:
        words = shlex.split(text, comments=True)
        end = words.index(">") if ">" in words else len(words)
        yield Command(page, number, text, (program, *words[1:end]))
