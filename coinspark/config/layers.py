"""The settings of the class layers; `conf/base.yaml` shows the same with a comment each."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coinspark.config import Section


class Split(Section):
    """Which mints a layer splits: by name, or all with more coins than `over`, or the `biggest` so many."""

    mints: tuple[str, ...] = ()
    over: int | None = Field(None, ge=1)
    biggest: int | None = Field(None, ge=1)


class Layer(Section):
    """A class layer. `classes` is the most new classes a mint is split into, `least` and `most` bound a class's size.

    `k`, of kind clusters alone: how many clusters a mint is cut into; null: chosen, up to `classes`.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    kind: Literal["mint", "type", "entities", "clusters"]
    split: Split = Split()
    k: int | None = Field(None, ge=1)
    classes: int = Field(24, ge=1)
    least: int = Field(40, ge=2)
    most: float = Field(0.15, gt=0, le=1)
