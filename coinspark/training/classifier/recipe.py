"""The job of a classifier's training, and the parts of its recipe without TensorFlow."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from coinspark.config import Training
from coinspark.training.shards import ShardSet


@dataclass(frozen=True)
class TrainingJob:
    """Arguments of one training.

    Attributes:
        folder: Folder of the run.
        shards: The images to train on.
        height: Height of the images in pixels.
        width: Width of the images in pixels.
        training: The section `training` of the configuration.
        seed: Seed of the initial weights, of dropout, of the order of the images and of augmentation.
        precision: Keras precision policy.
        program: Module of the training function.
    """

    folder: str
    shards: ShardSet
    height: int
    width: int
    training: Training
    seed: int
    precision: str
    program: str = "coinspark.training.classifier.fit"

    def to_json(self) -> str:
        """The job as JSON, for another process."""
        training = self.training.model_dump(mode="json")
        return json.dumps({**self.__dict__, "shards": asdict(self.shards), "training": training})

    @staticmethod
    def from_json(text: str) -> TrainingJob:
        """Inverse of `to_json`."""
        values = json.loads(text)
        shards = ShardSet.from_dict(values.pop("shards"))
        training = Training.model_validate(values.pop("training"))
        return TrainingJob(shards=shards, training=training, **values)


def sample_weights(training: Training, images: tuple[int, ...]) -> list[float]:
    """Weight of an image by label, given the number of training images by label.

    All weights are 1, or with `class_weights: balanced` each class has the same total weight and the mean
    over images is 1.
    """
    if training.class_weights == "none":
        return [1.0] * len(images)
    classes = sum(1 for n in images if n)
    return [sum(images) / (classes * n) if n else 0.0 for n in images]


def progress_line(epoch: int, epochs: int, metrics: dict[str, float], seconds: float) -> str:
    """The progress line of an epoch: `epoch 3/32  loss 1.234  val loss 1.345  val top-1 0.567  8.9 s`."""
    line = f"epoch {epoch:>{len(str(epochs))}}/{epochs}  loss {metrics['loss']:.3f}"
    if "validation_loss" in metrics:
        line += f"  val loss {metrics['validation_loss']:.3f}  val top-1 {metrics['validation_top1']:.3f}"
    return f"{line}  {seconds:.1f} s"
