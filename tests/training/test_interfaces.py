"""Sockets of a training: they listen on one interface, which is loopback if the master is local."""

from __future__ import annotations

import os
import socket
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from pyspark.sql import SparkSession

from coinspark.core.errors import ConfigError
from coinspark.training import interfaces, launch
from tests.training import listening_job
from tests.training_jobs import small_shards, training_job

ADDRESSES = {"lo": ["127.0.0.1"], "eth0": ["10.0.0.7", "10.0.0.8"], "tunl0": []}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with the network interfaces of ADDRESSES. Each also has an IPv6 address."""
    entries = {
        name: [
            SimpleNamespace(family=socket.AF_INET6, address="fe80::1"),
            *(SimpleNamespace(family=socket.AF_INET, address=address) for address in addresses),
        ]
        for name, addresses in ADDRESSES.items()
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: entries)


def _session(master: str, host: str) -> Any:
    conf = SimpleNamespace(get={"spark.driver.host": host}.get)
    return SimpleNamespace(sparkContext=SimpleNamespace(master=master, getConf=lambda: conf))


@pytest.mark.parametrize(
    ("configured", "master", "host", "expected"),
    [
        (None, "local[2]", "10.0.0.7", "lo"),
        (None, "spark://head:7077", "10.0.0.7", "eth0"),
        ("eth0", "local[2]", "10.0.0.7", "eth0"),
        ("lo", "yarn", "10.0.0.7", "lo"),
    ],
)
def test_interface_is_the_configured_one_or_follows_from_the_master(
    machine: None, configured: str | None, master: str, host: str, expected: str
) -> None:
    assert interfaces.select_interface(configured, _session(master, host)) == expected


def test_missing_interface_is_named(machine: None) -> None:
    with pytest.raises(
        ConfigError, match=r"training\.interface: .*'ib0' with an IPv4 address; it has lo, eth0$"
    ):
        interfaces.select_interface("ib0", _session("yarn", "10.0.0.7"))
    with pytest.raises(
        ConfigError, match=r"training\.interface: .* Spark's address 10\.9\.9\.9; .*: lo, eth0$"
    ):
        interfaces.select_interface(None, _session("yarn", "10.9.9.9"))


@pytest.mark.slow
def test_local_training_communicates_on_loopback_only(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(listening_job.DRIVER, str(os.getpid()))
    job = training_job(tmp_path / "run", small_shards(tmp_path / "shards"), launch="horovod")
    result = launch.run(replace(job, program=listening_job.__name__), spark, lambda line: None)
    assert {address for _, _, address in result["sockets"]} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    servers = Counter(pid for pid, status, _ in result["sockets"] if status == psutil.CONN_LISTEN)
    assert servers[os.getpid()] >= 2  # Horovod's driver service and rendezvous
    assert len(servers) >= 3  # the driver and two Spark tasks
    connected = {pid for pid, status, _ in result["sockets"] if status == psutil.CONN_ESTABLISHED}
    assert connected - set(servers), "the connections of the workers are listed too"
