"""Settings of the class layers, section `layers`; `conf/base.yaml` explains each key."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator

from coinspark.config.common import Distinct, Section, registered
from coinspark.core.errors import InputError
from coinspark.core.registry import resolve

if TYPE_CHECKING:
    from coinspark.core.registry import Registry

_KINDS = "coinspark.classes.kinds:KINDS"


class Split(Section):
    """Mints that a layer splits: by name, those with more coins than `larger_than`, the `largest` n."""

    mints: Annotated[tuple[str, ...], Distinct] = ()
    larger_than: int | None = Field(None, ge=1)
    largest: int | None = Field(None, ge=1)

    def mints_of(self, sizes: Mapping[str, int], layer: str) -> tuple[str, ...]:
        """Names of the selected mints, sorted.

        Args:
            sizes: Coins of every mint.
            layer: Name of the layer, for the error message.

        Raises:
            InputError: A name in `mints` is not among `sizes`; the message suggests the nearest name.
        """
        for name in self.mints:
            if name not in sizes:
                near = difflib.get_close_matches(name, sizes, n=1, cutoff=0.0)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise InputError(f"layers: {layer}: split.mints: no coin has the mint {name!r}{hint}")
        limit = self.larger_than
        larger = {name for name, coins in sizes.items() if limit is not None and coins > limit}
        ranked = sorted(sizes, key=lambda name: (-sizes[name], name))
        return tuple(sorted({*self.mints, *larger, *ranked[: self.largest or 0]}))


class Layer(Section):
    """A class layer.

    Attributes:
        kind: A name in the registry of layer kinds, or `package.module:ATTRIBUTE` of one outside coinspark.
        k: Clusters per mint, for kind clusters; None selects the number of clusters, up to `max_classes`.
        max_classes: New classes of a mint, at most.
        min_coins: Coins of a new class, at least.
        max_share: Share of a mint's described coins in one new class, at most, for kind entities.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    kind: str
    split: Split = Split()
    k: int | None = Field(None, ge=1)
    max_classes: int = Field(24, ge=1)
    min_coins: int = Field(40, ge=2)
    max_share: float = Field(0.15, gt=0, le=1)

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str) -> str:
        return registered(_KINDS, kind)


def layer_kinds() -> Registry[Any]:
    """The registry of layer kinds, which belongs to a package that this one must not import."""
    registry: Registry[Any] = resolve(_KINDS)
    return registry
