"""Environment in which Spark starts: what coinspark sets, and the line for each cause of a failed start."""

from __future__ import annotations

import locale
import os
import pwd
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyspark
import pytest
from py4j.protocol import Py4JNetworkError
from pyspark.errors import PySparkException

from coinspark.config import load
from coinspark.core.errors import ConfigError
from coinspark.warehouse import environment, jvm

VARIABLES = ("JAVA_HOME", "LC_ALL", "PYSPARK_PYTHON", "SPARK_HOME", "SPARK_LOCAL_IP")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """None of the variables; a Java 17 in PATH."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "")  # restores the variable after the test, also if the test deletes it
        monkeypatch.delenv(name)
    write_java(tmp_path / "java", "17.0.15")
    monkeypatch.setenv("PATH", str(tmp_path / "java" / "bin"))


def write_java(folder: Path, version: str) -> None:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch(mode=0o755)
    (folder / "release").write_text(f'IMPLEMENTOR="Debian"\nJAVA_VERSION="{version}"\n')


def fail(error: Exception) -> Any:
    def function(*values: Any) -> Any:
        raise error

    return function


def resolve_only_localhost(host: str, port: object) -> list[object]:
    if host != "localhost":
        raise socket.gaierror(-2, "Name or service not known")
    return []


def test_localhost_must_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", fail(socket.gaierror(-2, "Name or service not known")))
    with pytest.raises(ConfigError, match="localhost does not resolve, which PySpark needs; add the line"):
        environment.prepare(local=True, settings={})


def test_local_master_uses_loopback_and_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSPARK_PYTHON", "/usr/bin/false")
    monkeypatch.setattr(socket, "getaddrinfo", resolve_only_localhost)
    environment.prepare(local=True, settings={})
    assert os.environ["PYSPARK_PYTHON"] == sys.executable
    assert os.environ["SPARK_LOCAL_IP"] == "127.0.0.1"


def test_cluster_needs_a_host_name_that_resolves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "node7")
    monkeypatch.setattr(socket, "getaddrinfo", resolve_only_localhost)
    with pytest.raises(ConfigError, match="'node7', does not resolve; add it to /etc/hosts, or set SPARK_L"):
        environment.prepare(local=False, settings={})
    monkeypatch.setenv("SPARK_LOCAL_IP", "10.0.0.7")
    environment.prepare(local=False, settings={})
    assert "PYSPARK_PYTHON" not in os.environ


@pytest.mark.parametrize(
    ("encoding", "expected"), [("ANSI_X3.4-1968", "C.UTF-8"), ("UTF-8", None), ("utf8", None)]
)
def test_java_gets_a_locale_for_utf8_paths(
    monkeypatch: pytest.MonkeyPatch, encoding: str, expected: str | None
) -> None:
    monkeypatch.setattr(locale, "getencoding", lambda: encoding)
    environment.prepare(local=True, settings={})
    assert os.environ.get("LC_ALL") == expected


def test_locale_stays_where_python_does_not_use_utf8_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getencoding", lambda: "ISO-8859-1")
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")
    environment.prepare(local=True, settings={})
    assert "LC_ALL" not in os.environ


def test_other_spark_home_is_ignored_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPARK_HOME", "/opt/spark-3.4")
    environment.prepare(local=True, settings={})
    assert "SPARK_HOME" not in os.environ
    assert "SPARK_HOME=/opt/spark-3.4 is ignored" in capsys.readouterr().err
    own = str(Path(pyspark.__file__).parent)
    monkeypatch.setenv("SPARK_HOME", own)
    environment.prepare(local=True, settings={})
    assert os.environ["SPARK_HOME"] == own


@pytest.mark.parametrize("given", ["--conf a=b", "--conf a=b pyspark-shell"])
def test_submit_arguments_name_the_shell(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", given)
    environment.prepare(local=True, settings={})
    assert os.environ["PYSPARK_SUBMIT_ARGS"] == "--conf a=b pyspark-shell"


def test_missing_java_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=f"JAVA_HOME is not set, and PATH={tmp_path} has no java; set JAVA"):
        environment.prepare(local=True, settings={})
    monkeypatch.setenv("JAVA_HOME", "/gone")
    with pytest.raises(ConfigError, match="JAVA_HOME=/gone has no java"):
        environment.prepare(local=True, settings={})


@pytest.mark.parametrize(("version", "shown"), [("25.0.1", "25"), ("1.8.0_402", "1"), ("11.0.2", "11")])
def test_other_version_of_java_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, shown: str
) -> None:
    write_java(tmp_path / "other", version)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "other"))
    with pytest.raises(ConfigError, match=f"other/bin/java is Java {shown}, Spark needs Java 17"):
        environment.prepare(local=True, settings={})


def test_java_without_a_release_file_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "java" / "release").unlink()
    environment.prepare(local=True, settings={})


def test_other_pyspark_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    environment.check()
    monkeypatch.setattr(pyspark, "__version__", "3.4.1")
    with pytest.raises(ConfigError, match=r"PySpark 3\.4\.1 of .*needs 3\.5\.\d+; unset SPARK_HOME and PYTH"):
        environment.check()


def test_user_without_a_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pwd, "getpwuid", fail(KeyError("getpwuid(): uid not found: 10001")))
    with pytest.raises(ConfigError, match=f"user id {os.getuid()} has no name, which Spark needs; add it to"):
        environment.check()


def test_running_java_must_be_able_to_open_the_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = load([], ["warehouse=/data/Münzen"])
    with pytest.raises(
        ConfigError, match=r"/data/Münzen: .*encoding is ANSI_X3\.4-1968.*set LC_ALL=C\.UTF-8"
    ):
        environment.check_running_locale(config, {"sun.jnu.encoding": "ANSI_X3.4-1968"}.get)
    environment.check_running_locale(config, {"sun.jnu.encoding": "UTF-8"}.get)
    ascii_only = load([], ["warehouse=/data/coins"])
    environment.check_running_locale(ascii_only, {"sun.jnu.encoding": "ANSI_X3.4-1968"}.get)


@pytest.mark.parametrize("variable", [True, False])
def test_folder_of_spark_must_be_writable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: bool
) -> None:
    folders, settings = f"{tmp_path}/new,/proc/no", {}
    if variable:
        monkeypatch.setenv("SPARK_LOCAL_DIRS", folders)
    else:
        settings = {"spark.local.dir": folders}
    with pytest.raises(
        ConfigError, match=r"=/proc/no: .*; Spark writes temporary files there: free some"
    ) as e:
        environment.prepare(local=True, settings=settings)
    assert str(e.value).startswith("SPARK_LOCAL_DIRS=" if variable else "spark.local.dir=")
    assert list((tmp_path / "new").iterdir()) == [], "the file of the check is gone"


def test_folder_of_python_must_be_writable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", fail(FileNotFoundError(2, "No usable temporary directory")))
    with pytest.raises(ConfigError, match="no folder for temporary files: TMPDIR, /tmp and /var/tmp are"):
        environment.prepare(local=True, settings={})


def test_heap_of_the_driver_must_fit_into_the_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(f"{2 << 30}\n")  # a container with 2 GB
    (tmp_path / "unlimited").write_text("max\n")
    monkeypatch.setattr(environment, "_CGROUPS", (f"{tmp_path}/memory.max", f"{tmp_path}/unlimited", "/gone"))
    for heap in ("2g", "2048m", "2048", "1GB", "2097152k"):
        environment.prepare(local=True, settings={"spark.driver.memory": heap})
    for heap in ("3g", "2049", "1t"):
        with pytest.raises(
            ConfigError, match=f"driver_memory: {heap}, but this machine or container has 2.0 G"
        ):
            environment.prepare(local=True, settings={"spark.driver.memory": heap})
    monkeypatch.setattr(environment, "_CGROUPS", ())
    with pytest.raises(ConfigError, match=r"has .* GB, of which"):
        environment.prepare(local=True, settings={"spark.driver.memory": "4000t"})


def test_output_of_a_jvm_that_ended_tells_why(monkeypatch: pytest.MonkeyPatch) -> None:
    output = jvm._Output()
    monkeypatch.setattr(jvm, "_output", output)
    os.write(
        output.descriptor,
        b"Setting default log level to WARN\n15:01:24 ERROR DiskBlockManager: Failed to create /x\n"
        b"java.io.IOException: no\n\tat org.apache.A.b(A.scala:1)\n",
    )
    os.close(output.descriptor)
    text = str(jvm.start_error(Py4JNetworkError("Error while sending or receiving")))
    assert text.startswith("Spark did not start: DiskBlockManager: Failed to create /x; check ")
    details = Path(text.rpartition("all details: ")[2])
    assert "A.scala" in details.read_text(encoding="utf-8")
    details.unlink()


def test_output_of_a_jvm_that_runs_is_held_and_then_forwarded(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    output = jvm._Output()
    monkeypatch.setattr(jvm, "_output", output)
    os.write(output.descriptor, b"one\n")
    jvm.release_output()
    os.write(output.descriptor, b"two\n")
    os.close(output.descriptor)
    assert output.text(timeout=60) == ""
    assert sorted(capfd.readouterr().err.split()) == ["one", "two"]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (
            "Picked up JAVA_TOOL_OPTIONS: -Da\n"
            'Exception in thread "main" java.lang.ExceptionInInitializerError\n'
            "\tat org.apache.spark.deploy.SparkSubmit.main(SparkSubmit.scala)\n"
            "Caused by: java.net.UnknownHostException: node7: Name or service not known\n\t... 9 more\n",
            "UnknownHostException: node7: Name or service not known",
        ),
        (
            "An error occurred while calling None.org.apache.spark.api.java.JavaSparkContext.\n"
            ": java.lang.NumberFormatException: spark.cores should be int\n\tat org.apache.A.b(A.scala:1)\n",
            "NumberFormatException: spark.cores should be int",
        ),
        (
            "Picked up JAVA_TOOL_OPTIONS: -Da\nOpenJDK 64-Bit Server VM warning: old option\n"
            "Invalid maximum heap size: -Xmx1k\nError: Could not create the Java Virtual Machine.\n",
            "Invalid maximum heap size: -Xmx1k",
        ),
        (
            "Cannot call methods on a stopped SparkContext.\nThis stopped SparkContext was created at:\n",
            "the master does not answer, or it has ended the application",
        ),
    ],
)
def test_failed_start_gives_the_innermost_message_and_keeps_the_rest(output: str, message: str) -> None:
    text = str(jvm.start_error(PySparkException(output)))
    assert text.startswith(f"Spark did not start: {message}; check ")
    assert "\n" not in text
    details = Path(text.rpartition("all details: ")[2])
    assert details.read_text(encoding="utf-8") == output
    details.unlink()
