"""Commands of the README pages: their options and configurations are valid, and a test runs each of them.

`tests/test_nightly.py` runs those that read, on its build. The expensive ones are tied to the test that runs
the same on a few coins. The rest is listed with the reason in `tests/readme_commands.py`.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from coinspark import nightly
from coinspark.cli import app as cli
from coinspark.cli import jobs
from coinspark.core.errors import CoinsparkError
from coinspark.warehouse import session, sql
from tests import readme_commands as readme
from tests.readme_commands import ROOT, Command

COMMANDS = readme.commands()
JOB = re.compile(r"jobs/(\w+)\.py")


class ReachedError(Exception):
    """The command passed the checks of its options and its configuration."""


def of(*programs: str) -> list[Any]:
    return [pytest.param(command, id=str(command)) for command in COMMANDS if command.words[0] in programs]


@pytest.fixture
def no_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function that would start Spark raises ReachedError."""

    def stop(*values: Any, **named: Any) -> Any:
        raise ReachedError

    for module, name in ((nightly, "run_build"), (nightly, "run_stages"), (session, "start"), (sql, "start")):
        monkeypatch.setattr(module, name, stop)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: `conf`, `jobs`, and mine.yaml as the README shows it."""
    (example,) = re.findall(
        r"```yaml\n(# mine\.yaml.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    (tmp_path / "mine.yaml").write_text(example, encoding="utf-8")
    for name in ("conf", "jobs"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_pages_have_commands_of_every_program() -> None:
    assert {command.words[0] for command in COMMANDS} == set(readme.PROGRAMS)
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("command", of("coinspark"))
def test_options_and_configuration_are_valid(command: Command, no_spark: None, folder: Path) -> None:
    result = CliRunner().invoke(cli.app, [*command.words[1:], *(["--help"] if command.is_mention else [])])
    if isinstance(result.exception, CoinsparkError):
        # a file or warehouse of the example or of the real coins, which are not here
        assert re.search("cannot be read|: no tables;", str(result.exception)), result.exception
    elif command.name == "status" and not command.is_mention:
        assert (result.exit_code, "no tables; run" in result.stderr) == (1, True), result.output
    elif command.is_mention or command.name in ("--help", "check", "spark-conf"):
        assert result.exit_code == 0, result.output
    else:
        assert isinstance(result.exception, ReachedError), result.output


@pytest.mark.parametrize("command", of("spark-submit"))
def test_submitted_file_takes_its_options(command: Command, no_spark: None, folder: Path) -> None:
    (index,) = (number for number, word in enumerate(command.words) if JOB.fullmatch(word))
    job = JOB.fullmatch(command.words[index])
    assert job and (ROOT / job[0]).is_file()
    with pytest.raises(ReachedError):
        jobs.main(job[1], list(command.words[index + 1 :]))


@pytest.mark.parametrize("command", of("make"))
def test_make_target_exists_and_names_its_test(command: Command) -> None:
    (target,) = command.words[1:]
    subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)
    check_reason(readme.MAKE[target])


def test_demo_is_a_nightly_build_of_its_configuration() -> None:
    # a make that another make started also prints its directory
    dry_run = ["make", "--dry-run", "--no-print-directory", "demo"]
    lines = subprocess.run(dry_run, cwd=ROOT, capture_output=True, text=True).stdout
    assert lines.splitlines()[-1] == "coinspark nightly --config conf/demo.yaml"


@pytest.mark.parametrize("command", of("python"))
def test_module_takes_its_arguments(command: Command) -> None:
    assert command.words[1] == "-m"
    module = importlib.util.find_spec(command.words[2])
    assert module is not None
    if command.words[2] == "tests.bench":
        assert all((ROOT / "tests" / "bench" / f"bench_{name}.py").is_file() for name in command.words[3:])
    elif command.words[3:]:
        name = f"{command.words[2]}.__main__" if module.submodule_search_locations else command.words[2]
        main: Callable[..., Any] = importlib.import_module(name).main
        inspect.signature(main).bind(*command.words[3:])


@pytest.mark.parametrize("command", of("deploy/standalone/cluster.sh", "deploy/thrift/server.sh"))
def test_script_has_the_command(command: Command) -> None:
    assert f"    {command.words[1]}) " in (ROOT / command.words[0]).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", of(*readme.PROGRAMS))
def test_every_command_is_run_by_a_test_or_listed_with_its_reason(command: Command) -> None:
    if command.words[0] == "make" or readme.why_not_run(command) or command.name in readme.ON_THE_BUILD:
        return
    assert command.name in readme.ELSEWHERE, f"{command}: no test runs it; add one"
    check_reason(readme.ELSEWHERE[command.name])


def test_lists_have_no_stale_entries() -> None:
    names = {command.name for command in COMMANDS}
    assert {*readme.ELSEWHERE, *readme.ON_THE_BUILD} <= names
    assert set(readme.MAKE) == {command.words[1] for command in COMMANDS if command.words[0] == "make"}
    assert {readme.why_not_run(command) for command in COMMANDS} == {*readme.NOT_HERE.values(), None}


def check_reason(reason: str) -> None:
    """If the reason is a test (`file::name`), it must exist."""
    file, separator, name = reason.partition("::")
    if separator:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, reason
