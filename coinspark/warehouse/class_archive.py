"""The archive of Spark's loaded classes, with which the driver's JVM starts in less time.

Java loads and verifies about 15,000 classes for a build. `deploy/class_archive.py` stores them once, as the
JVM holds them in memory (class data sharing); a JVM maps the file. An archive is only valid for the Java and
the jars that wrote it: with others, or without the file, Java loads the classes from the jars as usual.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pyspark

CLASS_PATH = "spark.driver.extraClassPath"
JAVA_OPTIONS = "spark.driver.defaultJavaOptions"


def archive_file() -> Path:
    """Where setup stores the archive of this Python environment."""
    return Path(sys.prefix) / "share" / "coinspark" / "spark-classes.jsa"


def class_path(after: str = "") -> str:
    """Spark's jars, then this path. An archive is valid if the class path begins with that of its creation.

    Spark itself puts its folder of settings before its jars, and Java archives no class path with a folder.
    """
    jars = f"{Path(pyspark.__file__).parent}/jars/*"
    return f"{jars}:{after}" if after else jars


def launch_settings(settings: Mapping[str, str], own_jars: str) -> dict[str, str]:
    """The settings with which the driver's JVM uses the archive; empty if it cannot.

    Args:
        settings: Spark settings of the configuration.
        own_jars: Class path of coinspark's own jars, which need not precede Spark's. Any other class path
            keeps its position before Spark's jars.
    """
    file, configured = archive_file(), settings.get(CLASS_PATH, "")
    if not file.is_file() or configured not in ("", own_jars) or any(c in str(file) for c in ':"\\'):
        return {}
    options = f'{settings.get(JAVA_OPTIONS, "")} "-XX:SharedArchiveFile={file}"'.strip()
    return {CLASS_PATH: class_path(configured), JAVA_OPTIONS: options}
