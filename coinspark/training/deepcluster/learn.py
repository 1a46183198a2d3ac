"""One worker's part of a DeepCluster training: rounds of looking, clustering, and an epoch on the clusters' numbers.

A round, as in Caron et al. 2018, section 3: features of all pictures → PCA to 256 numbers, whitened, length 1 → k-means → a new
top layer → an epoch in which every cluster is served alike (sampler.py). The workers reduce and cluster together, each on its
own rows; none ever has all of them.
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
from coinspark.clustering.collective import ALONE, by_sum
from coinspark.clustering.collective import Team as Adders
from coinspark.training import feed, process, shards
from coinspark.training.deepcluster import feed as pictures
from coinspark.training.deepcluster import sampler
from coinspark.training.deepcluster import state as states
from coinspark.training.deepcluster.recipe import Job, progress_line
from coinspark.training.deepcluster.state import State
from coinspark.training.record import WEIGHTS
from coinspark.training.worker_group import Team
from coinspark.vision import weights
from coinspark.vision.backbones import vgg16
from coinspark.vision.edges import channels
from coinspark.vision.network import Picture, convention


@dataclass(frozen=True)
class Learner:
    """What a worker holds: the network with its top layer, the part of it that sees, and the rows that are its own."""

    job: Job
    team: Team
    adders: Adders
    network: tf.keras.Model
    eye: tf.keras.Model
    look: pictures.Look
    jpegs: NDArray[np.object_]
    keys: NDArray[np.int64]


def work(text: str, team: Team) -> str:
    """All rounds, or those that the last whole checkpoint leaves; rank 0 leaves `weights.npz` and `result.json`.

    Gives the SHA-256 of what this worker's network has learnt. Raises CoinsparkError where shards, weights or checkpoint are
    not what was stated.
    """
    job = Job.from_json(text)
    process.settle(team, job.seed, job.precision)
    learner, state = _start(job, team)
    folder = Path(job.folder)
    while state.round < job.plan.rounds and not _settled(job, state):
        began = time.monotonic()
        record = _round(learner, state)
        if team.rank == 0:
            states.save(folder, state)
            process.tell(folder, progress_line(job, state.round, record, time.monotonic() - began))
    if team.rank == 0:
        held = dict(zip(vgg16.names_of(learner.eye), learner.eye.get_weights(), strict=True))
        process.finish(folder, {"sha256": weights.save(held, folder / WEIGHTS), "history": state.history})
    return process.hash_of(learner.network)


def _settled(job: Job, state: State) -> bool:
    """Whether the last two assignments agree so far that another round would change little."""
    wanted = job.plan.stop_nmi
    return wanted is not None and bool(state.history) and (state.history[-1]["nmi"] or 0.0) >= wanted


def _start(job: Job, team: Team) -> tuple[Learner, State]:
    """The network as it begins, or as the last checkpoint left it; rank 0's is everybody's."""
    plan = job.plan
    look = pictures.Look(Picture(job.height, job.width, convention(plan.weights)), plan.input_filter)
    eye = vgg16.network(job.height, job.width, True, job.seed, channels(plan.input_filter))
    vgg16.load(eye, plan.weights, plan.weights_sha256, "deepcluster")
    top = tf.keras.layers.Dense(plan.k, kernel_initializer="zeros", name="top")
    logits = tf.keras.layers.Activation("linear", dtype="float32", name="logits")(top(eye.output))
    network = tf.keras.Model(eye.input, logits, name="deepcluster")
    optimizer = team.optimizer(tf.keras.optimizers.legacy.Adam(plan.learning_rate))
    network.compile(
        optimizer, tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    process.inner(optimizer)._create_all_weights(network.trainable_variables)
    state = states.load(Path(job.folder)) or State()
    if state.round:
        network.set_weights(state.weights)
        process.inner(optimizer).set_weights(state.optimizer)
    team.broadcast([*network.weights, *process.inner(optimizer).variables()])
    share = shards.share(job.shards, "train", team.rank, team.size)
    columns = [np.concatenate(parts) for parts in zip(*feed.chunks(job.training.feed, share), strict=True)]
    names, jpegs = columns[0], columns[-1]
    keys = np.array([_number(str(name)) for name in names], np.int64)
    order = np.argsort(keys, kind="stable")
    adders = by_sum(team.total, team.rank, team.size) if team.size > 1 else ALONE
    return Learner(job, team, adders, network, eye, look, jpegs[order], keys[order]), state


def _number(name: str) -> int:
    """A stable number of a picture: by it draws and ties go, and not by which worker has it."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "little", signed=True)


