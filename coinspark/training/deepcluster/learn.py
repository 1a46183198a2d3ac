"""The training function of DeepCluster, which each worker runs.

A round (Caron et al. 2018, section 3): features of all images → PCA, whitening, unit length → k-means → a
new top layer → epochs with the cluster numbers as labels and uniform sampling over clusters (`sampler`).
PCA and k-means run on all workers together, each with its own rows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from coinspark.clustering import kmeans, pca
from coinspark.clustering.blocks import Rows
from coinspark.training import augment, shards
from coinspark.training import feed as shard_feed
from coinspark.training.collective import TrainingCollective
from coinspark.training.deepcluster import feed, sampler
from coinspark.training.deepcluster import state as states
from coinspark.training.deepcluster.recipe import DeepClusterJob, progress_line
from coinspark.training.deepcluster.state import DeepClusterState
from coinspark.training.run_folder import WEIGHTS, append_progress, write_result
from coinspark.training.worker import (
    average_batchnorm,
    configure_tensorflow,
    inner_optimizer,
    optimizer_state,
    optimizer_variables,
    restore_optimizer,
    weights_hash,
)
from coinspark.vision import weights
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.backbones.backbone import weight_arrays
from coinspark.vision.edges import channels
from coinspark.vision.network import ImageSpec


@dataclass(frozen=True)
class DeepClusterTrainer:
    """What a worker needs in every round.

    Attributes:
        network: The backbone with the top layer.
        backbone: The part of the network that computes features.
        jpegs: (n,) JPEG bytes of this worker's images, sorted by key.
        keys: (n,) int64, a number of each image that does not depend on the workers.
    """

    job: DeepClusterJob
    workers: TrainingCollective
    network: tf.keras.Model
    backbone: tf.keras.Model
    pipeline: feed.InputPipeline
    jpegs: NDArray[np.object_]
    keys: NDArray[np.int64]


def work(text: str, workers: TrainingCollective) -> str:
    """Train a network, or resume it from its checkpoint.

    Worker 0 writes `weights.npz`, `result.json` and a progress line per round to the folder of the network.

    Args:
        text: A `DeepClusterJob` as JSON.

    Returns:
        SHA-256 hex of the weights, which is equal on all workers.

    Raises:
        CoinsparkError: Shards, weights or checkpoint are not valid.
    """
    job = DeepClusterJob.from_json(text)
    configure_tensorflow(workers, job.seed, job.precision)
    trainer, state = _start(job, workers)
    folder = Path(job.folder)
    while state.round < job.settings.rounds and not _is_stable(job, state):
        began = time.monotonic()
        record = _round(trainer, state)
        if workers.rank == 0:
            states.save(folder, state)
            seconds = time.monotonic() - began
            append_progress(folder, progress_line(job.settings.rounds, record, seconds))
    if workers.rank == 0:
        digest = weights.save(weight_arrays(trainer.backbone), folder / WEIGHTS)
        write_result(folder, {"sha256": digest, "history": state.history})
    return weights_hash(trainer.network)


def _is_stable(job: DeepClusterJob, state: DeepClusterState) -> bool:
    """Whether the NMI of the last two assignments has reached `stop_nmi`."""
    limit = job.settings.stop_nmi
    return limit is not None and bool(state.history) and (state.history[-1]["nmi"] or 0.0) >= limit


def _start(job: DeepClusterJob, workers: TrainingCollective) -> tuple[DeepClusterTrainer, DeepClusterState]:
    """Build or restore the network, give all workers the state of worker 0, and read the images."""
    backbone, network = _build_networks(job)
    optimizer = workers.distribute_optimizer(tf.keras.optimizers.legacy.Adam(job.settings.learning_rate))
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer, loss, jit_compile=False)
    inner_optimizer(optimizer)._create_all_weights(network.trainable_variables)
    state = states.load(Path(job.folder)) or DeepClusterState()
    if state.round:
        network.set_weights(state.weights)
        restore_optimizer(network.optimizer, state.optimizer)
    workers.broadcast_variables([*network.weights, *optimizer_variables(network.optimizer)])
    keys, jpegs = _read_images(job, workers)
    convention = BACKBONES[job.training.model].convention(job.settings.weights)
    pipeline = feed.InputPipeline(ImageSpec(job.height, job.width, convention), job.settings.input_filter)
    return DeepClusterTrainer(job, workers, network, backbone, pipeline, jpegs, keys), state


def _build_networks(job: DeepClusterJob) -> tuple[tf.keras.Model, tf.keras.Model]:
    """The backbone with its initial weights, and the backbone with a top layer of k outputs."""
    settings, entry = job.settings, BACKBONES[job.training.model]
    backbone = entry.network(job.height, job.width, True, job.seed, channels(settings.input_filter))
    entry.load(backbone, settings.weights, settings.weights_sha256, "deepcluster")
    top = tf.keras.layers.Dense(settings.k, kernel_initializer="zeros", name="top")
    logits = tf.keras.layers.Activation("linear", dtype="float32", name="logits")(top(backbone.output))
    return backbone, tf.keras.Model(backbone.input, logits, name="deepcluster")


def _read_images(
    job: DeepClusterJob, workers: TrainingCollective
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Keys and JPEG bytes of this worker's images, sorted by key."""
    source = shards.worker_shards(job.shards, "train", workers.rank, workers.size)
    chunks = shard_feed.chunks(job.training.feed, source)
    columns = [np.concatenate(parts) for parts in zip(*chunks, strict=True)]
    image_ids, jpegs = columns[0], columns[-1]
    keys = np.array([_key(str(image_id)) for image_id in image_ids], np.int64)
    order = np.argsort(keys, kind="stable")
    return keys[order], jpegs[order]


