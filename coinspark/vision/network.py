"""What a network is besides its layers: its weights by hash, the picture it looks at, and the precision it reckons in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Edges = Literal["none", "sobel", "relief"]


@dataclass(frozen=True)
class Picture:
    """Height and width in pixels, and the convention of the weights: `caffe` for ImageNet's, `standard` for our own."""

    height: int
    width: int
    convention: str = "standard"

    @property
    def sides(self) -> int:
        """2 where obverse and reverse stand side by side without bars, each a square of its own; else 1."""
        return 2 if self.width == 2 * self.height else 1


@dataclass(frozen=True)
class Network:
    """VGG16's convolutions with the weights of a file, the pictures they are given, and the Keras policy they reckon by.

    `edges`: which edges of the pictures they are given (vision/edges.py), two channels instead of three; `none`: the pictures.
    """

    weights: str
    sha256: str
    picture: Picture
    batch_norm: bool = True
    precision: str = "float32"
    edges: Edges = "none"

    @property
    def model(self) -> str:
        """Its name in `features.model`: 16 digits of the weights' SHA-256, and all else that decides a vector.

        `3fa9c1d2e4b5a6c7-128x64`: width and height; `-caffe`, `-mixed_bfloat16` or `-relief` follow where it is not `standard`,
        float32, the pictures themselves.
        """
        more = [
            part for part in (self.picture.convention, self.precision) if part not in ("standard", "float32")
        ]
        more += [self.edges] if self.edges != "none" else []
        return "-".join([self.sha256[:16], f"{self.picture.width}x{self.picture.height}", *more])


def convention(weights: str | None) -> str:
    """How the pictures are prepared: as ImageNet's VGG16 wants them (`imagenet` or an .h5 of it), or in our own way."""
    return "standard" if weights is None or weights.endswith(".npz") else "caffe"


def precision(wanted: str, cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The Keras policy: `auto` is mixed_bfloat16 where the processor multiplies bfloat16 itself, else float32."""
    if wanted != "auto":
        return wanted
    try:
        flags = cpuinfo.read_text(encoding="utf-8")
    except OSError:
        return "float32"
    return "mixed_bfloat16" if "amx_bf16" in flags or "avx512_bf16" in flags else "float32"
