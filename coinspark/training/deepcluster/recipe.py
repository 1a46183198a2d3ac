"""The job of a DeepCluster training, and its progress line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from coinspark.config import DeepCluster, Training
from coinspark.training.shards import ShardSet


@dataclass(frozen=True)
class DeepClusterJob:
    """Arguments of one training.

    Attributes:
        folder: Folder of the network.
        shards: The images to train on, all in the split `train`; their labels are not used.
        height: Height of the images in pixels.
        width: Width of the images in pixels.
        settings: The section `deepcluster` of the configuration.
        training: The section `training`; only backbone, launch, workers and feed are used.
        seed: Seed of the initial weights, of clustering, sampling and augmentation.
        precision: Keras precision policy.
        program: Module of the training function.
    """

    folder: str
    shards: ShardSet
    height: int
    width: int
    settings: DeepCluster
    training: Training
    seed: int
    precision: str
    program: str = "coinspark.training.deepcluster.learn"

    def to_json(self) -> str:
        """The job as JSON, for another process."""
        sections = {name: getattr(self, name).model_dump(mode="json") for name in ("settings", "training")}
        return json.dumps({**self.__dict__, "shards": asdict(self.shards), **sections})

    @staticmethod
    def from_json(text: str) -> DeepClusterJob:
        """Inverse of `to_json`."""
        values = json.loads(text)
        shards = ShardSet.from_dict(values.pop("shards"))
        settings = DeepCluster.model_validate(values.pop("settings"))
        training = Training.model_validate(values.pop("training"))
        return DeepClusterJob(shards=shards, settings=settings, training=training, **values)


def progress_line(rounds: int, record: dict[str, Any], seconds: float) -> str:
    """The progress line of a round, given its record (see `DeepClusterState.history`)."""
    largest = record["sizes"][0] / sum(record["sizes"])
    line = (
        f"round {record['round']:>{len(str(rounds))}}/{rounds}  {record['clusters']} clusters, "
        f"the largest {largest:.1%}"
    )
    if record["nmi"] is not None:
        line += f"  NMI {record['nmi']:.3f}"
    return f"{line}  inertia {record['inertia']:.3f}  loss {record['loss']:.3f}  {seconds:.1f} s"
