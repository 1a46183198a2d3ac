"""The job of a classifier's training, and the parts of its recipe without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

from coinspark.config import Training
from coinspark.training.job import Job


@dataclass(frozen=True)
class TrainingJob(Job):
    """The job of a classifier's training."""

    program: str = "coinspark.training.classifier.fit"


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
