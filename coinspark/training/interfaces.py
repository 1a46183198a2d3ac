"""The network interface through which the driver and the workers of a training communicate."""

from __future__ import annotations

import socket

import psutil
from pyspark.sql import SparkSession

from coinspark.core.errors import ConfigError


def select_interface(configured: str | None, spark: SparkSession) -> str:
    """Name of the network interface through which driver and workers communicate.

    It is the configured one (`training.interface`), the loopback interface if the master is local, or else
    the one that has the address of Spark's driver. Horovod needs the same name on all machines.

    Raises:
        ConfigError: This machine has no such interface.
    """
    if configured is not None:
        interface_address(configured)
        return configured
    context = spark.sparkContext
    local = str(context.master).startswith("local")
    address = "127.0.0.1" if local else socket.gethostbyname(str(context.getConf().get("spark.driver.host")))
    addresses = _interface_addresses()
    if (name := next((name for name in addresses if addresses[name] == address), None)) is None:
        raise ConfigError(
            f"training.interface: no network interface of this machine has Spark's address {address}; set it "
            f"to the name of the one that reaches all workers: {', '.join(addresses)}"
        )
    return name


def interface_address(name: str) -> str:
    """IPv4 address of a network interface of this machine. Raises ConfigError if there is none."""
    addresses = _interface_addresses()
    if name not in addresses:
        raise ConfigError(
            f"training.interface: this machine has no network interface {name!r} with an IPv4 address; "
            f"it has {', '.join(addresses)}"
        )
    return addresses[name]


def _interface_addresses() -> dict[str, str]:
    """First IPv4 address of each network interface of this machine."""
    return {
        name: ipv4[0]
        for name, addresses in psutil.net_if_addrs().items()
        if (ipv4 := [entry.address for entry in addresses if entry.family == socket.AF_INET])
    }
