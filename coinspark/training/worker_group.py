"""The workers of a training, as one of them sees them. `launch` connects them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class WorkerGroup:
    """One worker and its collective operations, which all workers must call in the same order.

    Attributes:
        rank: Index of this worker.
        size: Number of workers.
        local_rank: Index of this worker on its machine.
        local_size: Number of workers on its machine.
        distribute: Wraps a Keras optimizer so that it applies the mean of all workers' gradients.
        broadcast: Sets TensorFlow variables to their values on worker 0.
        mean: Mean of an array over the workers.
        total: Sum of an array over the workers.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int
    distribute: Callable[[Any], Any]
    broadcast: Callable[[list[Any]], None]
    mean: Callable[[Array], Array]
    total: Callable[[Array], Array]


def single_worker() -> WorkerGroup:
    """A group of one worker."""
    return WorkerGroup(
        rank=0,
        size=1,
        local_rank=0,
        local_size=1,
        distribute=lambda optimizer: optimizer,
        broadcast=lambda variables: None,
        mean=lambda array: array,
        total=lambda array: array,
    )
