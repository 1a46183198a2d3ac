"""Start of the JVM: what it prints until it has started becomes one line if it does not start."""

from __future__ import annotations

import os
import re
import threading

from py4j.protocol import Py4JNetworkError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway

from coinspark.core.errors import ConfigError
from coinspark.core.worker_errors import store_details

_EXCEPTION = re.compile(r'^(?:Caused by: |: |Exception in thread "main" )(.+)$', re.MULTILINE)
_PACKAGE = re.compile(r"^(?:[a-z]\w*\.)+(?=[A-Z])")
_LOGGED = re.compile(r"^[\d:/ ]+ (?:ERROR|FATAL) (.+)")
_TO_END = 10.0  # seconds until a JVM that has failed has printed all
_NOTE = re.compile(r"^\s|^Picked up |warning:|WARN", re.IGNORECASE)


class _Output:
    """What the JVM prints: held until `release`, then forwarded to standard error."""

    def __init__(self) -> None:
        self._reading, self.descriptor = os.pipe()
        self._held: list[bytes] = []
        self._lock, self._released = threading.Lock(), False
        self._thread = threading.Thread(target=self._forward, name="output of the JVM", daemon=True)
        self._thread.start()

    def _forward(self) -> None:
        while chunk := os.read(self._reading, 65_536):
            with self._lock:
                if self._released:
                    os.write(2, chunk)
                else:
                    self._held.append(chunk)
        os.close(self._reading)

    def release(self) -> None:
        with self._lock:
            os.write(2, b"".join(self._held))
            self._held.clear()
            self._released = True

    def text(self, timeout: float = 0) -> str:
        """What is held. Waits for a JVM that ends, at most `timeout` seconds."""
        self._thread.join(timeout)
        with self._lock:
            return b"".join(self._held).decode(errors="replace")


_output: _Output | None = None


def launch(conf: SparkConf) -> None:
    """Start the JVM if it does not run yet. What it prints is held until `release_output`.

    Raises:
        ConfigError: The JVM did not start.
    """
    global _output
    if SparkContext._gateway is not None:
        return
    _output = _Output()
    try:
        output = {"stdout": _output.descriptor, "stderr": _output.descriptor}
        gateway = launch_gateway(conf, output)  # type: ignore[no-untyped-call]
    except PySparkRuntimeError as error:
        os.close(_output.descriptor)
        raise _start_error(_output.text(_TO_END) or str(error)) from None
    os.close(_output.descriptor)
    SparkContext._ensure_initialized(gateway=gateway)


def release_output() -> None:
    """Forward what the JVM has printed, and all that it prints from now on, to standard error.

    Standard output is for results, which a program may read.
    """
    if _output is not None:
        _output.release()


def start_error(error: Exception) -> ConfigError:
    """The error of a Spark that did not start, from an exception of PySpark or Py4J.

    If the JVM has ended, what it printed tells why.
    """
    printed = _output.text(_TO_END if isinstance(error, Py4JNetworkError) else 0) if _output else ""
    if isinstance(error, Py4JNetworkError) and printed:
        return _start_error(printed)
    return _start_error(str(error), printed)


def _start_error(output: str, more: str = "") -> ConfigError:
    """One line: the innermost exception of Java, the first error of Spark's log, or the first line.

    Args:
        output: What the JVM printed, or the text of an exception of Py4J.
        more: Further text for the file with the details.
    """
    lines = [line for line in output.splitlines() if line and not _NOTE.search(line)]
    messages = _EXCEPTION.findall(output)
    logged = [match[1] for line in lines if (match := _LOGGED.match(line))]
    message = _PACKAGE.sub("", messages[-1]) if messages else "".join((logged or lines)[:1])
    if "stopped SparkContext" in message:
        message = "the master does not answer, or it has ended the application"
    return ConfigError(
        f"Spark did not start: {message[:300].rstrip('.')}; check `spark` of the configuration (master, "
        "driver_memory, conf), conf/spark-defaults.conf, and the variables SPARK_… and JAVA_…; "
        f"all details: {store_details(output + more)}"
    )
