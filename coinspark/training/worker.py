"""The process of a worker: entry point, TensorFlow settings, and functions shared by all trainings.

`python -m coinspark.training.worker JOB.json PARENT` runs a job with a single worker and ends with its
parent process.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from coinspark.core.errors import CoinsparkError
from coinspark.training import launch
from coinspark.training.checkpoint import Arrays
from coinspark.training.collective import SingleWorker, TrainingCollective
from coinspark.vision.devices import configure_devices
from coinspark.warehouse.object_storage import ENVIRONMENT, Access


def main(file: str, parent: str) -> int:
    """Run a job; exit code 1 if it ends with a CoinsparkError, whose message is then in `error.txt`."""
    exit_with_parent(int(parent))
    access = Access.from_json(os.environ.pop(ENVIRONMENT, None))
    try:
        launch.work(Path(file).read_text(encoding="utf-8"), SingleWorker, access)
    except CoinsparkError:
        return 1
    return 0


def exit_with_parent(parent: int) -> None:
    """End this process within a second of its parent, so that a killed driver leaves no worker."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def configure_tensorflow(workers: TrainingCollective, seed: int, precision: str) -> None:
    """Set threads, GPU, seeds, determinism and precision, so that equal jobs give equal weights."""
    cores = len(os.sched_getaffinity(0))
    configure_devices(max(1, cores // workers.local_size), workers.local_rank, workers.gpus)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    tf.keras.utils.set_random_seed(seed)
    tf.keras.mixed_precision.set_global_policy(precision)


def inner_optimizer(optimizer: Any) -> Any:
    """The optimizer inside a loss-scale optimizer (mixed_float16), or the optimizer itself."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def optimizer_variables(optimizer: Any) -> list[tf.Variable]:
    """All variables of an optimizer: step count and moments; with mixed_float16 also loss scale and counter.

    The loss scale is not among the optimizer's own weights. A training that resumed with the initial loss
    scale would end with other weights.
    """
    scale = getattr(optimizer, "_loss_scale", None)  # not in the public API
    scale_variables = [] if scale is None else [scale.current_loss_scale, scale.counter]
    return [*inner_optimizer(optimizer).variables(), *scale_variables]


def optimizer_state(optimizer: Any) -> Arrays:
    """The values of `optimizer_variables`, for a checkpoint."""
    return [variable.numpy() for variable in optimizer_variables(optimizer)]


def restore_optimizer(optimizer: Any, state: Arrays) -> None:
    """Inverse of `optimizer_state`."""
    for variable, value in zip(optimizer_variables(optimizer), state, strict=True):
        variable.assign(value)


def average_batchnorm(workers: TrainingCollective, variables: list[tf.Variable]) -> None:
    """Average moving statistics over the workers, each of which has updated them from its own images."""
    floating = [variable for variable in variables if variable.dtype.is_floating]
    if workers.size == 1 or not floating:
        return
    flat = workers.mean(np.concatenate([variable.numpy().ravel() for variable in floating]))
    ends = np.cumsum([int(np.prod(variable.shape)) for variable in floating])[:-1]
    for variable, values in zip(floating, np.split(flat, ends), strict=True):
        variable.assign(values.reshape(variable.shape))


def weights_hash(network: tf.keras.Model) -> str:
    """SHA-256 hex of the trainable weights. It is equal on all workers if their gradients were averaged."""
    return sha256(b"".join(weight.numpy().tobytes() for weight in network.trainable_weights)).hexdigest()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