def _key(image_id: str) -> int:
    """A number for random choices and the order of ties, independent of the number of workers."""
    return int.from_bytes(sha256(image_id.encode()).digest()[:8], "little", signed=True)


def _round(trainer: DeepClusterTrainer, state: DeepClusterState) -> dict[str, Any]:
    """Extract features, cluster them, train on the clusters, update the state; the record of the round."""
    settings, workers = trainer.job.settings, trainer.workers
    features = feed.extract_features(trainer.backbone, trainer.jpegs, trainer.pipeline, settings.batch)
    components = pca.max_components(sum(trainer.job.shards.rows["train"]), settings.pca_components)
    reduction = pca.fit(Rows(trainer.keys, [features]), components, workers)
    kmeans_settings = kmeans.KMeansSettings(settings.k, seed=trainer.job.seed + state.round)
    clusters, labels = kmeans.fit(Rows(trainer.keys, [reduction.apply(features)]), kmeans_settings, workers)
    nmi = _nmi_with_previous(trainer, state, labels)
    _reset_top_layer(trainer.network)
    for n in range(settings.epochs):
        loss = _epoch(trainer, labels, state.round * settings.epochs + n)
    state.weights = trainer.network.get_weights()
    state.optimizer = optimizer_state(trainer.network.optimizer)
    state.assigned = _gather_assignment(trainer, labels)
    state.round += 1
    state.history.append(
        {
            "round": state.round,
            "clusters": int((clusters.sizes > 0).sum()),
            "sizes": sorted(map(int, clusters.sizes), reverse=True),
            "nmi": nmi,
            "inertia": round(clusters.inertia[-1] / int(clusters.sizes.sum()), 6),
            "loss": round(loss, 6),
        }
    )
    return state.history[-1]


def _nmi_with_previous(
    trainer: DeepClusterTrainer, state: DeepClusterState, labels: kmeans.Labels
) -> float | None:
    """NMI of all workers' labels with those of the previous round; None in the first round."""
    if not state.assigned:
        return None
    keys, previous = state.assigned
    k = trainer.job.settings.k
    pairs = previous[np.searchsorted(keys, trainer.keys)].astype(np.int64) * k + labels
    table = trainer.workers.allreduce(np.bincount(pairs, minlength=k * k).astype(np.float64))
    return round(states.normalized_mutual_information(table.reshape(k, k)), 6)


def _gather_assignment(trainer: DeepClusterTrainer, labels: kmeans.Labels) -> list[NDArray[Any]]:
    """Keys and labels of all workers' rows, sorted by key, so that the number of workers may change."""
    keys = _gather(trainer, trainer.keys)
    order = np.argsort(keys, kind="stable")
    return [keys[order], _gather(trainer, labels)[order]]


def _gather(trainer: DeepClusterTrainer, array: NDArray[Any]) -> NDArray[Any]:
    """The arrays of all workers, concatenated by rank."""
    messages = trainer.workers.allgather(array.tobytes())
    return np.concatenate([np.frombuffer(message, array.dtype) for message in messages])


def _epoch(trainer: DeepClusterTrainer, labels: kmeans.Labels, epoch: int) -> float:
    """Train one epoch with uniform sampling over clusters; the mean loss of the workers."""
    job, workers, network = trainer.job, trainer.workers, trainer.network
    sizes = np.bincount(labels, minlength=job.settings.k).astype(np.int64)
    all_sizes = _gather(trainer, sizes).reshape(workers.size, -1)
    order = sampler.sample_epoch(labels, all_sizes, workers.rank, job.seed, epoch)
    steps = -(-int(all_sizes.sum()) // job.settings.batch)
    rng = np.random.default_rng([job.seed, epoch, workers.rank])
    draws = rng.uniform(-1, 1, (len(order), augment.DRAWS)).astype(np.float32)
    images = feed.EpochImages(trainer.jpegs, labels, order, draws)
    batches = feed.batches(images, trainer.pipeline, steps, job.settings.augment)
    fitted = network.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)
    average_batchnorm(workers, network.non_trainable_weights)
    return float(workers.mean(np.array(fitted.history["loss"][-1])))


def _reset_top_layer(network: tf.keras.Model) -> None:
    """Set the top layer and its moments to zero, since cluster numbers have no meaning across rounds."""
    optimizer = inner_optimizer(network.optimizer)
    for weight in network.get_layer("top").weights:
        for variable in (weight, optimizer.get_slot(weight, "m"), optimizer.get_slot(weight, "v")):
            variable.assign(tf.zeros_like(variable))
