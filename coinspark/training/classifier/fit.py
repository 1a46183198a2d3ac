"""One worker's part of a run: the training function, from shards to weights.

The recipe was found by measurement on 566 Roman coins of five mints (README, "Training"): a plain VGG16 without given weights
stays at chance; with batch normalisation, He initialisation, sides brought to equal light, Adam warmed up and let
down by a cosine, and the running mean of the weights it learns from some 400 photographs.
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
from coinspark.training.checkpoint import State
from coinspark.training.classifier import model, recipe
from coinspark.training.classifier.recipe import Job
from coinspark.training.process import equalise, finish, hash_of, inner, settle, tell
from coinspark.training.record import WEIGHTS
from coinspark.training.worker_group import Team
from coinspark.vision.backbones import vgg16
from coinspark.vision.network import Picture, convention

_EVERY = 8  # steps between two moves of the running mean: it passes over all weights, which at each step costs a tenth of it


@dataclass(frozen=True)
class Learner:
    """What a worker holds while it trains."""

    job: Job
    team: Team
    network: tf.keras.Model
    average: list[tf.Variable]
    picture: Picture
    steps: int
    move: Callable[[tf.Tensor], None]  # the running mean
    decay: Callable[[tf.Tensor], None]  # the kernels


def work(job: str, team: Team) -> str:
    """`train`, as the launcher calls it."""
    return train(Job.from_json(job), team)


def train(job: Job, team: Team) -> str:
    """Train one run; rank 0 leaves `weights.npz` and `result.json` in the run's folder, and a line an epoch in `progress.txt`.

    Gives the SHA-256 of the weights as this worker's last step left them: workers that average gradients end with equal ones.
    Goes on from the last whole checkpoint if there is one, to the same weights as without the interruption. Raises
    CoinsparkError where shards, weights or checkpoint are not what was stated.
    """
    settle(team, job.seed, job.precision)
    learner, state = _start(job, team)
    folder = Path(job.folder)
    logs = tf.summary.create_file_writer(str(folder / "tensorboard")) if team.rank == 0 else None
    while state.epoch < job.training.epochs and state.epoch - state.best_epoch < job.training.patience:
        began = time.monotonic()
        record = _epoch(learner, state)
        _keep_best(state, record)
        if team.rank == 0:
            checkpoint.save(folder, state)
            tell(
                folder,
                recipe.progress_line(state.epoch, job.training.epochs, record, time.monotonic() - began),
            )
            _log(logs, state.epoch, record)
    if team.rank == 0:
        digest = model.save_weights(learner.network, state.best, folder / WEIGHTS)
        finish(
            folder,
            {
                "sha256": digest,
                "epochs": state.epoch,
                "best_epoch": state.best_epoch,
                "history": state.history,
            },
        )
    return hash_of(learner.network)


def _start(job: Job, team: Team) -> tuple[Learner, State]:
    """The network as it begins, or as the last checkpoint left it; rank 0's is everybody's."""
    picture = Picture(job.height, job.width, convention(job.training.weights))
    network = build(job)
    vgg16.load(network, job.training.weights, job.training.weights_sha256, "training")
    model.freeze(network, job.training.freeze_until)
    optimizer = team.optimizer(tf.keras.optimizers.legacy.Adam(job.training.learning_rate))
    network.compile(optimizer, _loss(job), jit_compile=False)
    network.get_layer("dropout").seed += team.rank
    inner(optimizer)._create_all_weights(network.trainable_variables)
    state = checkpoint.load(Path(job.folder)) or State()
    if state.epoch:
        network.set_weights(state.weights)
        inner(optimizer).set_weights(state.optimizer)
    team.broadcast([*network.weights, *inner(optimizer).variables()])
    kept = state.average or network.get_weights()
    average = [tf.Variable(value, trainable=False) for value in kept] if job.training.weight_average else []
    own = max(1, job.training.batch // team.size)
    steps = shards.steps(job.shards, "train", team.size, own)
    return Learner(
        job, team, network, average, picture, steps, _move(average, network), _decay(network)
    ), state


def build(job: Job) -> tf.keras.Model:
    """The network of a job, with its initial weights."""
    t = job.training
    classes, types = len(job.shards.classes), len(job.shards.types)
    return model.vgg16(
        model.Architecture(
            job.height, job.width, classes, t.batch_norm, t.head_units, t.dropout, job.seed, types
        )
    )


def _loss(job: Job) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """(n,) losses of the classes, and where types are learnt as well, their cross entropy added: two tasks, one network.

    A coin's type needs the same details as its mint, and a few hundred coins say more of them with two labels each than
    with one (Caruana 1997). A row without a type has zeros in its place, and no loss.
    """
    smoothing, classes = job.training.label_smoothing, len(job.shards.classes)
    if job.training.loss == "focal":
        of_class = tf.keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, from_logits=True, label_smoothing=smoothing
        )
    else:
        of_class = tf.keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)

    def loss(wanted: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        own = of_class.call(wanted[:, :classes], logits[:, :classes])
        if not job.shards.types:
            return own
        return own + tf.nn.softmax_cross_entropy_with_logits(wanted[:, classes:], logits[:, classes:])

    return loss


def _epoch(learner: Learner, state: State) -> dict[str, float]:
    """Train one epoch, make the workers' normalisation statistics one, validate; the state as the checkpoint will hold it."""
    job, team, network = learner.job, learner.team, learner.network
    weights = tf.constant(recipe.sample_weights(job.training, job.shards.images))
    depths = len(job.shards.classes), len(job.shards.types)
    pass_ = feed.Epoch(job.seed, state.epoch, team.rank, learner.steps, job.training.augment)
    share = shards.share(job.shards, "train", team.rank, team.size)
    batches = feed.batches(job.training.feed, share, learner.picture, pass_).map(
        lambda images, labels, types: (
            images,
            tf.concat([tf.one_hot(labels, depths[0]), tf.one_hot(types, depths[1])], 1),
            tf.gather(weights, labels),
        )
    )
    step = _Step(learner, state.epoch * learner.steps)
    fitted = network.fit(
        batches, steps_per_epoch=learner.steps, epochs=1, verbose=0, shuffle=False, callbacks=[step]
    )
    equalise(team, network.non_trainable_weights)
    state.weights, state.optimizer = network.get_weights(), inner(network.optimizer).get_weights()
    if learner.average:
        fixed = {id(weight) for weight in network.non_trainable_weights}
        equalise(
            team,
            [
                mean
                for mean, weight in zip(learner.average, network.weights, strict=True)
                if id(weight) in fixed
            ],
        )
        state.average = [variable.numpy() for variable in learner.average]
        network.set_weights(state.average)
    state.epoch += 1
    record = {"loss": float(team.mean(np.array(fitted.history["loss"][-1]))), **_validate(learner)}
    network.set_weights(state.weights)
    state.history.append({name: round(value, 6) for name, value in record.items()})
    return record


