"""The job of a training: what the driver sends to its workers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from pydantic import BaseModel

from coinspark.config import Training
from coinspark.training.shards import ShardSet


@dataclass(frozen=True)
class Job:
    """Arguments of a training. A subclass sets `program` and can add sections of the configuration.

    Attributes:
        folder: Folder of the run.
        shards: The images to train on.
        height: Height of the images in pixels.
        width: Width of the images in pixels.
        training: The section `training` of the configuration.
        seed: Seed of all random choices: initial weights, order of the images, augmentation.
        precision: Keras precision policy.
        program: Module of the training function: every worker calls its `work(job.to_json(), workers)`.
    """

    folder: str
    shards: ShardSet
    height: int
    width: int
    training: Training
    seed: int
    precision: str
    program: str

    def to_json(self) -> str:
        """The job as JSON, for another process."""
        return json.dumps({field.name: _plain(getattr(self, field.name)) for field in fields(self)})

    @classmethod
    def sections(cls) -> dict[str, type[BaseModel]]:
        """The fields that are sections of the configuration, and their classes."""
        return {"training": Training}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Inverse of `to_json`."""
        values = json.loads(text)
        values["shards"] = ShardSet.from_dict(values["shards"])
        for name, section in cls.sections().items():
            values[name] = section.model_validate(values[name])
        return cls(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, ShardSet):
        return asdict(value)
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
