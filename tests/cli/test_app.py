"""The commands of `coinspark`: one per stage, and clear errors for wrong usage."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from coinspark import nightly
from coinspark.cli import app as cli
from coinspark.cli.options import show
from coinspark.config import Config
from coinspark.core import exits, progress
from coinspark.core.errors import InputError

RUNNER = CliRunner()


def test_help_lists_a_command_for_every_stage() -> None:
    output = RUNNER.invoke(cli.app, ["--help"]).output
    commands = {line.split()[0] for line in output.split("Commands:")[1].splitlines() if line.strip()}
    assert {stage.name for stage in nightly.STAGES} <= commands
    assert {"nightly", "publish", "sql", "status", "table1", "spark-conf", "check", "version"} <= commands


def test_commands_start_without_libraries_that_only_some_need() -> None:
    program = (
        "import sys, coinspark.cli.app; print(*{name.split('.')[0] for name in sys.modules}, *sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    slow = {"tensorflow", "horovod", "petastorm", "spacy", "sklearn", "sparknlp", "scipy.stats"}
    assert slow.isdisjoint(loaded.stdout.split())


@pytest.mark.parametrize("command", typer.main.get_group(cli.app).list_commands(None))
def test_every_command_has_help(command: str) -> None:
    result = RUNNER.invoke(cli.app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_check_prints_the_configuration_with_defaults() -> None:
    result = RUNNER.invoke(cli.app, ["check", "--set", "training.epochs=3"])
    assert result.exit_code == 0
    assert "  epochs: 3\n" in result.output
    assert "  batch: 16\n" in result.output


def test_unknown_option_exits_2_with_a_hint(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["coinspark", "nightly", "--forse"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    assert "see coinspark --help" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "accepted"), [([], False), (["--accept-loss"], True)])
@pytest.mark.parametrize(("command", "function"), [("ingest", "run_up_to"), ("nightly", "run_build")])
def test_accept_loss_is_a_setting_of_the_build(
    monkeypatch: pytest.MonkeyPatch, command: str, function: str, option: list[str], accepted: bool
) -> None:
    class Started(Exception):
        pass

    def start(config: Config, *args: object) -> None:
        raise Started(config.ingest.accept_loss)

    monkeypatch.setattr(nightly, function, start)
    result = RUNNER.invoke(cli.app, [command, *option])
    assert isinstance(result.exception, Started) and result.exception.args == (accepted,)


def test_spark_conf_prints_one_setting_per_line() -> None:
    lines = RUNNER.invoke(cli.app, ["spark-conf", "--set", "warehouse=/data/coins"]).output.splitlines()
    settings = dict(line.split(" ", 1) for line in lines)
    assert settings["spark.sql.catalog.coinspark.warehouse"] == "file:///data/coins"
    assert settings["spark.sql.catalog.coinspark.uri"] == "jdbc:sqlite:/data/coins/catalog.db"


@pytest.mark.parametrize(("terminal", "shown"), [(True, "a\\u001b[2J\nb\n"), (False, "a\x1b[2J\nb\n")])
def test_results_reach_a_terminal_without_control_characters(
    terminal: bool, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    show("a\x1b[2J\nb")
    assert capsys.readouterr().out == shown


def test_errors_and_progress_reach_the_terminal_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress.say("coin \x1b]0;x\x07")
    with pytest.raises(SystemExit), exits.exit_codes():
        raise InputError("coin \x1b[31m\nb")
    assert capsys.readouterr().err == "coin \\u001b]0;x\\u0007\ncoinspark: coin \\u001b[31m\nb\n"