class _Step(tf.keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rate before each step; after it decays the kernels and moves the running mean."""

    def __init__(self, learner: Learner, done: int) -> None:
        super().__init__()
        self.learner, self.step = learner, done

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.rate = recipe.learning_rate(self.learner.job.training, self.step, self.learner.steps)
        inner(self.model.optimizer).learning_rate = self.rate

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.step += 1
        if self.learner.job.training.weight_decay:
            self.learner.decay(tf.constant(self.rate * self.learner.job.training.weight_decay, tf.float32))
        if self.learner.average and self.step % _EVERY == 0:
            keep = min(self.learner.job.training.weight_average, self.step / (self.step + 10))
            self.learner.move(tf.constant(keep**_EVERY, tf.float32))


def _decay(network: tf.keras.Model) -> Callable[[tf.Tensor], None]:
    """A graph that takes a share of every kernel away."""
    kernels = [weight for weight in network.trainable_variables if weight.shape.rank > 1]

    @tf.function  # type: ignore[untyped-decorator]
    def decay(share: tf.Tensor) -> None:
        for kernel in kernels:
            kernel.assign_sub(kernel * share)

    return decay  # type: ignore[no-any-return]


def _move(average: list[tf.Variable], network: tf.keras.Model) -> Callable[[tf.Tensor], None]:
    """A graph that keeps a share of the running mean and takes the rest from the weights as they are."""

    @tf.function  # type: ignore[untyped-decorator]
    def move(keep: tf.Tensor) -> None:
        for mean, weight in zip(average, network.weights, strict=False):
            if mean.dtype.is_floating:
                mean.assign_sub((mean - weight) * (1 - keep))
            else:
                mean.assign(weight)

    return move  # type: ignore[no-any-return]


def _validate(learner: Learner) -> dict[str, float]:
    """Cross entropy and top-1 over the validation rows of all workers; nothing where a fold has none."""
    job, team = learner.job, learner.team
    share = shards.share(job.shards, "validation", team.rank, team.size)
    sums = np.zeros(3)  # loss, right, rows
    if share.rows:
        own = max(1, job.training.batch // team.size)
        plain = feed.Epoch(job.seed, 0, team.rank, -(-share.rows // own), None)
        for images, labels, _ in feed.batches(job.training.feed, share, learner.picture, plain):
            logits = learner.network.predict_on_batch(images)[:, : len(job.shards.classes)]
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            right = tf.equal(tf.argmax(logits, 1, tf.int32), labels)
            sums += [
                float(tf.reduce_sum(losses)),
                float(tf.reduce_sum(tf.cast(right, tf.float32))),
                len(labels),
            ]
    loss, right, seen = team.mean(sums)
    return {"validation_loss": float(loss / seen), "validation_top1": float(right / seen)} if seen else {}


def _keep_best(state: State, record: dict[str, float]) -> None:
    """The weights to keep: of the most validation rows right, of equals those with less loss; without such rows the last.

    The loss alone would favour early epochs: it punishes the growing certainty of a network that is getting better.
    """
    top1, loss = record.get("validation_top1", -1.0), record.get("validation_loss", float("inf"))
    if "validation_top1" not in record or (top1, -loss) > (state.best_top1, -state.best_loss):
        state.best_epoch, state.best_top1, state.best_loss = state.epoch, top1, loss
        state.best = state.average or state.weights


def _log(logs: Any, epoch: int, record: dict[str, float]) -> None:
    with logs.as_default(step=epoch):
        for name, value in record.items():
            tf.summary.scalar(name, value)
    logs.flush()
