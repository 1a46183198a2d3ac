"""The training function of a classifier, which each worker runs: shards → weights.

The recipe (batch normalization, He initialization, per-side standardisation, Adam with warm-up and cosine
decay, weight average) was selected on 566 Roman coins of five mints, where VGG16 without it stays at chance
level. See `coinspark/training/README.md`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from coinspark.training import checkpoint, feed, shards
from coinspark.training.checkpoint import TrainingState
from coinspark.training.classifier import model, recipe
from coinspark.training.classifier.recipe import TrainingJob
from coinspark.training.classifier.schedule import StepCallback
from coinspark.training.collective import TrainingCollective
from coinspark.training.run_folder import TENSORBOARD, WEIGHTS, append_progress, write_result
from coinspark.training.worker import (
    average_batchnorm,
    configure_tensorflow,
    inner_optimizer,
    optimizer_state,
    optimizer_variables,
    restore_optimizer,
    weights_hash,
)
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.network import ImageSpec


@dataclass(frozen=True)
class Trainer:
    """What a worker needs in every epoch. `average` has a variable per weight, or is empty."""

    job: TrainingJob
    workers: TrainingCollective
    network: tf.keras.Model
    average: list[tf.Variable]
    image: ImageSpec
    steps: int
    callback: StepCallback

    @property
    def batch(self) -> int:
        """Batch size of this worker."""
        return max(1, self.job.training.batch // self.workers.size)


def work(job: str, workers: TrainingCollective) -> str:
    """Train a classifier, as `launch` calls it with the job as JSON."""
    return train(TrainingJob.from_json(job), workers)


def train(job: TrainingJob, workers: TrainingCollective) -> str:
    """Train a classifier, or resume it from its checkpoint; a resumed training ends with the same weights.

    Worker 0 writes `weights.npz`, `result.json` and a progress line per epoch to the run's folder.

    Returns:
        SHA-256 hex of the weights after the last step, which is equal on all workers.

    Raises:
        CoinsparkError: Shards, weights or checkpoint are not valid.
    """
    configure_tensorflow(workers, job.seed, job.precision)
    trainer, state = _start(job, workers)
    folder = Path(job.folder)
    logs = tf.summary.create_file_writer(str(folder / TENSORBOARD)) if workers.rank == 0 else None
    while state.epoch < job.training.epochs and state.epoch - state.best_epoch < job.training.patience:
        began = time.monotonic()
        metrics = _epoch(trainer, state)
        select_best(state, metrics)
        if workers.rank == 0:
            checkpoint.save(folder, state)
            seconds = time.monotonic() - began
            append_progress(folder, recipe.progress_line(state.epoch, job.training.epochs, metrics, seconds))
            _log_metrics(logs, state.epoch, metrics)
    if workers.rank == 0:
        result = {
            "sha256": model.save_weights(trainer.network, state.best, folder / WEIGHTS),
            "epochs": state.epoch,
            "best_epoch": state.best_epoch,
            "history": state.history,
        }
        write_result(folder, result)
    return weights_hash(trainer.network)


def build_network(job: TrainingJob) -> tf.keras.Model:
    """The network of a job with its initial weights."""
    t = job.training
    return model.build_classifier(
        model.Architecture(
            model=t.model,
            height=job.height,
            width=job.width,
            classes=len(job.shards.classes),
            batch_norm=t.batch_norm,
            head_units=t.head_units,
            dropout=t.dropout,
            seed=job.seed,
            types=len(job.shards.types),
        )
    )


def loss_function(job: TrainingJob) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Loss per image (n,): that of the class, plus the cross entropy of the type if there is a type head.

    Learning the type as a second task helps with few images per class (Caruana 1997, "Multitask Learning").
    For an image without a type the target has zeros in the columns of the types. Its type loss is masked: the
    cross entropy of such a target is 0, but TensorFlow's gradient of it is the softmax of the logits.
    """
    smoothing, classes = job.training.label_smoothing, len(job.shards.classes)
    if job.training.loss == "focal":
        class_loss = tf.keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, from_logits=True, label_smoothing=smoothing
        )
    else:
        class_loss = tf.keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)

    def loss(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        losses = class_loss.call(targets[:, :classes], logits[:, :classes])
        if not job.shards.types:
            return losses
        types = targets[:, classes:]
        type_losses = tf.nn.softmax_cross_entropy_with_logits(types, logits[:, classes:])
        return losses + tf.reduce_sum(types, 1) * type_losses

    return loss


def select_best(state: TrainingState, metrics: dict[str, float]) -> None:
    """Select the weights to keep: highest validation accuracy, ties by lower loss.

    Without a validation set the last weights are kept. Selection by loss alone would prefer early epochs,
    because the loss punishes growing confidence.
    """
    top1, loss = metrics.get("validation_top1", -1.0), metrics.get("validation_loss", float("inf"))
    if "validation_top1" not in metrics or (top1, -loss) > (state.best_top1, -state.best_loss):
        state.best_epoch, state.best_top1, state.best_loss = state.epoch, top1, loss
        state.best = state.average or state.weights


def _start(job: TrainingJob, workers: TrainingCollective) -> tuple[Trainer, TrainingState]:
    """Build the network, restore the last checkpoint, and give all workers the state of worker 0."""
    training, backbone = job.training, BACKBONES[job.training.model]
    network = build_network(job)
    backbone.load(network, training.weights, training.weights_sha256, "training")
    model.freeze(network, training.freeze_until)
    optimizer = workers.distribute_optimizer(tf.keras.optimizers.legacy.Adam(training.learning_rate))
    network.compile(optimizer, loss_function(job), jit_compile=False)
    network.get_layer("dropout").seed += workers.rank
    inner_optimizer(optimizer)._create_all_weights(network.trainable_variables)
    state = checkpoint.load(Path(job.folder)) or TrainingState()
    if state.epoch:
        network.set_weights(state.weights)
        restore_optimizer(network.optimizer, state.optimizer)
    workers.broadcast_variables([*network.weights, *optimizer_variables(network.optimizer)])
    initial = state.average or network.get_weights()
    average = [tf.Variable(value, trainable=False) for value in initial] if training.weight_average else []
    batch = max(1, training.batch // workers.size)
    steps = shards.steps_per_epoch(job.shards, "train", workers.size, batch)
    callback = StepCallback(training, steps, network, average)
    image = ImageSpec(job.height, job.width, backbone.convention(training.weights))
    return Trainer(job, workers, network, average, image, steps, callback), state


def _epoch(trainer: Trainer, state: TrainingState) -> dict[str, float]:
    """Train one epoch, validate the averaged weights, and update the state; the metrics."""
    workers, network = trainer.workers, trainer.network
    trainer.callback.step = state.epoch * trainer.steps
    fitted = network.fit(
        _training_batches(trainer, state.epoch),
        steps_per_epoch=trainer.steps,
        epochs=1,
        verbose=0,
        shuffle=False,
        callbacks=[trainer.callback],
    )
    average_batchnorm(workers, network.non_trainable_weights)
    state.weights = network.get_weights()
    state.optimizer = optimizer_state(network.optimizer)
    if trainer.average:
        statistics = {id(weight) for weight in network.non_trainable_weights}
        pairs = zip(trainer.average, network.weights, strict=True)
        average_batchnorm(workers, [mean for mean, weight in pairs if id(weight) in statistics])
        state.average = [variable.numpy() for variable in trainer.average]
        network.set_weights(state.average)
    state.epoch += 1
    loss = float(workers.mean(np.array(fitted.history["loss"][-1])))
    metrics = {"loss": loss, **_validate(trainer)}
    network.set_weights(state.weights)
    state.history.append({name: round(value, 6) for name, value in metrics.items()})
    return metrics


def _training_batches(trainer: Trainer, epoch: int) -> tf.data.Dataset:
    """Batches of images, targets (one-hot classes, then one-hot types) and sample weights."""
    job, rank = trainer.job, trainer.workers.rank
    weights = tf.constant(recipe.sample_weights(job.training, job.shards.images))
    classes, types_ = len(job.shards.classes), len(job.shards.types)
    source = shards.worker_shards(job.shards, "train", rank, trainer.workers.size)
    spec = feed.EpochSpec(job.seed, epoch, rank, trainer.steps, job.training.augment)
    return feed.batches(job.training.feed, source, trainer.image, spec).map(
        lambda images, labels, types: (
            images,
            tf.concat([tf.one_hot(labels, classes), tf.one_hot(types, types_)], 1),
            tf.gather(weights, labels),
        )
    )


def _validate(trainer: Trainer) -> dict[str, float]:
    """Cross entropy and top-1 accuracy over the validation images of all workers; empty without images."""
    job, workers = trainer.job, trainer.workers
    source = shards.worker_shards(job.shards, "validation", workers.rank, workers.size)
    sums = np.zeros(3)  # loss, correct predictions, images
    if source.rows:
        spec = feed.EpochSpec(job.seed, 0, workers.rank, -(-source.rows // trainer.batch), None)
        for images, labels, _ in feed.batches(job.training.feed, source, trainer.image, spec):
            logits = trainer.network.predict_on_batch(images)[:, : len(job.shards.classes)]
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            correct = tf.equal(tf.argmax(logits, 1, tf.int32), labels)
            sums += [
                float(tf.reduce_sum(losses)),
                float(tf.reduce_sum(tf.cast(correct, tf.float32))),
                len(labels),
            ]
    loss, correct, images = workers.mean(sums)
    return (
        {"validation_loss": float(loss / images), "validation_top1": float(correct / images)}
        if images
        else {}
    )


def _log_metrics(logs: Any, epoch: int, metrics: dict[str, float]) -> None:
    """Write the metrics of an epoch for TensorBoard."""
    with logs.as_default(step=epoch):
        for name, value in metrics.items():
            tf.summary.scalar(name, value)
    logs.flush()
