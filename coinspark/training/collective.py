"""Collective operations of the workers of a training. `launch` implements them with Horovod."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from coinspark.clustering.collective import Collective, SingleProcess


class TrainingCollective(Collective):
    """A group of workers with the operations that only TensorFlow needs.

    Attributes:
        local_rank: Number of this worker on its machine, from 0.
        local_size: Number of workers on its machine.
        gpus: Addresses of the GPUs that Spark assigned to this worker.
    """

    local_rank: int
    local_size: int
    gpus: tuple[str, ...] = ()

    @abstractmethod
    def distribute_optimizer(self, optimizer: Any) -> Any:
        """A Keras optimizer that applies the mean of all workers' gradients."""

    @abstractmethod
    def broadcast_variables(self, variables: list[Any]) -> None:
        """Set TensorFlow variables to their values on worker 0."""


class SingleWorker(SingleProcess, TrainingCollective):
    """A training in one process."""

    local_rank, local_size = 0, 1

    def distribute_optimizer(self, optimizer: Any) -> Any:
        return optimizer

    def broadcast_variables(self, variables: list[Any]) -> None:
        pass
