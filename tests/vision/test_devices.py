"""GPU of a process: the one that Spark assigns, otherwise in turn; memory grows on demand."""

from __future__ import annotations

from types import SimpleNamespace

import pyspark
import pytest
import tensorflow as tf

from coinspark.training import worker
from coinspark.training.collective import SingleWorker
from coinspark.vision import devices


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The devices settings of a machine with three GPUs, as TensorFlow receives them."""
    received: dict[str, object] = {}
    config = SimpleNamespace(
        threading=SimpleNamespace(
            set_intra_op_parallelism_threads=lambda n: received.update(threads=n),
            set_inter_op_parallelism_threads=lambda n: None,
        ),
        list_physical_devices=lambda kind: ["gpu0", "gpu1", "gpu2"],
        set_visible_devices=lambda device, kind: received.update(visible=device),
        experimental=SimpleNamespace(
            set_memory_growth=lambda device, on: received.update(growing=device if on else None),
            enable_op_determinism=lambda: None,
        ),
    )
    monkeypatch.setattr(tf, "config", config)
    monkeypatch.setattr(
        tf.keras.mixed_precision, "set_global_policy", lambda name: received.update(policy=name)
    )
    return received


@pytest.mark.parametrize(
    ("number", "gpus", "index"),
    [(0, (), 0), (4, (), 1), (0, ("2",), 2), (1, ("GPU-5a3f",), 1), (1, ("7",), 1)],
)
def test_gpu_is_the_assigned_one_or_in_turn(number: int, gpus: tuple[str, ...], index: int) -> None:
    assert devices.select_gpu(3, number, gpus) == index


@pytest.mark.parametrize(
    ("resources", "gpu"), [({"gpu": SimpleNamespace(addresses=["2"])}, "gpu2"), ({}, "gpu1")]
)
def test_python_worker_takes_one_gpu_and_grows_its_memory(
    calls: dict[str, object], monkeypatch: pytest.MonkeyPatch, resources: dict[str, object], gpu: str
) -> None:
    task = SimpleNamespace(resources=lambda: resources, partitionId=lambda: 4)
    monkeypatch.setattr(pyspark, "TaskContext", SimpleNamespace(get=lambda: task))
    devices.configure_inference("float32", threads=3)
    assert calls == {"threads": 3, "visible": gpu, "growing": gpu, "policy": "float32"}


def test_training_worker_takes_one_gpu_and_grows_its_memory(
    calls: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    class SecondWorker(SingleWorker):
        local_rank, local_size = 1, 2

    monkeypatch.setattr(tf.keras.utils, "set_random_seed", lambda seed: None)
    worker.configure_tensorflow(SecondWorker(), 1, "mixed_float16")
    assert (calls["visible"], calls["growing"], calls["policy"]) == ("gpu1", "gpu1", "mixed_float16")


def test_without_gpus_and_outside_spark_only_threads_and_policy_are_set(
    calls: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    devices.configure_inference("float32", threads=1)
    assert calls == {"threads": 1, "policy": "float32"}
