"""Options of the driver's JVM that a configuration sets under spark-submit."""

from __future__ import annotations

import pytest

from coinspark.config import Config, load
from coinspark.warehouse.driver_options import late_options

RUNNING = {"spark.driver.memory": "1g", "spark.driver.extraJavaOptions": "-Xss4m"}


@pytest.mark.parametrize(
    ("overrides", "keys"),
    [
        ([], []),
        (["spark.driver_memory=8g"], ["spark.driver_memory"]),
        (["spark.driver_memory=1g"], []),
        (["spark.conf={spark.driver.memory: 8g}"], ["spark.conf.spark.driver.memory"]),
        (["spark.conf={spark.driver.extraJavaOptions: -Xss4m}"], []),
        (
            ["spark.conf={spark.driver.extraJavaOptions: -Xss8m}"],
            ["spark.conf.spark.driver.extraJavaOptions"],
        ),
        (["spark.conf={spark.driver.extraClassPath: a.jar}"], ["spark.conf.spark.driver.extraClassPath"]),
        (["spark.conf={spark.executor.memory: 8g}"], []),
    ],
)
def test_options_that_differ_from_the_running_jvm_are_named(overrides: list[str], keys: list[str]) -> None:
    faults = list(late_options(load([], overrides), RUNNING.get, None))
    assert [fault.split(": ")[0] for fault in faults] == keys


def test_message_names_values_and_the_option_of_spark_submit() -> None:
    (fault,) = late_options(Config.model_validate({"spark": {"driver_memory": "8g"}}), RUNNING.get, None)
    assert fault == (
        "spark.driver_memory: '8g' has no effect under spark-submit, which has started the driver with '1g'; "
        "give spark-submit --driver-memory 8g"
    )


@pytest.mark.parametrize(
    ("memory", "heap", "refused"),
    [
        ("8g", "8g", False),
        ("8g", "8192m", False),
        ("8192", "8G", False),
        ("1g", "1073741824", False),  # Java takes a number without unit as bytes
        ("2g", "8g", False),
        ("8g", "1g", True),
        ("8g", "8191m", True),
        ("8g", "8589934591", True),
    ],
)
def test_memory_is_compared_with_the_heap(memory: str, heap: str, refused: bool) -> None:
    config = Config.model_validate({"spark": {"driver_memory": memory}})
    assert [f"{heap!r}; give" in fault for fault in late_options(config, RUNNING.get, heap)] == [
        True
    ] * refused
