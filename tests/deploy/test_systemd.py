"""deploy/systemd: the units are valid, start on every day, are confined, and report a failure."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import builds

SYSTEMD = builds.ROOT / "deploy" / "systemd"
UNITS = (
    "coinspark.service",
    "coinspark.timer",
    "coinspark-status.service",
    "coinspark-status.timer",
    "coinspark-failure@.service",
)
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is missing (Debian: apt-get install systemd)",
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """A folder of the units, with this repository in place of /srv/coinspark."""
    for name in UNITS:
        text = (SYSTEMD / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("/srv/coinspark", str(builds.ROOT)), encoding="utf-8")
    return tmp_path


def analyze(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],
        env={**os.environ, "LC_ALL": "C.UTF-8", **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def settings(name: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", (SYSTEMD / name).read_text(encoding="utf-8"), re.MULTILINE)


def report(folder: Path, mail: bool, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run report-failure.sh with a journalctl that repeats its arguments, and a mail that writes a file."""
    programs = {"journalctl": 'echo "journal of $*"; echo "coinspark: disk full"'}
    if mail:
        programs["mail"] = f'printf "%s\\n" "$*" > {folder}/mail; cat >> {folder}/mail'
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    for name in ("cat", "sed", "uname"):
        (folder / name).symlink_to(shutil.which(name) or "")
    return subprocess.run(
        ["/bin/sh", SYSTEMD / "report-failure.sh", "coinspark.service"],
        env={"PATH": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


@needs_systemd
def test_units_are_valid(units: Path) -> None:
    paths = [str(units / name) for name in UNITS[:4]]  # and the template that OnFailure= names
    done = analyze("verify", "--man=no", *paths, SYSTEMD_UNIT_PATH=f"{units}:")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
def test_misspelt_setting_is_reported(units: Path) -> None:
    """`verify` would find a fault: the test above is not empty."""
    service = units / "coinspark.service"
    service.write_text(service.read_text().replace("ProtectSystem=", "ProtectSytem="))
    done = analyze("verify", "--man=no", str(service), SYSTEMD_UNIT_PATH=f"{units}:")
    assert "ProtectSytem" in done.stderr


@needs_systemd
@pytest.mark.parametrize(
    ("before", "expected"),
    [  # summer time begins and ends in these nights
        ("2026-03-28 12:00:00", ["2026-03-29 03:30:00 CEST", "2026-03-30 03:30:00 CEST"]),
        ("2026-10-24 12:00:00", ["2026-10-25 03:30:00 CET", "2026-10-26 03:30:00 CET"]),
    ],
)
def test_timer_elapses_once_on_every_day(before: str, expected: list[str]) -> None:
    (times,) = settings("coinspark.timer", "OnCalendar")
    done = analyze("calendar", f"--base-time={before}", "--iterations=2", times, TZ="Europe/Berlin")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"(\d{4}-\d\d-\d\d [\d:]+ CES?T)", done.stdout) == expected


@needs_systemd
@pytest.mark.parametrize("name", ["coinspark.service", "coinspark-status.service"])
def test_service_is_confined(units: Path, name: str) -> None:
    """Exposure level times ten; 92 without any of the settings."""
    done = analyze("security", "--offline=true", "--threshold=20", str(units / name))
    if "unrecognized option" in done.stderr:
        pytest.skip("this version of systemd-analyze cannot rate files")
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


def test_killed_builds_are_restarted_and_failed_ones_reported() -> None:
    assert settings("coinspark.service", "Type") == ["oneshot"]
    assert settings("coinspark.service", "Restart") == ["on-abnormal"]
    assert settings("coinspark.service", "OnFailure") == ["coinspark-failure@%n.service"]
    assert settings("coinspark.timer", "Persistent") == ["true"]


def test_command_of_the_service_runs_with_its_environment_alone(tmp_path: Path) -> None:
    (line,) = settings("coinspark.service", "ExecStart")
    command = line.replace("/srv/coinspark", str(builds.ROOT)).split()
    assert command[3:] == ["nightly", "--config", "/etc/coinspark/mine.yaml"]
    (tmp_path / "mine.yaml").write_text("warehouse: /var/lib/coinspark/warehouse\n", encoding="utf-8")
    done = subprocess.run(
        [*command[:3], "check", "--config", tmp_path / "mine.yaml"],
        env=dict(setting.split("=", 1) for setting in settings("coinspark.service", "Environment")),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "warehouse: /var/lib/coinspark/warehouse" in done.stdout


def test_alarm_runs_every_morning_and_is_reported() -> None:
    (command,) = settings("coinspark-status.service", "ExecStart")
    assert command.split()[3:6] == ["status", "--max-age", "26h"]
    assert settings("coinspark-status.service", "OnFailure") == ["coinspark-failure@%n.service"]
    assert settings("coinspark-status.timer", "OnCalendar") == ["*-*-* 08:00:00"]


def test_failure_is_mailed_with_the_end_of_the_journal(tmp_path: Path) -> None:
    done = report(tmp_path, mail=True, COINSPARK_MAILTO="coins@example.org")
    assert (done.returncode, done.stderr) == (0, "")
    first, *journal = (tmp_path / "mail").read_text().splitlines()
    assert re.fullmatch(r"-s coinspark\.service failed on \S+ coins@example\.org", first)
    assert "--unit=coinspark.service" in journal[0]
    assert journal[1] == "coinspark: disk full"


def test_failure_is_an_error_of_the_journal_without_an_address(tmp_path: Path) -> None:
    done = report(tmp_path, mail=False)
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert lines[0].startswith("<3>coinspark.service failed on ")
    assert lines[-1] == "<3>coinspark: disk full"


def test_missing_mail_program_is_named(tmp_path: Path) -> None:
    done = report(tmp_path, mail=False, COINSPARK_MAILTO="coins@example.org")
    assert done.returncode == 1
    assert "the command mail is missing" in done.stderr