def _round(learner: Learner, state: State) -> dict[str, Any]:
    """Look, cluster, learn; the state as the checkpoint will hold it."""
    job, adders = learner.job, learner.adders
    seen = pictures.features(learner.eye, learner.jpegs, learner.look, job.plan.batch)
    numbers = pca.bearable(sum(job.shards.rows["train"]), job.plan.pca_components)
    found = pca.fit(Rows(learner.keys, [seen]), numbers, adders)
    plan = kmeans.Plan(job.plan.k, seed=job.seed + state.round)
    clusters, labels = kmeans.fit(Rows(learner.keys, [found.apply(seen)]), plan, adders)
    nmi = _agreement(learner, state, labels)
    _forget(learner.network)
    for turn in range(job.plan.epochs):
        loss = _epoch(learner, labels, state.round * job.plan.epochs + turn)
    inner = process.inner(learner.network.optimizer)
    state.weights, state.optimizer = learner.network.get_weights(), inner.get_weights()
    state.assigned = _everybodys(learner, labels)
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


def _agreement(learner: Learner, state: State, labels: kmeans.Labels) -> float | None:
    """Normalised mutual information of all workers' labels with those of the round before; None in the first."""
    if not state.assigned:
        return None
    keys, before = state.assigned
    k = learner.job.plan.k
    pairs = before[np.searchsorted(keys, learner.keys)].astype(np.int64) * k + labels
    table = learner.adders.total(np.bincount(pairs, minlength=k * k).astype(np.float64))
    return round(states.agreement(table.reshape(k, k)), 6)


def _everybodys(learner: Learner, labels: kmeans.Labels) -> list[NDArray[Any]]:
    """Keys and labels of all workers' rows, by key: what the next round is compared with, by however many workers."""
    keys = np.concatenate(
        [np.frombuffer(sent, np.int64) for sent in learner.adders.gather(learner.keys.tobytes())]
    )
    every = np.concatenate(
        [np.frombuffer(sent, np.int32) for sent in learner.adders.gather(labels.tobytes())]
    )
    order = np.argsort(keys, kind="stable")
    return [keys[order], every[order]]


def _epoch(learner: Learner, labels: kmeans.Labels, turn: int) -> float:
    """One pass on the clusters' numbers, every cluster served alike; the mean loss."""
    job, team, network = learner.job, learner.team, learner.network
    own = np.bincount(labels, minlength=job.plan.k)
    held = np.array(
        [np.frombuffer(sent, np.int64) for sent in learner.adders.gather(own.astype(np.int64).tobytes())]
    )
    order = sampler.serve(labels, held, team.rank, job.seed, turn)
    steps = -(-int(held.sum()) // job.plan.batch)
    draws = np.random.default_rng([job.seed, turn, team.rank]).uniform(-1, 1, (len(order), pictures.DRAWS))
    shown = pictures.Shown(learner.jpegs, labels, order, draws.astype(np.float32))
    batches = pictures.batches(shown, learner.look, steps, job.plan.augment)
    fitted = network.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)
    process.equalise(team, network.non_trainable_weights)
    return float(team.mean(np.array(fitted.history["loss"][-1])))


def _forget(network: tf.keras.Model) -> None:
    """A new top layer: the clusters' numbers mean nothing from one round to the next."""
    optimizer = process.inner(network.optimizer)
    for weight in network.get_layer("top").weights:
        for variable in (weight, optimizer.get_slot(weight, "m"), optimizer.get_slot(weight, "v")):
            variable.assign(tf.zeros_like(variable))
