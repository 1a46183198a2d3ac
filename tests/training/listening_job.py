"""Training function that lists the sockets of its driver's Python processes instead of training."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import psutil

from coinspark.training.collective import TrainingCollective
from coinspark.training.run_folder import write_result

DRIVER = "COINSPARK_TEST_DRIVER"
"""Environment variable with the process id of the driver."""


def work(job: str, workers: TrainingCollective) -> str:
    """Worker 0 writes the sockets while the other worker waits for it in a collective operation."""
    workers.mean(np.zeros(1))
    if workers.rank == 0:
        driver = psutil.Process(int(os.environ[DRIVER]))
        sockets = [
            [process.pid, socket.status, socket.laddr.ip]
            for process in [driver, *driver.children(recursive=True)]
            if process.name() != "java"
            for socket in process.net_connections(kind="inet")
            if socket.status in (psutil.CONN_LISTEN, psutil.CONN_ESTABLISHED)
        ]
        write_result(Path(json.loads(job)["folder"]), {"sockets": sockets})
    workers.mean(np.zeros(1))
    return ""
