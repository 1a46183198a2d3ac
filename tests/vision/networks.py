"""A network with batch normalization statistics as after training, in an .npz file as a run writes it."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from coinspark.vision import preprocess, weights
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.backbones.backbone import weight_arrays
from coinspark.vision.edges import channels, edges
from coinspark.vision.network import ImageSpec, Network

IMAGE = ImageSpec(32, 64)
VGG16 = BACKBONES["vgg16"]


def write(file: Path, seed: int = 5, channels: int = 3, backbone: str = "vgg16") -> Network:
    """Write the weights of a seed, with random shifts and means: initial ones would have no effect."""
    arrays = weight_arrays(BACKBONES[backbone].network(32, 64, True, seed, channels))
    for name, values in arrays.items():
        if name.endswith(("beta", "moving_mean")):
            random = np.random.default_rng(zlib.crc32(name.encode()))
            arrays[name] = random.normal(0, 0.2, values.shape).astype(np.float32)
    file.parent.mkdir(parents=True, exist_ok=True)
    return Network(str(file), weights.save(arrays, file), IMAGE, backbone)


def expected_vectors(network: Network, jpegs: list[bytes]) -> np.ndarray[Any, Any]:
    """The Keras model on each image alone, decoded by TensorFlow and preprocessed as in training."""
    backbone, image = BACKBONES[network.backbone], network.image
    model = backbone.network(image.height, image.width, network.batch_norm, 99, channels(network.edges))
    arrays = weights.read(Path(network.weights), network.sha256)
    backbone.fill(model, arrays, network.weights)
    decoded = [tf.io.decode_jpeg(jpeg, dct_method="INTEGER_ACCURATE").numpy() for jpeg in jpegs]
    prepared = [preprocess.prepare(pixels[None], image) for pixels in decoded]
    return np.concatenate([model(edges(batch, network.edges), training=False) for batch in prepared])
