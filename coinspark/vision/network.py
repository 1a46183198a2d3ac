"""Description of a network: weights, format of images, precision. Does not import TensorFlow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coinspark.warehouse.object_storage import NO_ACCESS, Access

Edges = Literal["none", "sobel", "relief"]


@dataclass(frozen=True)
class ImageSpec:
    """Format of images: height and width in pixels, and input convention (see `preprocess.CONVENTIONS`)."""

    height: int
    width: int
    convention: str = "standard"

    @property
    def sides(self) -> int:
        """2 if obverse and reverse are side by side without padding, each a square; else 1."""
        return 2 if self.width == 2 * self.height else 1


@dataclass(frozen=True)
class Network:
    """A backbone with the weights of a file, as the stage `features` uses it.

    Attributes:
        weights: Path or URI of the weights file.
        sha256: SHA-256 of the file.
        image: Format of the images.
        backbone: Name in the registry of backbones.
        batch_norm: Whether the backbone has batch normalization.
        precision: Keras mixed precision policy.
        edges: Edge filter between preprocessing and network (see `vision/edges.py`); `none`: no filter.
        access: How to open the file if it is in an object store.
    """

    weights: str
    sha256: str
    image: ImageSpec
    backbone: str
    batch_norm: bool = True
    precision: str = "float32"
    edges: Edges = "none"
    access: Access = NO_ACCESS

    @property
    def model(self) -> str:
        """Name in `features.model`: 16 digits of the weights' SHA-256, and all else that decides a vector.

        `3fa9c1d2e4b5a6c7-128x64` is width × height; a convention other than `standard`, a precision other
        than float32 and an edge filter follow: `-caffe`, `-mixed_bfloat16`, `-relief`.
        """
        convention = re.sub(r"[^\w.]", "_", self.image.convention)
        suffixes = [part for part in (convention, self.precision) if part not in ("standard", "float32")]
        suffixes += [self.edges] if self.edges != "none" else []
        return "-".join([self.sha256[:16], f"{self.image.width}x{self.image.height}", *suffixes])


def resolve_precision(setting: str, cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The Keras policy of a `precision` key; `auto`: mixed_bfloat16 if the processor has it, else float32."""
    if setting != "auto":
        return setting
    try:
        flags = cpuinfo.read_text(encoding="utf-8")
    except OSError:
        return "float32"
    return "mixed_bfloat16" if "amx_bf16" in flags or "avx512_bf16" in flags else "float32"
