"""deploy/cron: the line of the crontab in cron's environment, failures, the environment file, log files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests import builds

CRON = builds.ROOT / "deploy" / "cron"
SHELL = "/bin/sh"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home folder with an umlaut, with the repository, a configuration, and no environment file."""
    home = tmp_path / "Münzen"
    home.mkdir()
    (home / "coinspark").symlink_to(builds.ROOT)
    config = builds.configuration(home)
    source = config.sources[0]
    spark = {"driver_memory": "1g", "shuffle_partitions": 2, "conf": config.spark.conf}
    (home / "mine.yaml").write_text(
        f"warehouse: {home}/warehouse\n"
        f"spark: {json.dumps(spark)}\n"
        f"sources:\n  - {{kind: synthetic, name: synthetic, root: '{source.root}', "
        "coins: 10, mints: 2, types_per_mint: 2, photo: 64, seed: 7}\n"
        "ingest: {sizes: [32]}\n"
        "layers:\n  - {name: mint, kind: mint}\n",
        encoding="utf-8",
    )
    return home


def crontab_command(folder: Path, command: str) -> str:
    """The command of the crontab, with the folders of the test and another command of coinspark."""
    lines = [line for line in (CRON / "crontab").read_text().splitlines() if re.match(r"[\d*]", line)]
    assert len(lines) == 2
    (line,) = (line for line in lines if (" status " in line) == (command == "status"))
    fields = line.split(maxsplit=5)
    assert fields[:5] == ["0" if command == "status" else "30", "8" if command == "status" else "3", *"***"]
    text = fields[5].replace("/srv/coinspark", f"{folder}/coinspark")
    return text.replace("/etc/coinspark", str(folder)).replace(" nightly ", f" {command} ")


def run(folder: Path, command: str, *prefix: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the shell in cron's environment, plus these variables of the crontab."""
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "POSIX", "SHELL": SHELL}
    return subprocess.run(
        [*prefix, SHELL, "-c", command],
        env={**environment, "COINSPARK_VENV": str(builds.ROOT / ".venv"), **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )


def unresolved_host_name() -> list[str]:
    """The start of a command that runs under a host name that does not resolve; empty if root is needed."""
    prefix = ["unshare", "--uts", SHELL, "-c", 'hostname coinspark-test && exec "$@"', SHELL]
    if shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
        return prefix
    return []


def log(folder: Path) -> str:
    (file,) = (folder / "coinspark-logs").glob("*.log")
    return file.read_text(encoding="utf-8")


@pytest.mark.slow(seconds=40)
def test_command_of_the_crontab_runs_in_the_bare_environment_and_prints_nothing(folder: Path) -> None:
    done = run(folder, crontab_command(folder, "ingest"), *unresolved_host_name(), SPARK_HOME="/opt/other")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), log(folder)
    assert "10 images, 10 coins, 0 rejects" in log(folder)
    assert "SPARK_HOME=/opt/other is ignored" in log(folder)
    assert (folder / "warehouse" / "catalog.db").stat().st_size > 0
    assert list((folder / "warehouse" / "coins" / "images" / "data").glob("*.parquet"))


def test_failing_command_prints_its_end_and_keeps_the_exit_code(folder: Path) -> None:
    done = run(folder, crontab_command(folder, "ingest --set trainning.epochs=1"))
    assert done.returncode == 1
    assert "failed with exit code 1" in done.stderr
    assert "unknown key 'trainning'" in done.stderr
    assert str(folder / "coinspark-logs") in done.stderr
    assert log(folder) in done.stderr


@pytest.mark.parametrize(
    ("variables", "cause"),
    [
        ({"JAVA_HOME": "/gone"}, "Java is missing: JAVA_HOME=/gone has no java; set JAVA_HOME"),
        ({"JAVA_TOOL_OPTIONS": "-Xnone"}, "Spark did not start: Unrecognized option: -Xnone; check"),
    ],
)
def test_wrong_java_gives_one_line_with_cause_and_fix(
    folder: Path, variables: dict[str, str], cause: str
) -> None:
    done = run(folder, crontab_command(folder, "ingest"), **variables)
    assert done.returncode == 1
    first, second = log(folder).splitlines()
    assert first == "starting Spark"
    assert second.startswith(f"coinspark: {cause}")


def test_alarm_prints_its_reason_if_no_build_was_published(folder: Path) -> None:
    done = run(folder, crontab_command(folder, "status"))
    assert done.returncode == 1
    assert "coinspark status --max-age 26h --config" in done.stderr
    assert f"status: {folder}/warehouse: no tables; run `coinspark nightly`" in done.stderr


def test_environment_file_is_read_without_a_shell(folder: Path) -> None:
    value = '/data/it\'s $HOME `id` "x"'
    (folder / "environment").write_text(f"# folders\n\nCOIN_FOLDER={value}\n", encoding="utf-8")
    (folder / "folder.yaml").write_text("warehouse: ${COIN_FOLDER}\n", encoding="utf-8")
    done = run(
        folder,
        f"{crontab_command(folder, 'check')} --config {folder}/folder.yaml",
        COINSPARK_ENV=str(folder / "environment"),
    )
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(log(folder))["warehouse"] == value


def test_wrong_line_of_the_environment_file_is_named_and_not_shown(folder: Path) -> None:
    (folder / "environment").write_text("A=1\nhunter2\n", encoding="utf-8")
    done = run(folder, crontab_command(folder, "check"), COINSPARK_ENV=str(folder / "environment"))
    assert done.returncode == 2
    assert "environment, line 2: expected NAME=value" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def test_missing_environment_file_and_environment_are_named(folder: Path) -> None:
    done = run(folder, crontab_command(folder, "check"), COINSPARK_ENV="/gone")
    assert (done.returncode, done.stderr) == (2, "run.sh: /gone does not exist; COINSPARK_ENV names it\n")
    done = run(folder, crontab_command(folder, "check"), COINSPARK_VENV="/gone")
    assert done.returncode == 2
    assert "/gone/bin/python is missing; run `make setup`" in done.stderr


def test_only_old_log_files_are_deleted(folder: Path) -> None:
    logs = folder / "coinspark-logs"
    logs.mkdir()
    day = 24 * 3600
    for name, days in (("old.log", 62), ("new.log", 59), ("old.txt", 62)):
        (logs / name).touch()
        age = (logs / name).stat().st_mtime - days * day
        os.utime(logs / name, (age, age))
    assert run(folder, crontab_command(folder, "version")).returncode == 2  # it has no --config
    assert {path.name for path in logs.iterdir()} > {"new.log", "old.txt"}
    assert not (logs / "old.log").exists()
