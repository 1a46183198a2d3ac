"""A small DeepCluster training for the tests: 24 pictures of three shades."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coinspark.config import DeepCluster, Training
from coinspark.training.deepcluster.recipe import Job
from coinspark.training.shards import Shards
from tests.training_shards import write


def shards(folder: Path) -> Shards:
    """24 pictures in two shards."""
    return write(folder, {"train": (12, 12)})


def job(folder: Path, held: Shards, launch: str = "local", **plan: Any) -> Job:
    """Two rounds of three clusters, on pictures of 32 × 64."""
    settings = DeepCluster.model_validate({"rounds": 2, "k": 3, "batch": 8, "epochs": 1, **plan})
    training = Training.model_validate({"launch": launch, "workers": 2, "feed": "tfdata"})
    return Job(str(folder), held, 32, 64, settings, training, 11, "float32")
