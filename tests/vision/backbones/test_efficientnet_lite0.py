"""EfficientNet-Lite0: size of the published architecture, loading of weights, training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import file_hash
from coinspark.vision import weights
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.backbones.backbone import weight_arrays, weight_names

LITE0 = BACKBONES["efficientnet_lite0"]
PUBLISHED = """
r1_k3_s11_e1_i32_o16 r2_k3_s22_e6_i16_o24 r2_k5_s22_e6_i24_o40 r3_k3_s22_e6_i40_o80 r3_k5_s11_e6_i80_o112
r4_k5_s22_e6_i112_o192 r1_k3_s11_e6_i192_o320
"""
"""Block table of the published code: repeats, kernel, stride, expansion, input and output channels."""


@pytest.fixture(scope="module")
def network() -> tf.keras.Model:
    return LITE0.network(64, 128, batch_norm=True, seed=3)


def _published_parameters() -> tuple[int, int]:
    """Trained parameters (kernels, scales and shifts), and moving statistics, from the block table."""
    kernels, normalized = 3 * 3 * 3 * 32, 32
    for text in PUBLISHED.split():
        repeats, kernel, _, expansion, inputs, outputs = (int(part[1:]) for part in text.split("_"))
        for _ in range(repeats):
            wide = inputs * expansion
            kernels += inputs * wide * (expansion > 1) + kernel * kernel * wide + wide * outputs
            normalized += wide * (expansion > 1) + wide + outputs
            inputs = outputs
    kernels, normalized = kernels + 320 * 1280, normalized + 1280
    return kernels + 2 * normalized, 2 * normalized


def test_parameter_count_is_the_published_one(network: tf.keras.Model) -> None:
    trained, statistics = _published_parameters()
    assert (
        trained == 4_652_008 - 1_281_000
    )  # published with classifier: 1,280 × 1,000 weights and 1,000 biases less
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == trained == 3_371_008
    assert network.count_params() == trained + statistics


def test_backbone_lists_the_layers_and_arrays_of_its_network(network: tf.keras.Model) -> None:
    assert {layer.name for layer in network.layers} == {"input", *LITE0.layers, "pool", "flatten"}
    assert sorted(LITE0.arrays) == sorted(weight_names(network))


def test_feature_map_has_stride_32_and_each_side_is_pooled_separately(network: tf.keras.Model) -> None:
    last = network.get_layer("top_activation").output
    assert last.shape[1:] == (2, 4, 1280) and network.output_shape == (None, 2560)
    image = np.random.default_rng(4).normal(size=(1, 64, 128, 3)).astype(np.float32)
    values = tf.keras.Model(network.input, last)(image).numpy()[0]
    expected = np.concatenate([values[:, :2].mean((0, 1)), values[:, 2:].mean((0, 1))])
    np.testing.assert_allclose(network(image)[0], expected, rtol=1e-4, atol=1e-5)
    assert LITE0.network(96, 96, True).output_shape == (None, 1280)


def test_same_seed_gives_the_same_initial_weights(network: tf.keras.Model) -> None:
    again, other = LITE0.network(64, 128, True, seed=3), LITE0.network(64, 128, True, seed=4)
    assert all((a == b).all() for a, b in zip(network.get_weights(), again.get_weights(), strict=True))
    assert (
        other.get_layer("stem_conv").get_weights()[0] != network.get_layer("stem_conv").get_weights()[0]
    ).any()


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_weights_are_loaded_by_hash(network: tf.keras.Model, tmp_path: Path, suffix: str) -> None:
    file, other = tmp_path / f"lite0{suffix}", LITE0.network(64, 128, True, seed=9)
    if suffix == ".npz":
        weights.save(weight_arrays(network), file)
    else:
        network.save_weights(file)
    LITE0.load(other, str(file), file_hash(file), "training")
    arrays, loaded = weight_arrays(network), weight_arrays(other)
    assert all((loaded[name] == values).all() for name, values in arrays.items())
    with pytest.raises(InputError, match=r"SHA-256"):
        LITE0.load(other, str(file), "0" * 64, "training")


def test_weights_without_normalization_statistics_are_refused(
    network: tf.keras.Model, tmp_path: Path
) -> None:
    arrays = {name: values for name, values in weight_arrays(network).items() if "moving" not in name}
    digest = weights.save(arrays, tmp_path / "part.npz")
    with pytest.raises(
        InputError, match=r"part\.npz: not a weights file of EfficientNet-Lite0: 98 of 245 arrays"
    ):
        LITE0.load(network, str(tmp_path / "part.npz"), digest, "training")


def test_settings_that_it_does_not_have_are_refused(network: tf.keras.Model) -> None:
    with pytest.raises(ConfigError, match=r"training\.batch_norm: efficientnet_lite0 always has batch norm"):
        LITE0.network(64, 64, batch_norm=False)
    with pytest.raises(
        InputError, match=r"training\.weights: imagenet: there is no download .*weights_sha256"
    ):
        LITE0.load(network, "imagenet", None, "training")


def test_input_convention_is_the_published_one() -> None:
    assert {LITE0.convention(value) for value in (None, "imagenet", "a.npz", "a.h5")} == {"centered"}


@pytest.mark.slow
def test_loss_falls_on_easy_data() -> None:
    """Bright and dark images with noise are told apart within a few steps."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 32)
    images = (random.normal(0, 0.5, (32, 32, 32, 3)) + (2 * labels - 1)[:, None, None, None]).astype(
        np.float32
    )
    backbone = LITE0.network(32, 32, True, seed=1)
    logits = tf.keras.layers.Dense(2, kernel_initializer="zeros")(backbone.output)
    model = tf.keras.Model(backbone.input, logits)
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf.keras.optimizers.legacy.Adam(1e-3), loss)
    history = model.fit(images, labels, batch_size=16, epochs=5, verbose=0, shuffle=False).history["loss"]
    assert history[-1] < 0.5 * history[0]
