"""The SparkSession with its Iceberg catalog, made from the configuration and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core import exits

_ICEBERG = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


def warehouse(config: Config) -> str:
    """The warehouse's place: an absolute local path, or a URI (s3a://, hdfs://, file://) as it was given."""
    if "://" in config.warehouse:
        return config.warehouse.rstrip("/")
    return str(Path(config.warehouse).expanduser().resolve())


def local_folder(config: Config) -> Path:
    """Where runs, shards, scratch and reports lie: the warehouse as a path every worker can open.

    A warehouse in an object store keeps its tables there and its folders in `./<name>-files`, which must then be on
    storage that the workers share.
    """
    place = warehouse(config)
    if place.startswith("file://"):
        return Path(place.removeprefix("file://"))
    return Path(f"{config.name}-files").resolve() if "://" in place else Path(place)


def settings(config: Config) -> dict[str, str]:
    """Every Spark setting the session needs, so that `spark-sql` and other clients can be given the same ones."""
    catalog = f"spark.sql.catalog.{config.catalog.name}"
    place = warehouse(config)
    properties = config.catalog.properties or {
        "type": "jdbc",
        "uri": f"jdbc:sqlite:{place.removeprefix('file://')}/catalog.db",
        "jdbc.schema-version": "V1",
    }
    found = {
        **_ICEBERG,
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.warehouse": place,
        f"{catalog}.default-namespace": config.catalog.namespace,
        **{f"{catalog}.{key}": value for key, value in properties.items()},
        "spark.sql.defaultCatalog": config.catalog.name,
        "spark.sql.shuffle.partitions": str(config.spark.shuffle_partitions),
        "spark.driver.memory": config.spark.driver_memory,
        "spark.ui.showConsoleProgress": "false",
        "spark.ui.enabled": "false",
    }
    if config.spark.master:
        found["spark.master"] = config.spark.master
    if "sparknlp" in config.entities.engines:
        found |= spark_nlp(config)
    return {**found, **config.spark.conf}


def spark_nlp(config: Config) -> dict[str, str]:
    """What Spark NLP asks for: its jars before Spark's own where everything runs in one process, else sent to the workers."""
    folder = Path(config.spark.sparknlp_jars or Path(sys.prefix) / "share" / "coinspark" / "sparknlp")
    found = {
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.kryoserializer.buffer.max": "512m",
    }
    if (config.spark.master or "local").startswith("local"):
        return {**found, "spark.driver.extraClassPath": f"{folder}/*"}
    return {**found, "spark.jars": ",".join(str(jar) for jar in sorted(folder.glob("*.jar")))}


def start(config: Config) -> SparkSession:
    """The session of this configuration; under spark-submit it joins the application that is already there.

    Without a master anywhere (configuration, spark-submit, spark-defaults) Spark runs here, on all cores.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault(
        "TF_CPP_MIN_LOG_LEVEL", "3"
    )  # before anything imports TensorFlow, here or in a worker
    ours = Path(__file__).parents[2] / "conf"
    if ours.is_dir() and "SPARK_CONF_DIR" not in os.environ and "PYSPARK_GATEWAY_PORT" not in os.environ:
        os.environ["SPARK_CONF_DIR"] = str(ours)
    if "://" not in (place := warehouse(config)):
        Path(place).mkdir(parents=True, exist_ok=True)
    builder = SparkSession.builder.appName(f"coinspark {config.name}")
    for key, value in settings(config).items():
        builder = builder.config(key, value)
    if not config.spark.master and "PYSPARK_GATEWAY_PORT" not in os.environ:
        builder = builder.master("local[*]")
    with _quiet():
        spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    exits.listen()
    return spark


@contextmanager
def _quiet() -> Iterator[None]:
    """A JVM that is started here prints to standard error: our standard output is for tables, which a program may read."""
    sys.stdout.flush()
    ours = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(ours, 1)
        os.close(ours)
