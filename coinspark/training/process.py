"""What every process that trains does, whatever it trains: settle down, be like the others, tell the driver."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from coinspark.core import atomic_files
from coinspark.training.launch import PROGRESS, RESULT
from coinspark.training.worker_group import Team


def settle(team: Team, seed: int, precision: str) -> None:
    """Threads, seeds, precision: what makes the same input and settings give the same weights again."""
    cores = len(os.sched_getaffinity(0))
    tf.config.threading.set_intra_op_parallelism_threads(max(1, cores // team.local_size))
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if cards := tf.config.list_physical_devices("GPU"):
        tf.config.set_visible_devices(cards[team.local_rank % len(cards)], "GPU")
    tf.config.experimental.enable_op_determinism()
    tf.keras.utils.set_random_seed(seed)
    tf.keras.mixed_precision.set_global_policy(precision)


def inner(optimizer: Any) -> Any:
    """The optimizer inside the one that scales the loss of float16."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def equalise(team: Team, variables: list[tf.Variable]) -> None:
    """Each worker's normalisation has seen its own images only: give all of them the mean."""
    floating = [variable for variable in variables if variable.dtype.is_floating]
    if team.size == 1 or not floating:
        return
    flat = team.mean(np.concatenate([variable.numpy().ravel() for variable in floating]))
    ends = np.cumsum([int(np.prod(variable.shape)) for variable in floating])[:-1]
    for variable, values in zip(floating, np.split(flat, ends), strict=True):
        variable.assign(values.reshape(variable.shape))


def tell(folder: Path, line: str) -> None:
    """Say a line of progress, through the file that the driver follows."""
    with (folder / PROGRESS).open("a", encoding="utf-8") as opened:
        opened.write(f"{line}\n")


def finish(folder: Path, result: dict[str, Any]) -> None:
    """Leave the result where the driver looks for it, whole."""
    atomic_files.write_json(folder / RESULT, result)


def hash_of(network: tf.keras.Model) -> str:
    """SHA-256 of what the network has learnt: workers that average gradients end with equal ones."""
    return sha256(b"".join(weight.numpy().tobytes() for weight in network.trainable_weights)).hexdigest()
