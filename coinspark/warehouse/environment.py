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
import tempfile
from collections.abc import Callable, Mapping
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
_JAVA_FOLDER = "/tmp"  # noqa: S108  of Java's temporary files
_FREE = 1 << 16  # bytes that a temporary folder must have
_SHIFTS = {"b": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def prepare(local: bool, settings: Mapping[str, str]) -> None:
    """Set the variables with which a new JVM starts, and check the rest.

    Args:
        local: The master is local: driver and workers are on this machine, in this Python environment.
        settings: Settings of Spark.

    Raises:
        ConfigError: Java is missing or has another version, a name of this host is needed and does not
            resolve, temporary files cannot be written, or the machine has less memory than the driver gets.
    """
    home = os.environ.get("SPARK_HOME")
    if home and Path(home).resolve() != Path(pyspark.__file__).resolve().parent:
        say(f"SPARK_HOME={home} is ignored: coinspark uses the Spark of its own Python environment")
        del os.environ["SPARK_HOME"]
    if _is_utf8(sys.getfilesystemencoding()) and not _is_utf8(locale.getencoding()):
        os.environ["LC_ALL"] = UTF8_LOCALE  # Python reads paths as UTF-8, Java with the locale
    if (submit := os.environ.get("PYSPARK_SUBMIT_ARGS")) and "pyspark-shell" not in submit:
        os.environ["PYSPARK_SUBMIT_ARGS"] = f"{submit} pyspark-shell"  # without it Spark does not start
    if local:
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ.setdefault("SPARK_LOCAL_IP", LOOPBACK)
    _check_java()
    _check_host()
    _check_temporary_folders(settings)
    _check_memory(settings)


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
    try:
        socket.getaddrinfo("localhost", None)
    except OSError:
        raise ConfigError(
            "the name localhost does not resolve, which PySpark needs; add the line `127.0.0.1 localhost` to "
            "/etc/hosts"
        ) from None
    if "SPARK_LOCAL_IP" in os.environ:
        return
    try:
        socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        raise ConfigError(
            f"the name of this host, {socket.gethostname()!r}, does not resolve; add it to /etc/hosts, "
            "or set SPARK_LOCAL_IP to the address at which the workers reach this host"
        ) from None


def _check_temporary_folders(settings: Mapping[str, str]) -> None:
    """Check that Python and Spark can write temporary files: else the JVM ends with a stack trace."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        raise ConfigError(
            "no folder for temporary files: TMPDIR, /tmp and /var/tmp are read-only or full; set TMPDIR to a "
            "folder with free space"
        ) from None
    variable = "SPARK_LOCAL_DIRS"
    name = variable if variable in os.environ else "spark.local.dir"
    for folder in (os.environ.get(variable) or settings.get(name, _JAVA_FOLDER)).split(","):
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
                file.write(bytes(_FREE))
        except OSError as error:
            raise ConfigError(
                f"{name}={folder}: {error.strerror}; Spark writes temporary files there: free some space, or "
                f"set {name} to a writable folder"
            ) from None


def _check_memory(settings: Mapping[str, str]) -> None:
    """Check that the heap of the driver fits into the memory: else the kernel would kill it one day."""
    heap, limit = settings.get("spark.driver.memory", ""), _memory()
    if limit and (memory_bytes(heap) or 0) > limit:
        raise ConfigError(
            f"spark.driver_memory: {heap}, but this machine or container has {limit / 2**30:.1f} GB, "
            "of which the workers need some, too; set a smaller value"
        )


def memory_bytes(text: str, unit: str = "m") -> int | None:
    """Bytes of `8g` or `1024`, as Spark and Java write a size of memory; None for another text.

    Args:
        unit: Unit of a number without one: Spark takes MiB, Java bytes ("b").
    """
    match = re.fullmatch(r"(\d+)(?:([kmgt])b?|b?)", text.strip().lower())
    return int(match[1]) << _SHIFTS[match[2] or unit] if match else None


def _memory() -> int | None:
    """Bytes of memory: those of the machine, or of the control group if they are less; None if unknown."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for file in _CGROUPS:
        try:
            sizes.append(int(Path(file).read_text()))
        except (OSError, ValueError):  # no such file, or `max`
            continue
    return min((size for size in sizes if size > 0), default=None)


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
