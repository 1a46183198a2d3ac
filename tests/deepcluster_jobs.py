"""A small DeepCluster job: 24 synthetic images of three classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coinspark.config import DeepCluster, Training
from coinspark.training.deepcluster.recipe import DeepClusterJob
from coinspark.training.shards import ShardSet
from tests.training_jobs import TOY_BACKBONE
from tests.training_shards import write_shards


def unlabelled_shards(folder: Path) -> ShardSet:
    """24 images in two shards."""
    return write_shards(folder, {"train": (12, 12)})


def deepcluster_job(folder: Path, shards: ShardSet, launch: str = "local", **settings: Any) -> DeepClusterJob:
    """A job of two rounds of the toy network with three clusters and twelve steps per round.

    `settings` overrides settings.
    """
    section = DeepCluster.model_validate(
        {"rounds": 2, "k": 3, "batch": 2, "epochs": 1, "learning_rate": 0.001, **settings}
    )
    training = Training.model_validate(
        {"model": TOY_BACKBONE, "launch": launch, "workers": 2, "feed": "tfdata"}
    )
    return DeepClusterJob(str(folder), shards, 32, 64, training, 11, "float32", settings=section)
