"""The environment in which Spark starts: what coinspark sets itself, and one line for each cause of failure.

cron, systemd and containers start commands with few variables, and with the locale POSIX.
"""

from __future__ import annotations

import locale
import os
import pwd
import re
import shutil
import socket
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pyspark

from coinspark.config import Config
from coinspark.core.errors import ConfigError
from coinspark.core.progress import say
from coinspark.warehouse.locations import warehouse_uri

LOOPBACK = "127.0.0.1"
UTF8_LOCALE = "C.UTF-8"
_JAVA = "17"


def prepare(local: bool) -> None:
    """Set the variables with which a new JVM starts, and check the rest.

    Args:
        local: The master is local: driver and workers are on this machine, in this Python environment.

    Raises:
        ConfigError: Java is missing or has another version, or a name of this host is needed and does not
            resolve.
    """
    home = os.environ.get("SPARK_HOME")
    if home and Path(home).resolve() != Path(pyspark.__file__).resolve().parent:
        say(f"SPARK_HOME={home} is ignored: coinspark uses the Spark of its own Python environment")
        del os.environ["SPARK_HOME"]
    if _is_utf8(sys.getfilesystemencoding()) and not _is_utf8(locale.getencoding()):
        os.environ["LC_ALL"] = UTF8_LOCALE  # Python reads paths as UTF-8, Java with the locale
    if local:
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ.setdefault("SPARK_LOCAL_IP", LOOPBACK)
    _check_java()
    _check_host()


def check() -> None:
    """Check what neither coinspark nor Spark can repair, before Spark fails with a stack trace.

    Raises:
        ConfigError: Another PySpark is imported, or the user has no name.
    """
    required = _required_pyspark()
    if required and pyspark.__version__ != required:
        raise ConfigError(
            f"PySpark {pyspark.__version__} of {Path(pyspark.__file__).parent} is used, coinspark needs "
            f"{required}; unset SPARK_HOME and PYTHONPATH"
        )
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        raise ConfigError(
            f"the user id {os.getuid()} has no name, which Spark needs; add it to /etc/passwd, "
            "or run as another user"
        ) from None


def check_running_locale(config: Config, running: Callable[[str], str | None]) -> None:
    """Check that the JVM that spark-submit has started can open the paths of the configuration.

    Args:
        running: Java property → its value in the running JVM, or None.

    Raises:
        ConfigError: The JVM has a locale that cannot represent a path.
    """
    encoding = running("sun.jnu.encoding") or "UTF-8"
    paths = [warehouse_uri(config), str(Path.cwd()), *(source.root for source in config.sources)]
    for path in paths:
        if not _is_utf8(encoding) and not path.isascii():
            raise ConfigError(
                f"{path}: Java was started with a locale whose encoding is {encoding}, and cannot open this "
                f"path; set LC_ALL={UTF8_LOCALE} for spark-submit"
            )


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    if java is None:
        cause = (
            f"JAVA_HOME={home}" if home else f"JAVA_HOME is not set, and PATH={os.environ.get('PATH', '')}"
        )
        raise ConfigError(
            f"Java is missing: {cause} has no java; set JAVA_HOME to the folder of Java {_JAVA} "
            f"(Debian: apt-get install openjdk-{_JAVA}-jdk-headless)"
        )
    version = _java_version(Path(java).resolve())
    if version not in (None, _JAVA):
        raise ConfigError(
            f"{java} is Java {version}, Spark needs Java {_JAVA}; set JAVA_HOME to the folder of Java {_JAVA}"
        )


def _check_host() -> None:
    if "SPARK_LOCAL_IP" in os.environ:
        return
    try:
        socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        raise ConfigError(
            f"the name of this host, {socket.gethostname()!r}, does not resolve; add it to /etc/hosts, "
            "or set SPARK_LOCAL_IP to the address at which the workers reach this host"
        ) from None


def _java_version(java: Path) -> str | None:
    """The major version in the file `release` of the installation; None if there is no such file.

    Starting Java to ask for its version would take longer.
    """
    release = java.parents[1] / "release"
    if not release.is_file():
        return None
    match = re.search(r'^JAVA_VERSION="(\d+)', release.read_text("utf-8", errors="replace"), re.MULTILINE)
    return match[1] if match else None


def _required_pyspark() -> str | None:
    """The version that coinspark is installed with; None if it is not installed as a package."""
    try:
        requirements = metadata.requires("coinspark") or []
    except metadata.PackageNotFoundError:
        return None
    pins = (requirement.partition("==") for requirement in requirements)
    return next((version for name, _, version in pins if name == "pyspark"), None)


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "") == "utf8"
