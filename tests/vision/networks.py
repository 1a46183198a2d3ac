"""A network for the tests: normalised convolutions with statistics as if it had been trained, in an npz as a run leaves it."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from coinspark.vision import preprocess, weights
from coinspark.vision.backbones import vgg16
from coinspark.vision.edges import channels, edges
from coinspark.vision.network import Network, Picture

PICTURE = Picture(32, 64)


def write(file: Path, seed: int = 5, channels: int = 3) -> Network:
    """Weights of this seed; each normalisation has statistics of its own, or it would do nothing."""
    model = vgg16.network(32, 64, True, seed, channels)
    named = dict(zip(vgg16.names_of(model), model.get_weights(), strict=True))
    for name, values in named.items():
        if name.endswith(("beta", "moving_mean")):
            named[name] = (
                np.random.default_rng(zlib.crc32(name.encode()))
                .normal(0, 0.2, values.shape)
                .astype(np.float32)
            )
    file.parent.mkdir(parents=True, exist_ok=True)
    return Network(str(file), weights.save(named, file), PICTURE)


def directly(network: Network, jpegs: list[bytes]) -> np.ndarray[Any, Any]:
    """What the Keras model says of these pictures, each alone, decoded by TensorFlow and prepared as training does."""
    model = vgg16.network(
        network.picture.height, network.picture.width, network.batch_norm, 99, channels(network.edges)
    )
    vgg16.fill(model, weights.read(Path(network.weights), network.sha256, "features"), network.weights)
    images = [tf.io.decode_jpeg(jpeg, dct_method="INTEGER_ACCURATE").numpy() for jpeg in jpegs]
    prepared = [preprocess.prepare(image[None], network.picture) for image in images]
    return np.concatenate([model(edges(one, network.edges), training=False) for one in prepared])
