"""The SparkSession with its Iceberg catalog, built from the configuration alone."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core import exits
from coinspark.core.errors import ConfigError
from coinspark.core.progress import say
from coinspark.core.storage_errors import storage_error
from coinspark.warehouse import class_archive, environment, jvm
from coinspark.warehouse.catalog_properties import catalog_properties
from coinspark.warehouse.driver_options import late_options
from coinspark.warehouse.locations import warehouse_folder, warehouse_uri

_ICEBERG = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.hadoop.fs.permissions.umask-mode": "027",  # Hadoop sets the mode of folders itself
}
_SQLITE_WAIT = "60000"  # milliseconds that a commit waits for readers and writers of the catalog's file
_ATTEMPTS = 4  # of each task, as on a cluster; Spark's own default for local masters is 1
_FOR_LAUNCH = re.compile(
    r"spark\.(master|driver\.(memory|extraClassPath|extraJavaOptions|defaultJavaOptions|extraLibraryPath)"
    r"|jars|jars\.\w+|files|archives|submit\.\w+)"
)
"""Settings that spark-submit needs to start the JVM. Every user of the machine can see its arguments."""
QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "GLOG_minloglevel": "2",
    "PYTHONWARNINGS": "ignore",
}
"""Environment of all Python workers. If it changed, Spark would start new ones and load TensorFlow again."""
_JVM_NAMES = (
    "functions",
    "PythonUtils",
    "PythonSQLUtils",
    "SparkSession",
    "org.apache.iceberg.catalog.TableIdentifier",
    "org.apache.iceberg.spark.Spark3Util",
    "org.apache.iceberg.spark.SparkSchemaUtil",
    "org.apache.spark.sql.types.StructType",
    "org.apache.spark.sql.execution.python.UserDefinedPythonFunction",
)
"""Classes of the JVM that PySpark and this package use most."""


def start(config: Config) -> SparkSession:
    """Start the session, or join the running application under spark-submit.

    If neither the configuration nor spark-submit sets a master, Spark runs locally on all cores. With a local
    master the driver listens on the loopback interface only.

    Raises:
        ConfigError: An option of the driver comes too late under spark-submit, or Spark cannot start in this
            environment.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported, here or in a worker
    conf = Path(__file__).parents[2] / "conf"
    if conf.is_dir() and not _under_spark_submit():
        os.environ.setdefault("SPARK_CONF_DIR", str(conf))
    _create_folder(config)
    if SparkSession.getActiveSession() is None:
        say("starting Spark")
    try:
        spark = _create_session(config)
    except (PySparkException, Py4JError) as error:
        raise storage_error(error) or jvm.start_error(error) from error
    jvm.release_output()
    spark.sparkContext.setLogLevel("ERROR")
    spark.sparkContext.environment.update(QUIET)
    exits.handle_signals()
    return spark


def _create_folder(config: Config) -> None:
    """Create the folder of a local warehouse, and the file of the default catalog.

    Under spark-submit the JVM has the umask of the user's shell; this process may have a stricter one.
    """
    folder = warehouse_folder(config)
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    catalog = folder / "catalog.db"
    if not config.catalog.properties and not catalog.exists():
        catalog.touch(mode=0o660)  # SQLite takes an empty file for an empty database


def _create_session(config: Config) -> SparkSession:
    """Launch the JVM with the settings that it needs on its command line; then set the others.

    Values that are set later reach the JVM through py4j's authenticated connection, where no other user of
    the machine can read them.
    """
    environment.check()
    settings = spark_settings(config)
    if not _under_spark_submit():
        settings.setdefault("spark.master", with_attempts("local[*]"))
        environment.prepare(_is_local(settings["spark.master"]), settings)
        launch = SparkConf(loadDefaults=False)
        launch.setAll([(key, value) for key, value in settings.items() if _FOR_LAUNCH.fullmatch(key)])
        launch.setAll(list(class_archive.launch_settings(settings, _spark_nlp_jars(config)).items()))
        jvm.launch(launch)
    else:
        SparkContext._ensure_initialized()
        properties = SparkContext._jvm.java.lang.System  # type: ignore[union-attr]
        if faults := list(late_options(config, properties.getProperty, _heap(SparkContext._jvm))):
            raise ConfigError("\n".join(faults))
        environment.check_running_locale(config, properties.getProperty)
    if submitted := SparkConf().get("spark.master"):
        settings.setdefault("spark.master", with_attempts(submitted))
    if _is_local(settings["spark.master"]):
        loopback = environment.LOOPBACK
        settings = {"spark.driver.host": loopback, "spark.driver.bindAddress": loopback, **settings}
    else:
        settings = {"spark.executorEnv.LC_ALL": environment.UTF8_LOCALE, **settings}
    builder = SparkSession.builder.appName(f"coinspark {config.name}")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    _keep_classes(spark.sparkContext._jvm)
    return spark


