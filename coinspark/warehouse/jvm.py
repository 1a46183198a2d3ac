"""Start of the JVM: what it prints until it has started becomes one line if it does not start."""

from __future__ import annotations

import os
import re
import threading

from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway

from coinspark.core.errors import ConfigError
from coinspark.core.worker_errors import store_details

_EXCEPTION = re.compile(r'^(?:Caused by: |: |Exception in thread "main" )(.+)$', re.MULTILINE)
_PACKAGE = re.compile(r"^(?:[a-z]\w*\.)+(?=[A-Z])")
_NOTE = re.compile(r"^\s|^Picked up |warning:|WARN", re.IGNORECASE)


def launch(conf: SparkConf) -> None:
    """Start the JVM if it does not run yet. What it prints later goes to standard error.

    Standard output is for results, which a program may read.

    Raises:
        ConfigError: The JVM did not start.
    """
    if SparkContext._gateway is not None:
        return
    reading, writing = os.pipe()
    held: list[bytes] = []
    lock, started = threading.Lock(), threading.Event()

    def forward() -> None:
        while chunk := os.read(reading, 65_536):
            with lock:
                if started.is_set():
                    os.write(2, chunk)
                else:
                    held.append(chunk)
        os.close(reading)

    forwarding = threading.Thread(target=forward, name="output of the JVM", daemon=True)
    forwarding.start()
    try:
        output = {"stdout": writing, "stderr": writing}
        gateway = launch_gateway(conf, output)  # type: ignore[no-untyped-call]
    except PySparkRuntimeError as error:
        os.close(writing)
        forwarding.join()
        raise start_error(b"".join(held).decode(errors="replace") or str(error)) from None
    os.close(writing)
    with lock:
        started.set()
        os.write(2, b"".join(held))
    SparkContext._ensure_initialized(gateway=gateway)


def start_error(output: str) -> ConfigError:
    """The error of a Spark that did not start: the innermost exception of Java, or the first line.

    Args:
        output: What the JVM printed, or the text of an exception of Py4J.
    """
    lines = [line for line in output.splitlines() if line and not _NOTE.search(line)]
    messages = _EXCEPTION.findall(output)
    message = _PACKAGE.sub("", messages[-1]) if messages else "".join(lines[:1])
    if "stopped SparkContext" in message:
        message = "the master does not answer, or it has ended the application"
    return ConfigError(
        f"Spark did not start: {message[:300].rstrip('.')}; check `spark` of the configuration (master, "
        "driver_memory, conf), conf/spark-defaults.conf, and the variables SPARK_… and JAVA_…; "
        f"all details: {store_details(output)}"
    )
