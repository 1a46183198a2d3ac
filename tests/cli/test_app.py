"""The commands of `coinspark`: one per stage, and clear errors for wrong usage."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from coinspark import nightly
from coinspark.cli import app as cli

RUNNER = CliRunner()


def test_help_lists_a_command_for_every_stage() -> None:
    output = RUNNER.invoke(cli.app, ["--help"]).output
    commands = {line.split()[0] for line in output.split("Commands:")[1].splitlines() if line.strip()}
    assert {stage.name for stage in nightly.STAGES} <= commands
    assert {"nightly", "sql", "table1", "spark-conf", "check", "version"} <= commands


@pytest.mark.parametrize("command", typer.main.get_command(cli.app).commands)  # type: ignore[attr-defined]
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


def test_spark_conf_prints_one_setting_per_line() -> None:
    lines = RUNNER.invoke(cli.app, ["spark-conf", "--set", "warehouse=/data/coins"]).output.splitlines()
    settings = dict(line.split(" ", 1) for line in lines)
    assert settings["spark.sql.catalog.coinspark.warehouse"] == "/data/coins"
    assert settings["spark.sql.catalog.coinspark.uri"] == "jdbc:sqlite:/data/coins/catalog.db"
