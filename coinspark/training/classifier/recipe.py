"""What one training run is told, and the parts of the recipe that are plain arithmetic."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass

from coinspark.config import Training
from coinspark.training.shards import Shards


@dataclass(frozen=True)
class Job:
    """One run: its folder, its shards, the size of a picture in pixels, the settings, the seed, the precision as resolved."""

    folder: str
    shards: Shards
    height: int
    width: int
    training: Training
    seed: int
    precision: str
    program: str = "coinspark.training.classifier.fit"

    def to_json(self) -> str:
        """The job as text, for a process of its own."""
        training = self.training.model_dump(mode="json")
        return json.dumps({**self.__dict__, "shards": asdict(self.shards), "training": training})

    @staticmethod
    def from_json(text: str) -> Job:
        """The way back."""
        plain = json.loads(text)
        shards, training = (
            Shards.from_plain(plain.pop("shards")),
            Training.model_validate(plain.pop("training")),
        )
        return Job(shards=shards, training=training, **plain)


def learning_rate(training: Training, step: int, steps: int) -> float:
    """The rate of a step (from 0) of `steps` an epoch: up in a line over `warmup` epochs, then down half a cosine to 0."""
    warm, total = training.warmup * steps, training.epochs * steps
    if step < warm:
        return training.learning_rate * (step + 1) / (warm + 1)
    return (
        training.learning_rate
        * 0.5
        * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1.0, total - warm))))
    )


def sample_weights(training: Training, images: tuple[int, ...]) -> list[float]:
    """The weight of an image of each label: 1, or `balanced`: every class weighs alike, the mean over images is 1."""
    if training.class_weights == "none":
        return [1.0] * len(images)
    present = sum(1 for n in images if n)
    return [sum(images) / (present * n) if n else 0.0 for n in images]


def progress_line(epoch: int, epochs: int, record: dict[str, float], seconds: float) -> str:
    """The line a person reads after each epoch."""
    line = f"epoch {epoch:>{len(str(epochs))}}/{epochs}  loss {record['loss']:.3f}"
    if "validation_loss" in record:
        line += f"  val loss {record['validation_loss']:.3f}  val top-1 {record['validation_top1']:.3f}"
    return f"{line}  {seconds:.1f} s"