def _heap(jvm: Any) -> str | None:
    """The size of the heap that the running JVM was given, such as `1g`; None if it was not given."""
    arguments = jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments()
    sizes = [str(text).removeprefix("-Xmx") for text in arguments if str(text).startswith("-Xmx")]
    return sizes[-1] if sizes else None


def _keep_classes(jvm: Any) -> None:
    """Keep the classes of `_JVM_NAMES`, which py4j looks up at each use, such as `functions` for each column.

    For a name without package, and for each part of a package, the JVM searches all jars for a class of that
    name in several packages.
    """
    for path in _JVM_NAMES:
        parent = jvm
        for name in path.split("."):
            setattr(parent, name, getattr(parent, name))
            parent = getattr(parent, name)


def with_attempts(master: str) -> str:
    """A local master with several attempts per task, so that a killed Python worker does not fail the job.

    `local[2]` becomes `local[2, 4]`; a master that is not local, or has a number of attempts, stays.
    """
    match = re.fullmatch(r"local(?:\[(\*|\d+)\])?", master)
    return f"local[{match[1] or 1}, {_ATTEMPTS}]" if match else master


def _is_local(master: str) -> bool:
    return master.startswith("local")


def _under_spark_submit() -> bool:
    return "PYSPARK_GATEWAY_PORT" in os.environ


def spark_settings(config: Config) -> dict[str, str]:
    """All Spark settings of the session.

    `coinspark spark-conf` prints them for spark-sql and other clients.
    """
    settings = {
        **_ICEBERG,
        **_catalog_settings(config),
        "spark.sql.shuffle.partitions": str(config.spark.shuffle_partitions),
        "spark.driver.memory": config.spark.driver_memory,
        "spark.ui.showConsoleProgress": "false",
        "spark.ui.enabled": "false",
        "spark.sql.ui.explainMode": "simple",  # the plan as text, which Spark keeps for each query
    }
    if config.spark.master:
        settings["spark.master"] = config.spark.master
    if "sparknlp" in config.entities.engines:
        settings |= spark_nlp_settings(config)
    settings |= config.spark.conf
    if master := settings.get("spark.master"):
        settings["spark.master"] = with_attempts(master)
    return settings


def _catalog_settings(config: Config) -> dict[str, str]:
    prefix, properties = f"spark.sql.catalog.{config.catalog.name}", catalog_properties(config)
    if properties.get("uri", "").startswith("jdbc:sqlite:"):
        properties = {"jdbc.busy_timeout": _SQLITE_WAIT, **properties}
    return {
        prefix: "org.apache.iceberg.spark.SparkCatalog",
        f"{prefix}.warehouse": warehouse_uri(config),
        f"{prefix}.default-namespace": config.catalog.namespace,
        **{f"{prefix}.{key}": value for key, value in properties.items()},
        "spark.sql.defaultCatalog": config.catalog.name,
    }


def spark_nlp_settings(config: Config) -> dict[str, str]:
    """Settings of Spark NLP.

    In local mode its jars are on the driver's class path; on a cluster they are sent to the workers.
    """
    jars = _spark_nlp_jars(config)
    settings = {
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.kryoserializer.buffer.max": "512m",
    }
    if (config.spark.master or "local").startswith("local"):
        return {**settings, class_archive.CLASS_PATH: jars}
    return {**settings, "spark.jars": ",".join(str(jar) for jar in sorted(Path(jars).parent.glob("*.jar")))}


def _spark_nlp_jars(config: Config) -> str:
    return f"{config.spark.sparknlp_jars or Path(sys.prefix) / 'share' / 'coinspark' / 'sparknlp'}/*"
