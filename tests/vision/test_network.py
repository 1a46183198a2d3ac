"""Name of a network in the table `features`, and precision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from coinspark.vision import network
from coinspark.vision.network import ImageSpec, Network


def test_model_name_differs_for_whatever_changes_the_vectors() -> None:
    first = Network("runs/a/weights.npz", "0123456789abcdef" * 4, ImageSpec(64, 128), "vgg16")
    assert first.model == "0123456789abcdef-128x64"
    assert replace(first, weights="elsewhere.npz").model == first.model, (
        "the path of the file does not matter"
    )
    assert replace(first, image=ImageSpec(64, 64, "caffe")).model == "0123456789abcdef-64x64-caffe"
    assert replace(first, precision="mixed_bfloat16").model == "0123456789abcdef-128x64-mixed_bfloat16"
    assert replace(first, edges="relief").model == "0123456789abcdef-128x64-relief"
    assert replace(first, sha256="f" * 64).model == "ffffffffffffffff-128x64"


@pytest.mark.parametrize(
    ("flags", "setting", "policy"),
    [
        ("flags: sse amx_bf16", "auto", "mixed_bfloat16"),
        ("flags: avx512_bf16 x", "auto", "mixed_bfloat16"),
        ("flags: avx2", "auto", "float32"),
        ("flags: amx_bf16", "float32", "float32"),
        ("flags: avx2", "mixed_float16", "mixed_float16"),
    ],
)
def test_precision_follows_the_processor(tmp_path: Path, flags: str, setting: str, policy: str) -> None:
    (tmp_path / "cpuinfo").write_text(flags)
    assert network.resolve_precision(setting, tmp_path / "cpuinfo") == policy


def test_without_cpuinfo_precision_is_float32(tmp_path: Path) -> None:
    assert network.resolve_precision("auto", tmp_path / "none") == "float32"
