"""Threads, GPU and precision of a process that uses TensorFlow: a training's worker or a Python worker."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence


def configure_devices(threads: int, number: int, gpus: Sequence[str] = ()) -> None:
    """Set the number of threads, and give this process one GPU whose memory grows on demand.

    Without memory growth the first process would claim the memory of all GPUs that it sees.

    Args:
        threads: Threads of an operation.
        number: Number of this process among those that share the machine, from 0.
        gpus: Addresses of the GPUs that Spark assigned to this process, if it assigns any.

    Raises:
        RuntimeError: The process has used TensorFlow before.
    """
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    if devices := tf.config.list_physical_devices("GPU"):
        device = devices[select_gpu(len(devices), number, gpus)]
        tf.config.set_visible_devices(device, "GPU")
        tf.config.experimental.set_memory_growth(device, True)


def select_gpu(count: int, number: int, gpus: Sequence[str] = ()) -> int:
    """Index of the GPU of a process among the `count` visible ones: the assigned one, else in turn.

    With 2 GPUs the processes 0, 1, 2 get 0, 1, 0; the assigned address "1" is 1. An address that is not an
    index of a visible GPU, as where CUDA_VISIBLE_DEVICES hides some, does not count.
    """
    indices = [int(address) for address in gpus if address.isdecimal() and int(address) < count]
    return indices[0] if indices else number % count


def configure_inference(precision: str, threads: int) -> None:
    """Set devices and Keras policy in a Python worker of Spark, which runs one worker per core.

    Spark assigns GPUs with `spark.task.resource.gpu.amount`. Without it the workers take the GPUs in turn, by
    the number of their task.
    """
    import tensorflow as tf
    from pyspark import TaskContext

    task = TaskContext.get()
    assigned = task.resources().get("gpu") if task else None
    with contextlib.suppress(RuntimeError):  # too late if the process has used TensorFlow before
        configure_devices(threads, task.partitionId() if task else 0, assigned.addresses if assigned else ())
    tf.keras.mixed_precision.set_global_policy(precision)
