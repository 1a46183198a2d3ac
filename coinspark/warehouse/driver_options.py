"""Options of the driver's JVM. Under spark-submit it runs before the configuration is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from coinspark.config import Config, Spark
from coinspark.config.visible import visible_setting
from coinspark.warehouse.environment import memory_bytes

_AT_START = {
    "spark.driver.memory": "--driver-memory {}",
    "spark.driver.extraJavaOptions": "--driver-java-options",
    "spark.driver.defaultJavaOptions": "--conf spark.driver.defaultJavaOptions=…",
    "spark.driver.extraClassPath": "--driver-class-path",
    "spark.driver.extraLibraryPath": "--driver-library-path",
}
"""Setting that counts when the JVM starts → the option of spark-submit."""


def late_options(config: Config, running: Callable[[str], str | None], heap: str | None) -> Iterator[str]:
    """A line for each option of the configuration with which the running JVM was not started.

    A heap that is larger than the configuration asks for is accepted.

    Args:
        config: The configuration. `spark.driver_memory` counts if it is not the default.
        running: Setting → its value in the running JVM, or None.
        heap: Size of the heap with which the JVM was started (`-Xmx`); None: unknown.
    """
    keys = {
        key: (f"spark.conf.{key}", config.spark.conf[key]) for key in _AT_START if key in config.spark.conf
    }
    memory = config.spark.driver_memory
    if memory != Spark.model_fields["driver_memory"].default:
        keys.setdefault("spark.driver.memory", ("spark.driver_memory", memory))
    for key, (name, value) in keys.items():
        started = running(key)
        if key == "spark.driver.memory" and heap is not None:
            started = heap
            if (memory_bytes(heap, unit="b") or 0) >= (memory_bytes(value) or 0):
                continue
        if started != value:
            shown, shown_started = (text and visible_setting(key, text) for text in (value, started))
            yield (
                f"{name}: {shown!r} has no effect under spark-submit, which has started the driver with "
                f"{shown_started!r}; give spark-submit {_AT_START[key].format(shown)}"
            )
