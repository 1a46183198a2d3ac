"""Store Spark's classes for faster starts: `.venv/bin/python deploy/class_archive.py`, as `make setup` does.

A few synthetic coins go through the stages that need Spark alone; the JVM writes the classes that it has
loaded when it ends. See coinspark/warehouse/class_archive.py.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from pyspark import SparkContext

from coinspark import nightly
from coinspark.config import load
from coinspark.warehouse import class_archive

CONFIGURATION = Path(__file__).parents[1] / "conf" / "test.yaml"
STAGES = ("ingest", "entities", "classes", "splits")


def main() -> None:
    archive = class_archive.archive_file()
    archive.unlink(missing_ok=True)
    archive.parent.mkdir(parents=True, exist_ok=True)
    written = archive.with_name(f"{archive.name}.{os.getpid()}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPARK_CONF_DIR"] = f"{folder}/none"  # Java archives no class path with a folder
        coins = (
            f"{{kind: synthetic, name: synthetic, root: '{folder}/coins', coins: 90, mints: 3, photo: 64}}"
        )
        settings = {
            **load([CONFIGURATION]).spark.conf,
            class_archive.CLASS_PATH: class_archive.class_path(),
            class_archive.JAVA_OPTIONS: f'"-XX:ArchiveClassesAtExit={written}" -Xlog:cds*=off',
        }
        overrides = [
            f"sources=[{coins}]",
            f"entities.lists='{folder}/coins/lists'",
            f"warehouse='{folder}/warehouse'",
            f"spark.conf={json.dumps(settings)}",
        ]
        nightly.run_stages(load([CONFIGURATION], overrides), STAGES)
        java_process = SparkContext._gateway.proc
        SparkContext._active_spark_context.stop()
        java_process.stdin.close()  # the JVM ends, and writes the archive
        java_process.wait(timeout=300)
    written.rename(archive)


if __name__ == "__main__":
    main()
