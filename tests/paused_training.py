"""A training program that pauses at its first checkpoint, until a test kills one of its workers."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from coinspark.training import checkpoint
from coinspark.training.classifier.recipe import TrainingJob
from coinspark.training.collective import TrainingCollective
from coinspark.training.deepcluster import state as states
from coinspark.training.deepcluster.recipe import DeepClusterJob
from coinspark.training.job import Job

AnyJob = TypeVar("AnyJob", bound=Job)
KILLED = "killed"
"""File in the folder of the run that the test writes when it has killed a worker."""
_SECONDS = 300  # no worker waits longer


def paused(job: AnyJob) -> AnyJob:
    """The job with this program in place of its own."""
    return replace(job, program=__name__)


def work(job: str, workers: TrainingCollective) -> str:
    """The job's own program; the worker that saves a checkpoint goes on when one of them has been killed.

    Horovod's workers notice that another has died when they exchange their next gradients.
    """
    values = json.loads(job)
    kind: Any = DeepClusterJob if "settings" in values else TrainingJob
    module: Any = states if kind is DeepClusterJob else checkpoint
    save = module.save

    def save_and_wait(folder: Path, state: Any) -> None:
        save(folder, state)
        for _ in range(20 * _SECONDS):
            if (folder / KILLED).exists():
                return
            threading.Event().wait(0.05)

    module.save = save_and_wait
    return str(import_module(kind.program).work(json.dumps({**values, "program": kind.program}), workers))
